"""What a stack file can say: one environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, NotRequired, TypeAlias

from modelinfra.options.adjustments import BoundedOptions, TaggedOptions
from modelinfra.options.budget import BudgetOptions, budget_problems
from modelinfra.options.cluster import ClusterOptions
from modelinfra.options.declare import Option, rule, variants
from modelinfra.options.edge_fleet import PlacedEdgeFleetOptions
from modelinfra.options.endpoint import EndpointOptions
from modelinfra.options.gpu_node_pool import PlacedGpuNodePoolOptions, pool_problems
from modelinfra.options.inference_graph import GRAPHS, InferenceGraphOptions
from modelinfra.options.kubernetes import KubernetesOptions, makes_eks
from modelinfra.options.landing import ADDED, BUDGET, CLUSTER, DASHBOARD, LOAD_BALANCER, NAMESPACE, REPOSITORY
from modelinfra.options.names import MAX_NAME, Name, name_problems
from modelinfra.options.network import NetworkOptions
from modelinfra.options.notify import NotifyOptions
from modelinfra.options.problems import Problem, did_you_mean
from modelinfra.options.tenant_rules import tenant_problems
from modelinfra.options.tenants import OWNER, TenantOptions

ECS = "ecs"
"""The `type` of platforms whose endpoints are of AWS."""

_BUDGET = {"monthly_usd": 5000, "notify": ["finance@example.com"]}


class EcsPlatformOptions(ClusterOptions):
    """Endpoints run on Amazon ECS: on Fargate, and on nodes of `gpu_node_pools`."""

    type: Annotated[Literal["ecs"], Option()]
    """Kind of platform: ecs."""

    tenant: NotRequired[Annotated[str, OWNER]]
    """Name of the tenant whose endpoints alone run here. Left out, all endpoints may."""


class KubernetesPlatformOptions(KubernetesOptions):
    """Endpoints run on a Kubernetes cluster with KServe on it: one on EKS that is made in the network, or one that there is."""

    type: Annotated[Literal["kubernetes"], Option()]
    """Kind of platform: kubernetes."""

    tenant: NotRequired[Annotated[str, replace(OWNER, lands=(f"{NAMESPACE}.metadata.labels",))]]
    """Name of the tenant whose endpoints alone run here, in the platform's namespace. Left out, all endpoints may, each tenant's in a namespace of its own."""


PlatformOptions: TypeAlias = EcsPlatformOptions | KubernetesPlatformOptions
"""Where endpoints run: what may be said follows from `type`."""

PLATFORM_TYPES = variants((EcsPlatformOptions, KubernetesPlatformOptions))
"""`type` -> what may be said."""


def stands_in_network(platform: Any) -> bool:
    """Whether a platform of these validated options stands in the network of AWS."""
    return platform.type == ECS or makes_eks(platform)


class PlacedEndpointOptions(EndpointOptions):
    """One served model, and where it runs."""

    platform: NotRequired[Annotated[str, Option(default_text="the only platform")]]
    """Name of the platform on which the endpoint runs."""

    tenant: NotRequired[Annotated[str, OWNER]]
    """Name of the tenant whose endpoint this is, alone. Left out, it is nobody's, and those share it whose API keys it asks for."""


class EnvironmentOptions(TaggedOptions, BoundedOptions):
    """One environment: everything below `modelinfra:environment` in a stack file."""

    production: NotRequired[
        Annotated[
            bool,
            Option(
                default=False,
                lands=(
                    f"{LOAD_BALANCER}.enableDeletionProtection",
                    f"{REPOSITORY}.forceDelete",
                    f"{REPOSITORY}.options.protect",
                    f"{CLUSTER}.options.protect",
                ),
                example=True,
            ),
        ]
    ]
    """Protect what holds data or is expensive to lose. In other environments `destroy` leaves nothing behind."""

    name_prefix: NotRequired[Annotated[Name, Option()]]
    """What every name of what is made begins with, before the environment's own. None otherwise. An edit makes everything anew."""

    network: NotRequired[Annotated[NetworkOptions, Option(default={})]]
    """The network of AWS. Only made for platforms that stand in it: those of type ecs, and clusters on EKS that are made."""

    platforms: NotRequired[Annotated[Mapping[Name, PlatformOptions], Option(default={})]]
    """Where endpoints run, by name. Devices need none."""

    notify: NotRequired[Annotated[NotifyOptions, Option()]]
    """Who is told of the alarms of every endpoint, of deployments that fail, and of the budget. Left out, nobody is."""

    dashboard: NotRequired[Annotated[bool, Option(default=True, lands=(f"{ADDED}{DASHBOARD}",), example=False)]]
    """Whether there is an overview of all endpoints: one dashboard for every fifty of them. Each costs as much as that of an endpoint."""

    budget: NotRequired[Annotated[BudgetOptions, Option(lands=(f"{ADDED}{BUDGET}",), example=_BUDGET)]]
    """What the environment may cost a month, and who is told. None otherwise."""

    tenants: NotRequired[Annotated[Mapping[Name, TenantOptions], Option(default={})]]
    """Who shares the environment, by name. A client of an endpoint's API keys with the name of a tenant is that tenant."""

    gpu_node_pools: NotRequired[Annotated[Mapping[Name, PlacedGpuNodePoolOptions], Option(default={})]]
    """Nodes with accelerators, by name."""

    endpoints: NotRequired[Annotated[Mapping[Name, PlacedEndpointOptions], Option(default={})]]
    """The served models, by name."""

    edge_fleets: NotRequired[Annotated[Mapping[Name, PlacedEdgeFleetOptions], Option(default={})]]
    """Devices outside of AWS that run a model, by name."""
    inference_graphs: NotRequired[Annotated[Mapping[Name, InferenceGraphOptions], GRAPHS]]
    """Graphs through which one request goes to several endpoints of one platform of type kubernetes, by name."""


