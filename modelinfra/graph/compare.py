"""What differs between two graphs, property by property."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import AssetRef, plain

_ABSENT: Final = object()

# Options of a resource that change what a deployment does, compared beside the inputs.
_OPTIONS: Final = {
    "protect": "protect",
    "retain_on_delete": "retainOnDelete",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "delete_before_replace": "deleteBeforeReplace",
    "custom_timeouts": "customTimeouts",
}


@dataclass(frozen=True)
class Change:
    """One difference. `before` or `after` is None where there was or is nothing."""

    urn: str
    type: str
    name: str
    kind: str
    """`added` or `removed` (the whole resource, `path` is empty), or `changed` (one property)."""
    path: str = ""
    """Such as `networkConfiguration.subnets[0]`, into JSON text too: `containerDefinitions[0].stopTimeout`.
    A resource option is written `options.protect`."""
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        if self.kind != "changed":
            return f"{self.kind}: {self.type} {self.name}"
        return f"{self.type} {self.name}: {self.path}: {self.before!r} -> {self.after!r}"


def changes(before: Graph, after: Graph, *, options: bool = True) -> list[Change]:
    """The differences of the resources' inputs (and options, unless `options=False`), in registration order.

    Resources are told apart by URN. Secret values are compared but shown without their marker.
    """
    found = [_whole(node, "removed") for node in before if node.urn not in after]
    for node in after:
        if node.urn not in before:
            found.append(_whole(node, "added"))
            continue
        old = before[node.urn]
        found.extend(_property(node, *entry) for entry in _walk("", plain(old.inputs), plain(node.inputs)))
        if options:
            found.extend(
                _property(node, *entry)
                for field, name in _OPTIONS.items()
                for entry in _walk(f"options.{name}", getattr(old, field) or None, getattr(node, field) or None)
            )
    return found


def _whole(node: Node, kind: str) -> Change:
    inputs = plain(node.inputs)
    return Change(
        node.urn,
        node.type,
        node.name,
        kind,
        before=inputs if kind == "removed" else None,
        after=inputs if kind == "added" else None,
    )


def _property(node: Node, path: str, before: Any, after: Any) -> Change:
    return Change(
        node.urn,
        node.type,
        node.name,
        "changed",
        path,
        None if before is _ABSENT else before,
        None if after is _ABSENT else after,
    )


def _walk(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if before is after:
        return
    left, right = _opened(before), _opened(after)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in [*left, *(key for key in right if key not in left)]:
            if key.startswith("__"):
                continue  # the bridge's own notes
            inner = f"{path}.{key}" if path else key
            yield from _walk(inner, left.get(key, _ABSENT), right.get(key, _ABSENT))
    elif isinstance(left, list) and isinstance(right, list):
        for index in range(max(len(left), len(right))):
            one = left[index] if index < len(left) else _ABSENT
            other = right[index] if index < len(right) else _ABSENT
            yield from _walk(f"{path}[{index}]", one, other)
    elif left != right or isinstance(left, bool) != isinstance(right, bool):
        yield path, before, after


def _opened(value: Any) -> Any:
    """JSON text as the data it holds; assets as theirs; anything else as it is."""
    if isinstance(value, AssetRef):
        return {value.kind: value.fields}
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
