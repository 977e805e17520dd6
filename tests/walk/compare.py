"""What an edit really changed, in the words of `Option.lands`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from modelinfra.graph.compare import Change
from modelinfra.graph.model import Graph

# The autoscaler writes the one, the registry hands out the other anew each time, a key is drawn anew and stays the first: none makes a deployment.
QUIET = {
    "aws:ecs/service:Service.desiredCount",
    "docker-build:index:Image.registries[0].password",
    "aws:secretsmanager/secretVersion:SecretVersion.secretString",
}


_DRAWN = "kubernetes:core/v1:Secret.data."
"""The same of keys on Kubernetes; what follows is whose key it is."""


def landed(changes: Iterable[Change]) -> set[str]:
    """`type.path` of every changed property, `+type` of every added or removed resource; providers and what is quiet aside."""
    found = set()
    for change in changes:
        if not change.type.startswith("pulumi:providers:"):
            found.add(f"{change.type}.{change.path}" if change.kind == "changed" else f"+{change.type}")
    return {each for each in found - QUIET if not each.startswith(_DRAWN)}


def direct(changes: Iterable[Change], after: Graph, replaced: Iterable[str] = ()) -> list[Change]:
    """The changes that are not only consequences: a value taken from a resource that itself changes is one.

    replaced: URNs of resources that are replaced though none of their inputs changes, by a replacement trigger.

    So a new image makes a new container definition, a new task definition moves the service to it, a replaced VPC moves
    everything; and what is replaced gets another automatic name.
    """
    changes = list(changes)
    changed = {*replaced, *(change.urn for change in changes)}
    return [change for change in changes if change.kind != "changed" or not _follows(change, after, changed)]


def _follows(change: Change, after: Graph, changed: set[str]) -> bool:
    key = re.split(r"[.\[]", change.path)[0]
    sources = set(after[change.urn].property_deps.get(key, ())) - {change.urn}
    return key == "name" or bool(sources & changed)


def unexplained(actual: set[str], declared: Iterable[str]) -> tuple[set[str], set[str]]:
    """(changed though not declared, declared though not changed)."""
    declared = set(declared)
    extra = {each for each in actual if not any(_covers(place, each) for place in declared)}
    missing = {place for place in declared if not any(_covers(place, each) for each in actual)}
    return extra, missing


def _covers(place: str, changed: str) -> bool:
    pattern = re.escape(place).replace(r"\*", "[^.]*")
    return bool(re.match(pattern + r"(?:[.\[]|$)", changed))
