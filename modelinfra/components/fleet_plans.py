"""The fleets of an environment: which cluster the devices of each are nodes of, and whether they fit beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelinfra import naming
from modelinfra.components.model_endpoint import PlannedEndpoint
from modelinfra.options.edge_fleet import PlacedEdgeFleetOptions
from modelinfra.options.edge_runtimes import KUBERNETES
from modelinfra.options.environment import ECS
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.strict import Style
from modelinfra.options.wording import spelled, styled
from modelinfra.platforms.edge.fallback import Fallback
from modelinfra.platforms.edge.planner import FleetPlan, plan_fleet


def plan_fleets(
    fleets: Mapping[str, Any],
    platforms: Mapping[str, Any],
    endpoints: Mapping[str, tuple[str, PlannedEndpoint]],
    root: Path,
    style: Style,
    *,
    whole: bool,
    begins: str | None,
) -> tuple[dict[str, FleetPlan], list[Problem]]:
    """fleets, platforms: validated options; whole: whether all platforms of the file are among them. begins: what names of everything in the
    environment begin with; None where nobody knows. Registers nothing."""
    found: dict[str, FleetPlan] = {}
    problems: list[Problem] = []
    for name, fleet in sorted(fleets.items()):
        cluster = cluster_name(fleet, platforms)
        if fleet.runtime == KUBERNETES and cluster is None and (fleet.platform is not None or not whole):
            continue  # it is told already, of the platform or of its name
        wrong = list(_taken(name, fleets, platforms, begins))
        try:
            platform = platforms[cluster] if cluster is not None else None
            planned = plan_fleet(name, fleet, root, _behind(fleet, endpoints), platform)
            found[name] = replace(planned, style=style)
        except InvalidOptionsError as error:
            wrong += error.problems
        where = f"{spelled('edge_fleets', style)}.{name}"
        problems += [styled(problem, style, PlacedEdgeFleetOptions).below(where) for problem in wrong]
    return found, problems


def cluster_name(fleet: Any, platforms: Mapping[str, Any]) -> str | None:
    """The platform whose nodes a fleet's devices are; None where there is none, or several of which none is named."""
    if fleet.runtime != KUBERNETES:
        return None
    if fleet.platform is not None:
        return fleet.platform if fleet.platform in platforms else None
    clusters = [name for name, each in platforms.items() if each.type != ECS]
    return clusters[0] if len(clusters) == 1 else None


def _taken(name: str, fleets: Mapping[str, Any], platforms: Mapping[str, Any], begins: str | None) -> Iterator[Problem]:
    """A namespace that is the platform's own, or another fleet's."""
    own, cluster = fleets[name], cluster_name(fleets[name], platforms)
    if cluster is None or platforms[cluster].type == ECS:
        return
    others = {f"the platform '{cluster}'": _namespace(platforms[cluster], cluster, begins)}
    for other, fleet in fleets.items():
        if other < name and cluster_name(fleet, platforms) == cluster:
            others[f"the fleet '{other}'"] = _namespace(fleet, other, begins)
    for what, namespace in others.items():
        if namespace == _namespace(own, name, begins):
            reason = f"{what} has this namespace, too"
            yield Problem("namespace", reason, "Write another one.", *((own.namespace,) if own.namespace else ()))


def _namespace(options: Any, part: str, begins: str | None) -> str | tuple[str, str]:
    """Of a platform or a fleet; where nobody knows what its name begins with, it is like no name that is written."""
    if options.namespace is not None or begins is None:
        return options.namespace or ("", part)
    return naming.shortened(f"{begins}-{part}", naming.LIMITS["namespace"])


def _behind(fleet: Any, endpoints: Mapping[str, tuple[str, PlannedEndpoint]]) -> Fallback | None:
    """The endpoint behind a fleet; what is wrong with its name, or with itself, is told elsewhere."""
    found = endpoints.get(fleet.fallback)
    return found[1] if found is not None else None
