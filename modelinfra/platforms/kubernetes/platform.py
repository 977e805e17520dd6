"""`KubernetesPlatform`: a cluster with KServe on it, made here or there already, as a place where endpoints run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NotRequired, Unpack, overload

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import Output

from modelinfra.children import Adjustments, Children
from modelinfra.options.arguments import checked, run_error
from modelinfra.options.gpu_node_pool import GpuNodePoolOptions
from modelinfra.options.kubernetes import KubernetesOptions, makes_eks
from modelinfra.options.names import name_problems
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.registry import ECR
from modelinfra.platforms.base import (
    EndpointOutputs,
    EndpointRequest,
    Networked,
    NetworkReference,
    Registry,
    Within,
    reference_of,
)
from modelinfra.platforms.ecs.node_pools import plan_pools, read_pools
from modelinfra.platforms.eks.cluster import EksCluster
from modelinfra.platforms.kserve.component import KServe
from modelinfra.platforms.kubernetes.alerts import alertmanager_config
from modelinfra.platforms.kubernetes.endpoint import register_endpoint
from modelinfra.platforms.kubernetes.graph import GraphOutputs, register_graph
from modelinfra.platforms.kubernetes.graph_plan import GraphPlan
from modelinfra.platforms.kubernetes.knative import grant
from modelinfra.platforms.kubernetes.llm_endpoint import register_llm
from modelinfra.platforms.kubernetes.objects import Place
from modelinfra.platforms.kubernetes.parts import as_installed, platform_problems, pools_problems
from modelinfra.platforms.kubernetes.plan import KubernetesPlan, plan_kubernetes
from modelinfra.platforms.kubernetes.planner import KubernetesEndpointPlan, KubernetesPlanner
from modelinfra.platforms.kubernetes.seldon_endpoint import register_on_seldon
from modelinfra.platforms.kubernetes.servings import KNATIVE, LLM, SELDON
from modelinfra.platforms.kubernetes.tenant_objects import namespace, tenant_objects
from modelinfra.platforms.kubernetes.tenant_roles import tenant_roles
from modelinfra.platforms.kubernetes.tenant_space import NAME, Space, peers

if TYPE_CHECKING:
    from modelinfra.platforms.eks.cluster import EksCluster


class KubernetesPlatformArgs(KubernetesOptions, total=False):
    """Arguments of KubernetesPlatform."""

    network: NotRequired[Networked | NetworkReference]
    """The network of the cluster that `cluster.eks` makes, with NAT: a `ServingNetwork`, or a `NetworkReference` to one made elsewhere.
    Required with such a cluster."""

    gpu_node_pools: NotRequired[Mapping[str, GpuNodePoolOptions]]
    """Nodes with accelerators of the cluster that `cluster.eks` makes, by name. None otherwise."""

    after: NotRequired[Sequence[pulumi.Resource]]
    """What must be there before an endpoint is: for example what installs KServe. Nothing otherwise."""

    production: NotRequired[bool]
    """Protect the namespace against deletion, and the cluster and KServe where these are made. Default: false."""


class KubernetesPlatform(pulumi.ComponentResource):
    """Where endpoints run on Kubernetes: a provider for the cluster, and a namespace; and before these, where it is asked for, the cluster
    itself with its nodes, and KServe.

    At `destroy` endpoints go first, then their namespace, KServe, nodes and the cluster.

    Raises pulumi.RunError with every mistake in the arguments, before any resource is registered.
    """

    namespace: str
    """Of the endpoints."""

    eks: EksCluster | None
    """The cluster of `cluster.eks`."""

    kserve: KServe | None
    """The installation of KServe; None where it was there already."""

    kubeconfig: Output[str] | None
    """How the cluster of `cluster.eks` is reached. It holds no token."""

    reachable: tuple[pulumi.Resource, ...]
    """What must be there before anything can run in the cluster; KServe and the endpoints' namespace are none of it."""

    copies_servers = False

    @overload
    def __init__(self, name: str, args: KubernetesPlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        name: str,
        args: KubernetesPlan,
        opts: pulumi.ResourceOptions | None = None,
        *,
        network: Networked | None,
        production: bool,
    ) -> None: ...
    @overload
    def __init__(
        self, name: str, *, opts: pulumi.ResourceOptions | None = None, **kwargs: Unpack[KubernetesPlatformArgs]
    ) -> None: ...
    def __init__(self, name: str, args: Any = None, opts: pulumi.ResourceOptions | None = None, **kwargs: Any) -> None:
        given = {**args, **kwargs} if isinstance(args, Mapping) else kwargs
        self.production: bool = given.pop("production", False)
        after: Sequence[pulumi.Resource] = given.pop("after", ())
        network = reference_of(given.pop("network", None))
        pools = given.pop("gpu_node_pools", None)
        # An Environment checks its platforms before it registers anything.
        plan = args if isinstance(args, KubernetesPlan) else _planned(name, args, given, network, pools, opts)
        self.options = plan.options
        self.planner = plan.planner
        given_registry = self.options.registry
        self.builds_images = given_registry is not None
        self.registry = (
            None
            if given_registry in (None, ECR)
            else Registry(given_registry.url, given_registry.username, given_registry.password)
        )
        super().__init__("modelinfra:index:KubernetesPlatform", name, None, opts)
        children = Children(self, name, Adjustments(transforms=self.options.transforms or {}))
        self.namespace = self.options.namespace or name
        self.eks = self._cluster(children, plan, network)
        self.kubeconfig = self.eks.kubeconfig if self.eks is not None else None
        self.kubernetes_provider = self._way_to_it(children)
        self.kserve = None
        if self.eks is not None:
            after = (*after, *self.eks.ready)
        self.reachable: tuple[pulumi.Resource, ...] = tuple(after)
        if plan.kserve is not None:
            way = pulumi.ResourceOptions(parent=self, provider=self.kubernetes_provider)
            self.kserve = KServe(children.named("kserve"), plan.kserve, way, production=self.production, after=after)
            after = (*after, *self.kserve.ready)
        self.ready: tuple[pulumi.Resource, ...] = (*after, *self._namespace(children, after))
        self._alerts(children)
        self.ready += tuple(self._grant(children))
        self.places: dict[str | None, Place] = {
            None: Place(self.namespace, self.ready, self.options, self.kubernetes_provider, eks=self.eks),
            **{tenant: self._place(children, space) for tenant, space in self.planner.spaces.items()},
        }
        if self.eks is not None:
            self.give_roles(self.eks)
        children.tell_unmet()
        self.register_outputs({"namespace": self.namespace, "kubeconfig": self.kubeconfig})

    def _cluster(self, children: Children, plan: KubernetesPlan, network: NetworkReference | None) -> EksCluster | None:
        if plan.eks is None:
            return None
        below = pulumi.ResourceOptions(parent=self)
        return EksCluster(children.named("eks"), plan.eks, below, network=network, production=self.production)

    def _way_to_it(self, children: Children) -> kubernetes.Provider:
        cluster = self.options.cluster
        if self.eks is None:
            return kubernetes.Provider(
                children.named("cluster"),
                kubeconfig=cluster.kubeconfig,
                context=cluster.context,
                # A dashboard that changes is written over, not taken away and made anew.
                enable_config_map_mutable=True,
                opts=children.opts("provider"),
            )
        return kubernetes.Provider(
            children.named("cluster"),
            kubeconfig=self.eks.kubeconfig,
            # The cluster is the same whatever its address or certificate: what is in it is not made anew.
            cluster_identifier=self.eks.arn,
            enable_server_side_apply=True,
            # A dashboard that changes is written over, not taken away and made anew.
            enable_config_map_mutable=True,
            opts=children.opts("provider"),
        )

    def register(self, plan: KubernetesEndpointPlan, request: EndpointRequest) -> EndpointOutputs:
        """Register the objects of an endpoint that `planner` has planned."""
        for each in (plan.own, *plan.revisions.values()):
            if each.sizing.accelerated is not None and each.sizing.accelerated.share is not None:
                each.sizing.accelerated.share.rely()
        if self.options.serving == SELDON:
            return register_on_seldon(self.places[None], plan, request)
        if self.options.serving == LLM:
            return register_llm(self.places[None], plan, request)
        return register_endpoint(self.places[plan.tenant], plan, request)

    def give_roles(self, cluster: EksCluster) -> None:
        """On a cluster of Amazon EKS: let the replicas of each tenant read the models below its `model_prefix`, and no others', by Pod
        Identity. Before the first endpoint is registered: pods that run do not look again."""
        namespaces = {tenant: place.namespace for tenant, place in self.places.items() if tenant is not None}
        for tenant, ready in tenant_roles(cluster, self.pulumi_resource_name, self.planner.spaces, namespaces):
            place = self.places[tenant]
            self.places[tenant] = replace(place, ready=(*place.ready, *ready))

    def _place(self, children: Children, space: Space) -> Place:
        """A tenant's namespace, with what is in it."""
        name, provider = space.namespace(self.namespace), self.kubernetes_provider
        made, protect = self.ready, self.production or None
        if not space.whole:
            given: Any = {"provider": provider, "protect": protect, "depends_on": [*self.ready]}
            suffix = f"tenant-{space.tenant}"
            made = (*made, namespace(children, name, suffix, "tenant-namespace", space.tenant, **given))
        inside = tenant_objects(children, space, name, self.planner.resources, provider, made, protect=protect)
        return Place(name, (*made, *inside), self.options, provider, account=NAME, callers=peers(self.options))

    def register_graph(self, plan: GraphPlan, children: Children, endpoints: Mapping[str, Within]) -> GraphOutputs:
        """Register the objects of an InferenceGraph that `planner` has planned. endpoints: those that it names."""
        owner = getattr(self.options, "tenant", None)
        return register_graph(self.places.get(owner, self.places[None]), plan, children, endpoints)

    def _alerts(self, children: Children) -> None:
        prometheus = self.options.prometheus
        if prometheus is None or prometheus.alerts is None:
            return
        kubernetes.apiextensions.CustomResource(
            children.named("alerts"),
            api_version="monitoring.coreos.com/v1alpha1",
            kind="AlertmanagerConfig",
            metadata={"name": "endpoints", "namespace": self.namespace, "labels": dict(prometheus.labels)},
            spec=alertmanager_config(prometheus.alerts),
            opts=children.opts("alerts", provider=self.kubernetes_provider, depends_on=self.ready),
        )

    def _namespace(self, children: Children, after: Sequence[pulumi.Resource]) -> Sequence[pulumi.Resource]:
        """It goes before KServe and the nodes: what others put into it may have finalizers, and pods to run them."""
        if not self.options.create_namespace:
            return ()
        owner = getattr(self.options, "tenant", None)
        opts: Any = {
            "provider": self.kubernetes_provider,
            "protect": self.production or None,
            "depends_on": list(after),
        }
        return (namespace(children, self.namespace, "namespace", "namespace", owner, **opts),)

    def _grant(self, children: Children) -> Sequence[pulumi.Resource]:
        """That routes of the endpoints' namespace may lead to Knative's gateway, which lies in another."""
        options = self.options
        if options.serving != KNATIVE or options.gateway is None:
            return ()
        inner = options.knative_gateway
        return (
            kubernetes.apiextensions.CustomResource(
                children.named("knative-grant"),
                # Version v1 is as new as Gateway API 1.5.
                api_version="gateway.networking.k8s.io/v1beta1",
                kind="ReferenceGrant",
                metadata={"name": self.namespace, "namespace": inner.namespace},
                spec=grant(self.namespace),
                opts=children.opts("knative-grant", provider=self.kubernetes_provider, depends_on=list(self.ready)),
            ),
        )


def _planned(
    name: str,
    args: Any,
    given: Mapping[str, Any],
    network: NetworkReference | None,
    pools: Any,
    opts: pulumi.ResourceOptions | None,
) -> KubernetesPlan:
    subject = f"KubernetesPlatform '{name}'"
    read, wrong = read_pools(pools)
    options = checked(
        KubernetesOptions,
        None if isinstance(args, Mapping) else args,
        given,
        subject,
        also=[*name_problems(name), *wrong],
    )
    try:
        problems = [*platform_problems(options), *pools_problems(read, options)]
        if network is not None and not makes_eks(options):
            reason = "no cluster is made in it"
            problems.append(Problem("network", reason, "Remove it, or write `cluster.eks` to have a cluster made."))
        if problems:
            raise InvalidOptionsError(problems)
        planner = KubernetesPlanner(as_installed(options), plan_pools(read))
        return plan_kubernetes(planner, network, opts)
    except InvalidOptionsError as error:
        raise run_error(InvalidOptionsError(error.problems, subject)) from None
