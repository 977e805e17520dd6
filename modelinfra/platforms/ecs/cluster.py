"""`EcsCluster`: where endpoints run on ECS, with the load balancer that they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Required, Unpack, overload

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra import naming
from modelinfra.options.arguments import checked
from modelinfra.options.cluster import ClusterOptions
from modelinfra.options.names import name_problems
from modelinfra.options.problems import Problem
from modelinfra.platforms.base import EndpointOutputs, EndpointRequest, Networked, NetworkReference
from modelinfra.platforms.ecs.endpoint import register_endpoint
from modelinfra.platforms.ecs.load_balancer import InternalLoadBalancer
from modelinfra.platforms.ecs.planner import EcsEndpointPlan, EcsPlanner
from modelinfra.platforms.iam import trust


class EcsClusterArgs(ClusterOptions, total=False):
    """Arguments of EcsCluster."""

    network: Required[Networked | NetworkReference]
    """The network: a `ServingNetwork`, or a `NetworkReference` to one made elsewhere."""

    production: bool
    """Protect the cluster and load balancers against deletion. Default: false."""


class EcsCluster(pulumi.ComponentResource):
    """An ECS cluster on Fargate and Fargate Spot. Pass it to `ModelEndpoint` as `platform`.

    Raises pulumi.RunError with every mistake in the arguments, before any resource is registered.
    """

    arn: Output[str]
    """ARN of the cluster."""

    cluster_name: Output[str]
    """Name of the cluster."""

    @overload
    def __init__(self, name: str, args: EcsClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self, name: str, *, opts: pulumi.ResourceOptions | None = None, **kwargs: Unpack[EcsClusterArgs]
    ) -> None: ...
    def __init__(self, name: str, args: Any = None, opts: pulumi.ResourceOptions | None = None, **kwargs: Any) -> None:
        given = {**args, **kwargs} if isinstance(args, Mapping) else kwargs
        subject = f"EcsCluster '{name}'"
        network = _reference(given.pop("network", None))
        missing = Problem("network", "this is required", "Pass a ServingNetwork or a NetworkReference.")
        self.production: bool = given.pop("production", False)
        self.options = checked(
            ClusterOptions,
            None if isinstance(args, Mapping) else args,
            given,
            subject,
            also=[*name_problems(name), *([] if network is not None else [missing])],
        )
        assert network is not None
        self.network = network
        self.planner = EcsPlanner(self.options, network.internet)
        super().__init__("modelinfra:index:EcsCluster", name, None, opts)
        self._register(name)

    def register(self, plan: EcsEndpointPlan, request: EndpointRequest) -> EndpointOutputs:
        """Register the resources of an endpoint that `planner` has planned."""
        return register_endpoint(self, plan, request)

    def _register(self, name: str) -> None:
        child = pulumi.ResourceOptions(parent=self)
        cluster = aws.ecs.Cluster(
            naming.child(name, "cluster", "cluster"),
            settings=[{"name": "containerInsights", "value": self.options.container_insights}],
            configuration={"execute_command_configuration": {"logging": "DEFAULT"}} if self.options.exec else None,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(protect=self.production or None)),
        )
        self.capacity = aws.ecs.ClusterCapacityProviders(
            naming.child(name, "capacity"),
            cluster_name=cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            opts=child,
        )
        self.shared_load_balancer: InternalLoadBalancer | None = None
        if self.options.shared_load_balancer:
            self.shared_load_balancer = InternalLoadBalancer(
                naming.child(name, "shared"),
                self.network,
                idle_timeout_seconds=self.options.idle_timeout,
                deletion_protection=self.production,
                opts=child,
            )
        # Looked up once: every endpoint of the cluster is in its account.
        identity = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(parent=self))
        self.task_trust = identity.account_id.apply(lambda account: trust("ecs-tasks.amazonaws.com", account))
        self.arn = cluster.arn
        self.cluster_name = cluster.name
        self.register_outputs({"arn": self.arn, "cluster_name": self.cluster_name})


def _reference(network: Networked | NetworkReference | None) -> NetworkReference | None:
    reference = network if isinstance(network, NetworkReference) else getattr(network, "reference", None)
    return reference if isinstance(reference, NetworkReference) else None
