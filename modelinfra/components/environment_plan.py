"""An environment that was found to work: every endpoint planned, nothing registered."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelinfra.catalog.child_roles import CLUSTER_ROLES, NETWORK_ROLES
from modelinfra.children import transform_problems
from modelinfra.components.fleet_plans import cluster_name, plan_fleets
from modelinfra.components.inference_graph import PlannedGraph, endpoints_of, plan_graph
from modelinfra.components.model_endpoint import PlannedEndpoint, plan_endpoint
from modelinfra.options.adjustments import tags_are_ones_that_aws_takes
from modelinfra.options.edge_fleet import PlacedEdgeFleetOptions
from modelinfra.options.edge_runtimes import KUBERNETES
from modelinfra.options.environment import (
    ECS,
    PLATFORM_TYPES,
    EnvironmentOptions,
    PlacedEndpointOptions,
    PlatformOptions,
    cross_problems,
    stands_in_network,
)  # fmt: skip
from modelinfra.options.gpu_node_pool import PlacedGpuNodePoolOptions
from modelinfra.options.graph_rules import problems_of_nodes
from modelinfra.options.inference_graph import InferenceGraphOptions
from modelinfra.options.kubernetes import makes_eks, named_cluster
from modelinfra.options.network import NetworkOptions
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.registry import ECR
from modelinfra.options.strict import Style, validate
from modelinfra.options.tenants import TenantOptions, owners_tags, with_quotas
from modelinfra.options.wording import spelled, styled
from modelinfra.platforms.ecs.node_pools import check_pools, plan_pools
from modelinfra.platforms.ecs.planner import EcsPlanner
from modelinfra.platforms.edge.kubernetes.fit import makes_of_aws
from modelinfra.platforms.edge.planner import FleetPlan
from modelinfra.platforms.kubernetes.parts import as_installed, kserve_of, platform_problems, pools_problems
from modelinfra.platforms.kubernetes.planner import KubernetesPlanner


@dataclass(frozen=True)
class EnvironmentPlan:
    """What an `Environment` registers. `endpoints`: name -> its platform's name and its plan. `graphs`, `fleets`: name -> its plan."""

    options: Any
    planners: Mapping[str, EcsPlanner | KubernetesPlanner]
    endpoints: Mapping[str, tuple[str, PlannedEndpoint]]
    graphs: Mapping[str, PlannedGraph]
    fleets: Mapping[str, FleetPlan]
    style: Style
    """How whoever declared it writes keys."""

    @property
    def in_aws(self) -> Mapping[str, tuple[str, PlannedEndpoint]]:
        """Those of the endpoints that run in the environment's network."""
        return {name: each for name, each in self.endpoints.items() if self.options.platforms[each[0]].type == ECS}

    @property
    def has_network(self) -> bool:
        """Whether there is anything to stand in a network of AWS; an environment of nothing else has the network alone."""
        platforms = self.options.platforms.values()
        return not (platforms or self.fleets) or any(map(stands_in_network, platforms))