@rule(EnvironmentOptions, "network", "platforms")
def an_adopted_load_balancer_stands_in_an_adopted_network(environment: Mapping[str, Any]) -> Iterable[Problem]:
    for name, platform in environment["platforms"].items():
        if platform.type == ECS and platform.listener_arn is not None and environment["network"].vpc is None:
            yield Problem(
                f"platforms.{name}.listener_arn",
                "its load balancer cannot be in the network that is made here",
                "Name the load balancer's VPC under `network.vpc`, or remove `listener_arn` to have a load balancer made.",
                platform.listener_arn,
            )


@rule(EnvironmentOptions, "network", "platforms")
def somebody_stands_in_the_network(environment: Mapping[str, Any]) -> Iterable[Problem]:
    outside = environment["platforms"] and not any(
        stands_in_network(each) for each in environment["platforms"].values()
    )
    if outside and environment["network"].model_fields_set:
        reason = "no platform stands in it, so that none is made"
        yield Problem("network", reason, "Remove it.")


@rule(EnvironmentOptions, "network", "platforms")
def nodes_of_eks_reach_the_internet(environment: Mapping[str, Any]) -> Iterable[Problem]:
    for name, platform in environment["platforms"].items():
        if makes_eks(platform) and environment["network"].nat == "none":
            reason = f"nodes of the cluster of '{name}' ask EKS, EC2 and registries over the internet, and without NAT nothing leads there"
            yield Problem("network.nat", reason, "Write single or per-zone.", "none")
            return


@rule(EnvironmentOptions, "endpoints")
def a_domain_leads_to_one_endpoint(environment: Mapping[str, Any]) -> Iterable[Problem]:
    taken: dict[str, str] = {}
    for name, endpoint in environment["endpoints"].items():
        gateway = endpoint.exposure.gateway
        domains = {"domain": endpoint.exposure.domain, "gateway.domain": gateway.domain if gateway else None}
        for key, domain in domains.items():
            other = taken.setdefault(domain, name) if domain is not None else name
            if other != name:
                reason = f"'{other}' has this domain already"
                yield Problem(f"endpoints.{name}.exposure.{key}", reason, "Write another one.", domain)


@rule(EnvironmentOptions, "endpoints", "inference_graphs")
def a_name_is_that_of_an_endpoint_or_of_a_graph(environment: Mapping[str, Any]) -> Iterable[Problem]:
    for name in environment["inference_graphs"]:
        if name in environment["endpoints"]:
            reason = "an endpoint is called so, too, and addresses are told by name"
            yield Problem(f"inference_graphs.{name}", reason, "Give one of them another name.")


@rule(EnvironmentOptions, "budget", "tags", "notify")
def a_budget_tells_somebody_of_what_is_tagged(environment: Mapping[str, Any]) -> Iterable[Problem]:
    budget = environment["budget"]
    if budget is not None:
        yield from budget_problems(budget, environment["tags"] or {}, told=environment["notify"] is not None)


rule(EnvironmentOptions, "tags", "tenants", "platforms", "gpu_node_pools", "endpoints")(tenant_problems)


@rule(EnvironmentOptions, "name_prefix")
def the_prefix_begins_no_name_that_aws_refuses(environment: Mapping[str, Any]) -> Iterable[Problem]:
    for problem in name_problems(environment["name_prefix"] or "none", "Write for example acme.", MAX_NAME):
        yield replace(problem, path="name_prefix")


def cross_problems(given: Mapping[str, Any]) -> Iterable[Problem]:
    """What is wrong between the parts of an environment; `given` is what the user wrote, well-formed or not."""
    platforms = {str(name): platform for name, platform in _mapping(given.get("platforms")).items()}
    fleets = "edge_fleets" if "edge_fleets" in given else "edgeFleets"
    if "platforms" not in given and not given.get(fleets):
        yield Problem("platforms", "this is required", "Add it: where endpoints run, by name.")
        return
    if not given.get("platforms") and given.get("endpoints"):
        yield Problem("platforms", "there is none, and endpoints need one", "Write for example web: {type: ecs}.")
        return
    yield from pool_problems(given, platforms)
    endpoints = list(_mapping(given.get("endpoints")))
    for name, fleet in _mapping(given.get(fleets)).items():
        fallback = _mapping(fleet).get("fallback")
        if isinstance(fallback, str) and fallback not in endpoints:
            remedy = did_you_mean(fallback, endpoints) if endpoints else "Remove it, or add the endpoint."
            yield Problem(f"{fleets}.{name}.fallback", "there is no such endpoint", remedy, fallback)
        platform = _mapping(fleet).get("platform")
        if isinstance(platform, str) and platform not in platforms:
            remedy = did_you_mean(platform, list(platforms)) if platforms else "Remove it, or add the platform."
            yield Problem(f"{fleets}.{name}.platform", "there is no such platform", remedy, platform)
    for name, endpoint in _mapping(given.get("endpoints")).items():
        endpoint = _mapping(endpoint)
        platform = endpoint.get("platform")
        if isinstance(platform, str) and platform not in platforms:
            yield Problem(
                f"endpoints.{name}.platform",
                "there is no such platform",
                did_you_mean(platform, list(platforms)),
                platform,
            )
        elif platform is None and len(platforms) > 1:
            yield Problem(
                f"endpoints.{name}.platform",
                "there are several platforms",
                f"Write one of: {', '.join(sorted(platforms))}.",
            )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
