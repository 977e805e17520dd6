"""What an edit really changed, in the words of `Option.lands`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from modelinfra.graph.compare import Change

SERVICE_TASK = "aws:ecs/service:Service.taskDefinition"
TASK = "aws:ecs/taskDefinition:TaskDefinition"


# The autoscaler writes the one, and the registry hands out the other anew each time: neither makes a deployment.
QUIET = {"aws:ecs/service:Service.desiredCount", "docker-build:index:Image.registries[0].password"}


def landed(changes: Iterable[Change]) -> set[str]:
    """`type.path` of every changed property, `+type` of every added or removed resource; providers and what is quiet aside."""
    found = set()
    for change in changes:
        if not change.type.startswith("pulumi:providers:"):
            found.add(f"{change.type}.{change.path}" if change.kind == "changed" else f"+{change.type}")
    return found - QUIET


def unexplained(actual: set[str], declared: Iterable[str]) -> tuple[set[str], set[str]]:
    """(changed though not declared, declared though not changed)."""
    declared = set(declared)
    follows = {SERVICE_TASK} if any(each.startswith(f"{TASK}.") for each in actual) else set()
    extra = {each for each in actual if not any(_covers(place, each) for place in declared | follows)}
    missing = {place for place in declared if not any(_covers(place, each) for each in actual)}
    return extra, missing


def _covers(place: str, changed: str) -> bool:
    return changed == place or bool(re.match(re.escape(place) + r"[.\[]", changed))