def plan_environment(
    given: Mapping[str, Any], style: Style, root: Path, also: Sequence[Problem] = (), begins: str | None = None
) -> EnvironmentPlan:
    """Check everything that an environment declares; relative paths of models start at `root`. also: what was wrong before. begins: what names of
    everything in it begin with; None where nobody knows.

    Raises InvalidOptionsError with all mistakes in one go.
    """
    problems = list(also)
    options: Any = None
    try:
        options = _handed_down(validate(EnvironmentOptions, given, style=style))
        problems += _tag_problems(options)
        parts = _Parts(
            options.network,
            options.platforms,
            options.endpoints,
            options.gpu_node_pools,
            options.inference_graphs,
            options.edge_fleets,
            options.tenants,
        )
    except InvalidOptionsError as error:
        problems += error.problems
        parts = _well_formed(given, style)
    problems += cross_problems(given)
    problems += _part_problems(parts, style)
    network = getattr(options, "network", None)
    # What is wrong with the network is told already; an existing VPC is taken to have the way out that its owner says.
    internet = parts.internet
    public = internet if network is None or network.vpc is None else bool(network.vpc.public_subnet_ids)
    problems += _pool_problems(parts, style)
    problems += _installed_twice(parts)
    planners = {
        name: EcsPlanner(platform, internet, public, plan_pools(parts.pools_of(name)))
        if platform.type == ECS
        else KubernetesPlanner(as_installed(platform), plan_pools(parts.pools_of(name)), parts.tenants)
        for name, platform in parts.platforms.items()
    }
    # What is wrong with a pool is told already, not that endpoints find none.
    whole = len(parts.pools) == len(_mapping(given.get(spelled("gpu_node_pools", style))))
    endpoints: dict[str, tuple[str, PlannedEndpoint]] = {}
    # In the order of their names: which of two that collide is told so does not depend on the order in the file.
    for name, endpoint in sorted(parts.endpoints.items()):
        platform = endpoint.platform or next(iter(planners), "")
        planner = planners.get(platform)
        on_pools = isinstance(planner, EcsPlanner) or (planner is not None and makes_eks(planner.options))
        if planner is None or (endpoint.accelerator is not None and on_pools and not whole):
            continue  # it is told already, of the platform or of the endpoint
        try:
            endpoints[name] = (platform, replace(plan_endpoint(name, endpoint, planner, root), style=style))
        except InvalidOptionsError as error:
            problems += [
                styled(problem, style, PlacedEndpointOptions).below(f"endpoints.{name}") for problem in error.problems
            ]
    for planner in planners.values():
        if isinstance(planner, KubernetesPlanner):
            problems += [styled(problem, style, EnvironmentOptions) for problem in planner.exceeded()]
    graphs, wrong = _graphs(parts, planners, endpoints, _mapping(given.get("endpoints")), style)
    problems += wrong
    problems += [styled(problem, style, EnvironmentOptions) for problem in _met_at_a_gateway(planners)]
    fleets, wrong = plan_fleets(
        parts.fleets,
        parts.platforms,
        endpoints,
        root,
        style,
        whole=len(parts.platforms) == len(_mapping(given.get("platforms"))),
        begins=begins,
    )
    problems += wrong
    if problems:
        raise InvalidOptionsError(problems)
    return EnvironmentPlan(options, planners, endpoints, graphs, fleets, style)


def _graphs(
    parts: _Parts,
    planners: Mapping[str, EcsPlanner | KubernetesPlanner],
    endpoints: Mapping[str, tuple[str, PlannedEndpoint]],
    declared: Mapping[str, Any],
    style: Style,
) -> tuple[dict[str, PlannedGraph], list[Problem]]:
    """endpoints: those of the declared ones that were found to work. What a graph that asks another one comes to, nobody knows."""
    found: dict[str, PlannedGraph] = {}
    problems: list[Problem] = []
    for name, options in sorted(parts.graphs.items()):
        named = [each for each in endpoints_of(options) if each in declared]
        between = list(problems_of_nodes(options))
        if not set(named) <= endpoints.keys() and not between:
            continue
        of_kubernetes = [key for key, each in planners.items() if isinstance(each, KubernetesPlanner)]
        platforms = list(dict.fromkeys(endpoints[each][0] for each in named if each in endpoints)) or of_kubernetes[:1]
        if not planners:
            continue  # that none of them is right is told
        planner = planners.get(platforms[0]) if platforms else None
        try:
            if between:
                raise InvalidOptionsError(between)
            if len(platforms) > 1 or not isinstance(planner, KubernetesPlanner):
                raise InvalidOptionsError([_homeless(platforms)])
            here = {key: each for key, (platform, each) in endpoints.items() if platform == platforms[0]}
            owned = [_owned(key, here[key].plan, planner) for key in named if key in here]
            if any(owned):
                raise InvalidOptionsError(each for each in owned if each is not None)
            found[name] = replace(plan_graph(name, options, planner, here), style=style)
        except InvalidOptionsError as error:
            problems += [
                styled(each, style, InferenceGraphOptions).below(f"{spelled('inference_graphs', style)}.{name}")
                for each in error.problems
            ]
    return found, problems


def _owned(name: str, plan: Any, planner: KubernetesPlanner) -> Problem | None:
    """That a graph in the platform's namespace does not reach an endpoint in a tenant's."""
    space = planner.spaces.get(plan.tenant) if plan.tenant is not None else None
    if space is None or space.whole:
        return None
    reason = f"'{name}' is in the namespace of the tenant {plan.tenant}, which a graph of the platform does not reach"
    return Problem("nodes", reason, "Name endpoints that are nobody's, or give the tenant a platform of its own.")


