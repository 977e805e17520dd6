"""What the stand-in cloud would do for a change, in the words of docs/reference.md's column "what a change does"."""

from __future__ import annotations

from modelinfra.graph.compare import Change, changes
from modelinfra.graph.model import Graph
from modelinfra.graph.replacement import forces_replacement, updated_in_place_after_all
from modelinfra.graph.values import plain
from modelinfra.testing.cloud.diffs import differences
from tests.walk.compare import QUIET
from tools.effects import ORDER, Effect, Kind

TASK = "aws:ecs/taskDefinition:TaskDefinition"
IMAGE = "docker-build:index:Image"


def happened(before: Graph, after: Graph) -> set[Effect]:
    """What the stand-in cloud would do to each type for the edit's own changes, the worst of each."""
    worst: dict[str, Kind] = {}
    for change in changes(before, after):
        if change.type.startswith(("pulumi:", "modelinfra:")) or f"{change.type}.{change.path}" in QUIET:
            continue
        kind = kind_by_diff(change, before, after)
        worst[change.type] = min(worst.get(change.type, kind), kind, key=ORDER.index)
    return {Effect(kind, token) for token, kind in worst.items()}


def kind_by_diff(change: Change, before: Graph, after: Graph) -> Kind:
    if change.kind != "changed":
        return "adds or removes"
    if change.path.startswith("options."):
        return "state only"
    old, new = before[change.urn], after[change.urn]
    wanted, earlier = plain(new.inputs), plain(old.inputs)
    found = differences(change.type, wanted, plain(old.outputs), earlier, tuple(new.ignore_changes))
    assert found, f"{change} is no difference for the stand-in cloud"
    if change.type == IMAGE:
        return "builds anew"
    replaced = any(
        forces_replacement(change.type, each.plain_path)
        and not updated_in_place_after_all(change.type, each.plain_path, wanted, earlier)
        for each in found
    )
    if not replaced:
        return "updates"
    return "new revision of" if change.type == TASK else "replaces"
