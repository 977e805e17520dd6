"""What changes according to the engine itself: `pulumi preview --json` (with `--show-sames`, or what does not change is not known)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelinfra.graph import compare
from modelinfra.graph.model import STACK_TYPE, Graph, Node
from modelinfra.graph.state import from_preview, old_states
from modelinfra.review.changes import (
    Changes,
    Operation,
    PropertyChange,
    ResourceChange,
    in_order,
    moved,
    within,
)

# apitype.OpType (pulumi/sdk/go/common/apitype/updates.go); the steps of one replacement share a URN.
_OPERATIONS: Mapping[str, Operation] = {
    "create": "create",
    "import": "create",
    "update": "update",
    "delete": "delete",
    "discard": "delete",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "import-replacement": "replace",
}


def changes_of(preview: Mapping[str, Any]) -> Changes:
    """The changes that a preview plans. Raises ValueError for anything that is no preview."""
    before, after = old_states(preview), from_preview(preview)
    operations: dict[str, Operation] = {}
    steps: dict[str, list[Mapping[str, Any]]] = {}
    for step in preview.get("steps") or []:
        operation = _OPERATIONS.get(str(step.get("op")))
        urn = str(step.get("urn"))
        if operation is None or _type(urn).startswith(("pulumi:providers:", STACK_TYPE)):
            continue
        operations[urn] = "replace" if operations.get(urn, operation) != operation else operation
        steps.setdefault(urn, []).append(step)
    resources = [
        _change(urn, operation, before, after, steps[urn])
        for urn, operation in operations.items()
        if (node := after.nodes.get(urn) or before.nodes.get(urn)) is not None and node.custom
    ]
    return Changes(before, after, in_order(resources), "engine", moved(resources))


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _change(
    urn: str, operation: Operation, before: Graph, after: Graph, steps: Iterable[Mapping[str, Any]]
) -> ResourceChange:
    old: Node | None = before.nodes.get(urn)
    new: Node | None = after.nodes.get(urn) if operation != "delete" else None
    node = new or old
    assert node is not None, "a step has a state"
    return ResourceChange(
        urn,
        node.type,
        node.name,
        operation,
        old if operation != "create" else None,
        new,
        tuple(_properties(old, new, steps)) if old is not None and new is not None else (),
        "engine",
    )


def _properties(old: Node, new: Node, steps: Iterable[Mapping[str, Any]]) -> Iterable[PropertyChange]:
    forcing: set[str] = set()
    told: set[str] = set()
    for step in steps:
        forcing |= {str(key) for key in step.get("replaceReasons") or ()}
        for path, detail in (step.get("detailedDiff") or {}).items():
            told.add(path)
            if str(detail.get("kind", "")).endswith("-replace"):
                forcing.add(path)
    found = {each.path: each for each in compare.changes(_of(old), _of(new)) if each.kind == "changed"}
    for path, change in found.items():
        yield PropertyChange(path, change.before, change.after, _forces(path, forcing))
    for path in sorted(told - set(found)):
        if not any(within(known, path) or within(path, known) for known in found):
            yield PropertyChange(path, None, None, _forces(path, forcing))


def _forces(path: str, forcing: set[str]) -> bool:
    return any(within(path, each) or within(each, path) for each in forcing)


def _of(node: Node) -> Graph:
    return Graph("", "", {node.urn: node})