def _homeless(platforms: Sequence[str]) -> Problem:
    if len(platforms) > 1:
        reason = f"its endpoints run on {', '.join(platforms)}, and a graph asks those of one platform"
        return Problem("nodes", reason, "Name endpoints of one platform.")
    reason = "an InferenceGraph is KServe's, and its endpoints run on ECS"
    return Problem(
        "nodes", reason, "Let them run on a platform of type kubernetes, or call one from the other yourself."
    )


def _handed_down(options: Any) -> Any:
    """The options with the environment's tags, its tenants' and its permissions boundary in every part of AWS; what a part says itself stays."""
    platforms = options.platforms
    only = next(iter(platforms), "")

    def part(own: Any, tenant: str | None = None, *, bounded: bool = True) -> Any:
        of_tenant = owners_tags(tenant or getattr(own, "tenant", None), options.tenants)
        common = {"tags": {**(options.tags or {}), **of_tenant, **(own.tags or {})} or None}
        if bounded and "permissions_boundary" in type(own).model_fields and own.permissions_boundary is None:
            common["permissions_boundary"] = options.permissions_boundary
        return own.model_copy(update=common)

    def platform(own: Any) -> Any:
        if own.type == ECS:
            return part(own)
        if own.cluster.eks is None:
            return own
        # Of an existing cluster, too: roles that its pods are given are made here.
        cluster = own.cluster.model_copy(update={"eks": part(own.cluster.eks, own.tenant)})
        return own.model_copy(update={"cluster": cluster})

    parts = {
        "network": part(options.network),
        "platforms": {name: platform(each) for name, each in platforms.items()},
        "endpoints": {
            name: _endpoint(each, part(each), platforms.get(each.platform or only), options.tenants)
            for name, each in options.endpoints.items()
        },
        # On EKS the nodes of all pools have one role, the cluster's, and its boundary.
        "gpu_node_pools": {
            name: part(each, bounded=_in_aws(platforms.get(each.platform or only)))
            for name, each in options.gpu_node_pools.items()
        },
        "edge_fleets": {
            name: part(each) if _makes_of_aws(each, platforms) else each for name, each in options.edge_fleets.items()
        },
    }
    return options.model_copy(update=parts)


def _makes_of_aws(fleet: Any, platforms: Mapping[str, Any]) -> bool:
    cluster = cluster_name(fleet, platforms)
    return fleet.runtime != KUBERNETES or (cluster is not None and makes_of_aws(platforms[cluster]))


def _in_aws(platform: Any) -> bool:
    return platform is None or platform.type == ECS


def _endpoint(own: Any, with_common: Any, platform: Any, tenants: Mapping[str, Any]) -> Any:
    """On Kubernetes nothing of AWS is made of it but the repository of its images, where that is one of ECR."""
    if _in_aws(platform):
        return with_quotas(with_common, tenants)
    return own.model_copy(update={"tags": with_common.tags}) if platform.registry == ECR else own


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}


def _tag_problems(options: Any) -> Iterator[Problem]:
    """What is wrong with a part's tags only once the environment's have joined them; each by itself is right."""
    parts = {
        "network": options.network,
        **{f"platforms.{name}": each for name, each in options.platforms.items() if each.type == ECS},
        **{
            f"platforms.{name}.cluster.eks": each.cluster.eks
            for name, each in options.platforms.items()
            if each.type != ECS and each.cluster.eks is not None
        },
        **{f"endpoints.{name}": each for name, each in options.endpoints.items()},
        **{f"gpu_node_pools.{name}": each for name, each in options.gpu_node_pools.items()},
        **{f"edge_fleets.{name}": each for name, each in options.edge_fleets.items()},
    }
    for path, part in parts.items():
        for problem in tags_are_ones_that_aws_takes({"tags": part.tags}):
            yield replace(problem, reason=f"with the environment's own tags, {problem.reason}").below(path)


