"""An environment that was found to work: every endpoint planned, nothing registered."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelinfra.catalog.child_roles import CLUSTER_ROLES, KUBERNETES_ROLES, NETWORK_ROLES
from modelinfra.children import transform_problems
from modelinfra.components.model_endpoint import PlannedEndpoint, plan_endpoint
from modelinfra.options.adjustments import tags_are_ones_that_aws_takes
from modelinfra.options.environment import (
    ECS,
    PLATFORM_TYPES,
    EnvironmentOptions,
    PlacedEndpointOptions,
    PlatformOptions,
    cross_problems,
)  # fmt: skip
from modelinfra.options.gpu_node_pool import PlacedGpuNodePoolOptions
from modelinfra.options.network import NetworkOptions
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.strict import Style, validate
from modelinfra.options.tenants import owners_tags, with_quotas
from modelinfra.options.wording import spelled, styled
from modelinfra.platforms.ecs.node_pools import check_pools, plan_pools
from modelinfra.platforms.ecs.planner import EcsPlanner
from modelinfra.platforms.kubernetes.planner import KubernetesPlanner


@dataclass(frozen=True)
class EnvironmentPlan:
    """What an `Environment` registers. `endpoints`: name -> its platform's name and its plan."""

    options: Any
    planners: Mapping[str, EcsPlanner | KubernetesPlanner]
    endpoints: Mapping[str, tuple[str, PlannedEndpoint]]

    @property
    def in_aws(self) -> Mapping[str, tuple[str, PlannedEndpoint]]:
        """Those of the endpoints that run in the environment's network."""
        return {name: each for name, each in self.endpoints.items() if self.options.platforms[each[0]].type == ECS}

    @property
    def has_network(self) -> bool:
        """Whether there is anything to stand in a network of AWS; an environment without platforms has the network alone."""
        platforms = self.options.platforms.values()
        return not platforms or any(each.type == ECS for each in platforms)


def plan_environment(
    given: Mapping[str, Any], style: Style, root: Path, also: Sequence[Problem] = ()
) -> EnvironmentPlan:
    """Check everything that an environment declares; relative paths of models start at `root`. also: what was wrong before.

    Raises InvalidOptionsError with all mistakes in one go.
    """
    problems = list(also)
    options: Any = None
    try:
        options = _handed_down(validate(EnvironmentOptions, given, style=style))
        problems += _tag_problems(options)
        parts = _Parts(options.network, options.platforms, options.endpoints, options.gpu_node_pools)
    except InvalidOptionsError as error:
        problems += error.problems
        parts = _well_formed(given, style)
    problems += cross_problems(given)
    problems += _transform_problems(parts, style)
    network = getattr(options, "network", None)
    # What is wrong with the network is told already; an existing VPC is taken to have the way out that its owner says.
    internet = parts.internet
    public = internet if network is None or network.vpc is None else bool(network.vpc.public_subnet_ids)
    problems += _pool_problems(parts, style)
    planners = {
        name: EcsPlanner(platform, internet, public, plan_pools(parts.pools_of(name)))
        if platform.type == ECS
        else KubernetesPlanner(platform)
        for name, platform in parts.platforms.items()
    }
    # What is wrong with a pool is told already, not that endpoints find none.
    whole = len(parts.pools) == len(_mapping(given.get(spelled("gpu_node_pools", style))))
    endpoints: dict[str, tuple[str, PlannedEndpoint]] = {}
    # In the order of their names: which of two that collide is told so does not depend on the order in the file.
    for name, endpoint in sorted(parts.endpoints.items()):
        platform = endpoint.platform or next(iter(planners), "")
        planner = planners.get(platform)
        if planner is None or (endpoint.accelerator is not None and isinstance(planner, EcsPlanner) and not whole):
            continue  # it is told already, of the platform or of the endpoint
        try:
            endpoints[name] = (platform, plan_endpoint(name, endpoint, planner, root))
        except InvalidOptionsError as error:
            problems += [
                styled(problem, style, PlacedEndpointOptions).below(f"endpoints.{name}") for problem in error.problems
            ]
    if problems:
        raise InvalidOptionsError(problems)
    return EnvironmentPlan(options, planners, endpoints)


def _handed_down(options: Any) -> Any:
    """The options with the environment's tags, its tenants' and its permissions boundary in every part of AWS; what a part says itself stays."""
    platforms = options.platforms
    only = next(iter(platforms), "")

    def part(own: Any) -> Any:
        of_tenant = owners_tags(getattr(own, "tenant", None), options.tenants)
        common = {"tags": {**(options.tags or {}), **of_tenant, **(own.tags or {})} or None}
        if "permissions_boundary" in type(own).model_fields and own.permissions_boundary is None:
            common["permissions_boundary"] = options.permissions_boundary
        return own.model_copy(update=common)

    parts = {
        "network": part(options.network),
        "platforms": {name: part(each) if each.type == ECS else each for name, each in platforms.items()},
        "endpoints": {
            name: with_quotas(part(each), options.tenants) if _in_aws(platforms.get(each.platform or only)) else each
            for name, each in options.endpoints.items()
        },
        "gpu_node_pools": {name: part(each) for name, each in options.gpu_node_pools.items()},
    }
    return options.model_copy(update=parts)


def _in_aws(platform: Any) -> bool:
    return platform is None or platform.type == ECS


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}


def _tag_problems(options: Any) -> Iterator[Problem]:
    """What is wrong with a part's tags only once the environment's have joined them; each by itself is right."""
    parts = {
        "network": options.network,
        **{f"platforms.{name}": each for name, each in options.platforms.items() if each.type == ECS},
        **{f"endpoints.{name}": each for name, each in options.endpoints.items()},
        **{f"gpu_node_pools.{name}": each for name, each in options.gpu_node_pools.items()},
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
    )


def _pool_problems(parts: _Parts, style: Style) -> Iterator[Problem]:
    for name, pool in parts.pools.items():
        platform = parts.platforms.get(parts.platform_of(pool))
        for problem in check_pools({name: pool}, platform, internet=parts.internet):
            yield styled(problem, style, EnvironmentOptions)


def _transform_problems(parts: _Parts, style: Style) -> Iterator[Problem]:
    """Of the network and the platforms. Those of an endpoint are found when it is planned."""
    if parts.network is not None:
        for problem in transform_problems(parts.network, NETWORK_ROLES):
            yield styled(problem, style, NetworkOptions).below("network")
    for name, platform in parts.platforms.items():
        roles = CLUSTER_ROLES if platform.type == ECS else KUBERNETES_ROLES
        for problem in transform_problems(platform, roles):
            yield styled(problem, style, PlatformOptions).below(f"platforms.{name}")
