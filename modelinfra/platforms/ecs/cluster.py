"""`EcsCluster`: where endpoints run on ECS, with the load balancer that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Required, Unpack, overload

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra import naming
from modelinfra.catalog.child_roles import CLUSTER_ROLES
from modelinfra.children import Adjustments, Children, look_up_options, transform_problems
from modelinfra.options.arguments import checked, run_error
from modelinfra.options.cluster import DEFAULT_IDLE_TIMEOUT, ClusterOptions
from modelinfra.options.gpu_node_pool import GpuNodePoolOptions
from modelinfra.options.names import name_problems
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.platforms.base import EndpointOutputs, EndpointRequest, Networked, NetworkReference, reference_of
from modelinfra.platforms.ecs.adopted_load_balancer import AdoptedLoadBalancer, look_up
from modelinfra.platforms.ecs.endpoint import register_endpoint
from modelinfra.platforms.ecs.gpu_node_pool import GpuNodePool
from modelinfra.platforms.ecs.load_balancer import ApplicationLoadBalancer, LoadBalancerReference
from modelinfra.platforms.ecs.managed_instances import retried_until_active
from modelinfra.platforms.ecs.node_pools import check_pools, look_up_images, plan_pools, read_pools
from modelinfra.platforms.ecs.planner import EcsEndpointPlan, EcsPlanner
from modelinfra.platforms.iam import trust
from modelinfra.platforms.places import misplaced_in_cluster


class EcsClusterArgs(ClusterOptions, total=False):
    """Arguments of EcsCluster."""

    network: Required[Networked | NetworkReference]
    """The network: a `ServingNetwork`, or a `NetworkReference` to one made elsewhere."""

    gpu_node_pools: Mapping[str, GpuNodePoolOptions]
    """Nodes with accelerators, by name. The cluster makes them: see `GpuNodePool`. None otherwise."""

    production: bool
    """Protect the cluster and load balancers against deletion. Default: false."""


@dataclass(frozen=True)
class ClusterPlan:
    """A cluster that was found to work: what is handed in is looked up, nothing is registered."""

    options: Any
    adopted: AdoptedLoadBalancer | None
    planner: EcsPlanner
    images: Mapping[str, str] = field(default_factory=dict)
    """Pool -> machine image of its nodes."""


def plan_cluster(
    options: Any, vpc_id: Input[str] | None, opts: pulumi.ResourceOptions | None, planner: EcsPlanner, subject: str
) -> ClusterPlan:
    """Look up the load balancer that is handed in, with the provider that a component with `opts` has.

    vpc_id: where the tasks run; None while that is not known. planner: what plans its endpoints. subject: what to call the cluster
    in messages.

    Raises InvalidOptionsError with paths relative to the platform.
    """
    problems = [*transform_problems(options, CLUSTER_ROLES), *misplaced_in_cluster(options, opts)]
    if problems:
        raise InvalidOptionsError(problems)
    if options.listener_arn is None:
        return ClusterPlan(options, None, planner)
    adopted = look_up(options, vpc_id, look_up_options(opts), subject)
    planner.idle_timeout = adopted.idle_timeout
    return ClusterPlan(options, adopted, planner)


class EcsCluster(pulumi.ComponentResource):
    """An ECS cluster on Fargate, Fargate Spot and nodes with accelerators. Pass it to `ModelEndpoint` as `platform`.

    Raises pulumi.RunError with every mistake in the arguments, before any resource is registered.
    """

    arn: Output[str]
    """ARN of the cluster."""

    cluster_name: Output[str]
    """Name of the cluster."""

    gpu_node_pools: Mapping[str, GpuNodePool]
    """Its nodes with accelerators, by the names of `gpu_node_pools`."""

    builds_images = True
    copies_servers = True
    registry = None

    @overload
    def __init__(self, name: str, args: EcsClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        name: str,
        args: ClusterPlan,
        opts: pulumi.ResourceOptions | None = None,
        *,
        network: Networked,
        production: bool,
    ) -> None: ...
    @overload
    def __init__(
        self, name: str, *, opts: pulumi.ResourceOptions | None = None, **kwargs: Unpack[EcsClusterArgs]
    ) -> None: ...
    def __init__(self, name: str, args: Any = None, opts: pulumi.ResourceOptions | None = None, **kwargs: Any) -> None:
        given = {**args, **kwargs} if isinstance(args, Mapping) else kwargs
        network = reference_of(given.pop("network", None))
        self.production: bool = given.pop("production", False)
        pools = given.pop("gpu_node_pools", None)
        # An Environment checks its platforms before it registers anything.
        plan = args if isinstance(args, ClusterPlan) else _planned(name, args, given, network, pools, opts)
        assert network is not None
        self.options = plan.options
        self.network = network
        self.planner = plan.planner
        super().__init__("modelinfra:index:EcsCluster", name, None, opts)
        self._register(Children(self, name, Adjustments.of(plan.options)), plan)

    def register(self, plan: EcsEndpointPlan, request: EndpointRequest) -> EndpointOutputs:
        """Register the resources of an endpoint that `planner` has planned."""
        for each in (plan.own, *plan.revisions.values()):
            if each.placement is not None:
                each.placement.rely()
        return register_endpoint(self, plan, request)

    def _register(self, children: Children, plan: ClusterPlan) -> None:
        adopted = plan.adopted
        self.capacity: Sequence[pulumi.Resource] = ()
        self.gpu_node_pools = {}
        if self.options.cluster_arn is not None:
            self.arn = Output.from_input(self.options.cluster_arn)
            self.cluster_name = self.arn.apply(lambda arn: arn.rpartition("/")[2])
        else:
            cluster = self._make(children, plan)
            self.arn, self.cluster_name = cluster.arn, cluster.name
        self.shared_load_balancer = adopted.reference if adopted is not None else self._make_load_balancer(children)
        # Looked up once: every endpoint of the cluster is in its account.
        identity = aws.get_caller_identity_output(opts=children.invoke)
        self.task_trust = identity.account_id.apply(lambda account: trust("ecs-tasks.amazonaws.com", account))
        children.tell_unmet()
        self.register_outputs({"arn": self.arn, "cluster_name": self.cluster_name})

    def _make(self, children: Children, plan: ClusterPlan) -> aws.ecs.Cluster:
        cluster = aws.ecs.Cluster(
            children.named("cluster", "cluster"),
            settings=[{"name": "containerInsights", "value": self.options.container_insights or "enabled"}],
            configuration={"execute_command_configuration": {"logging": "DEFAULT"}} if self.options.exec else None,
            opts=children.opts("cluster", protect=self.production or None),
        )
        self.gpu_node_pools = {
            name: GpuNodePool(
                naming.child(children.name, name),
                pool,
                plan.images.get(name),
                cluster=cluster,
                network=self.network,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for name, pool in plan.planner.pools.items()
        }
        managed = any(pool.managed for pool in plan.planner.pools.values())
        hooks = retried_until_active(children.named("capacity-until-active")) if managed else None
        providers = aws.ecs.ClusterCapacityProviders(
            children.named("capacity"),
            cluster_name=cluster.name,
            capacity_providers=[
                "FARGATE",
                "FARGATE_SPOT",
                *(name for pool in self.gpu_node_pools.values() for name in pool.capacity_provider_names),
            ],
            opts=children.opts("capacity-providers", hooks=hooks),
        )
        self.capacity = (providers,)
        return cluster

    def _make_load_balancer(self, children: Children) -> LoadBalancerReference | None:
        if not self.options.shared_load_balancer:
            return None
        made = ApplicationLoadBalancer(
            children.named("shared"),
            self.network,
            idle_timeout_seconds=self.options.idle_timeout or DEFAULT_IDLE_TIMEOUT,
            production=self.production,
            security_group_id=self.options.load_balancer_security_group_id,
            adjustments=children.adjustments,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return made.reference


def _planned(
    name: str,
    args: Any,
    given: Mapping[str, Any],
    network: NetworkReference | None,
    pools: Any,
    opts: pulumi.ResourceOptions | None,
) -> ClusterPlan:
    subject = f"EcsCluster '{name}'"
    missing = Problem("network", "this is required", "Pass a ServingNetwork or a NetworkReference.")
    read, wrong = read_pools(pools)
    options = checked(
        ClusterOptions,
        None if isinstance(args, Mapping) else args,
        given,
        subject,
        also=[*name_problems(name), *([] if network is not None else [missing]), *wrong],
    )
    assert network is not None
    try:
        unfit = list(check_pools(read, options, internet=network.internet))
        if unfit:
            raise InvalidOptionsError(unfit)
        planned = plan_pools(read)
        planner = EcsPlanner(options, network.internet, bool(network.public_subnet_ids), planned)
        plan = plan_cluster(options, network.vpc_id, opts, planner, subject)
        return replace(plan, images=look_up_images(planned, look_up_options(opts)))
    except InvalidOptionsError as error:
        raise run_error(InvalidOptionsError(error.problems, subject)) from None