@dataclass(frozen=True)
class _Parts:
    network: Any
    platforms: Mapping[str, Any]
    endpoints: Mapping[str, Any]
    pools: Mapping[str, Any]
    graphs: Mapping[str, Any]
    fleets: Mapping[str, Any]
    tenants: Mapping[str, Any]

    @property
    def internet(self) -> bool:
        """Whether tasks and nodes reach it; assumed while the network is wrong."""
        return self.network is None or self.network.nat != "none"

    def platform_of(self, pool: Any) -> str:
        """Name of the platform that a pool belongs to."""
        return pool.platform or next(iter(self.platforms), "")

    def pools_of(self, platform: str) -> dict[str, Any]:
        """The pools of a platform."""
        return {name: pool for name, pool in self.pools.items() if self.platform_of(pool) == platform}


def _well_formed(given: Mapping[str, Any], style: Style) -> _Parts:
    """The platforms and endpoints that are right by themselves, so that one mistake does not hide another."""

    def one(declaration: type | None, value: Any) -> Any:
        if declaration is not None and isinstance(value, Mapping):
            with contextlib.suppress(InvalidOptionsError):
                return validate(declaration, value, style=style)
        return None

    def right(key: str, declaration: Callable[[Any], type | None]) -> dict[str, Any]:
        entries = given.get(key)
        found = {
            name: one(declaration(value), value)
            for name, value in (entries.items() if isinstance(entries, Mapping) else ())
            if isinstance(name, str)
        }
        return {name: options for name, options in found.items() if options is not None}

    return _Parts(
        one(NetworkOptions, given.get("network")),
        right("platforms", lambda value: PLATFORM_TYPES.get(str(_mapping(value).get("type")))),
        right("endpoints", lambda _: PlacedEndpointOptions),
        right(spelled("gpu_node_pools", style), lambda _: PlacedGpuNodePoolOptions),
        right(spelled("inference_graphs", style), lambda _: InferenceGraphOptions),
        right(spelled("edge_fleets", style), lambda _: PlacedEdgeFleetOptions),
        right("tenants", lambda _: TenantOptions),
    )


def _installed_twice(parts: _Parts) -> Iterator[Problem]:
    """What KServe stands on is there once in a cluster."""
    first: dict[tuple[str | None, ...], str] = {}
    for name, platform in parts.platforms.items():
        if platform.type == ECS or platform.cluster.eks is not None or kserve_of(platform) is None:
            continue
        cluster = named_cluster(platform)
        if cluster is None:
            continue
        other = first.setdefault(cluster, name)
        if other != name:
            reason = f"'{other}' installs it in this cluster already"
            yield Problem(f"platforms.{name}.kserve", reason, "Remove it, and name its gateway as `gateway`.")


def _met_at_a_gateway(planners: Mapping[str, EcsPlanner | KubernetesPlanner]) -> Iterator[Problem]:
    """That of two platforms at one gateway both have something at one place. Each platform knows of its own."""
    first: dict[tuple[Any, ...], tuple[str, str]] = {}
    for platform, planner in planners.items():
        for gateway, there in planner.at_gateway.items() if isinstance(planner, KubernetesPlanner) else ():
            for place, name in there.items():
                other, of = first.setdefault((*gateway, place), (name, platform))
                if of != platform:
                    key, word = ("path", "path") if place.startswith("/") else ("exposure.domain", "domain")
                    reason = f"{other}, on the platform '{of}', is there at the same gateway"
                    yield Problem(f"{name}.{key}", reason, f"Write another `{word}`.", place)


def _pool_problems(parts: _Parts, style: Style) -> Iterator[Problem]:
    for name, pool in parts.pools.items():
        platform = parts.platforms.get(parts.platform_of(pool))
        if platform is not None and platform.type != ECS:
            problems = pools_problems({name: pool}, platform)
        else:
            problems = check_pools({name: pool}, platform, internet=parts.internet)
        for problem in problems:
            yield styled(problem, style, EnvironmentOptions)


def _part_problems(parts: _Parts, style: Style) -> Iterator[Problem]:
    """Of the network and the platforms, beyond their options' own rules. Those of an endpoint are found when it is planned."""
    if parts.network is not None:
        for problem in transform_problems(parts.network, NETWORK_ROLES):
            yield styled(problem, style, NetworkOptions).below("network")
    for name, platform in parts.platforms.items():
        problems = transform_problems(platform, CLUSTER_ROLES) if platform.type == ECS else platform_problems(platform)
        for problem in problems:
            yield styled(problem, style, PlatformOptions).below(f"platforms.{name}")
