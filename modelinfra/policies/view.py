"""A graph as rules look at it: plain values, and the resources behind the references in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property
from typing import Any

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import listed, mapping, plain

__all__ = ["View", "listed", "mapping", "number", "parsed", "seconds"]

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")

# Outputs by which other resources name a resource.
_NAMES = ("arn", "name", "arnSuffix", "resourceId", "repositoryUrl", "prefixListId")


class View:
    """Read-only, and made for one pass over all rules: inputs are decoded once."""

    def __init__(self, graph: Graph, today: date | None = None, region: str | None = None) -> None:
        self.graph = graph
        self.today = today or date.today()
        """The day for which calendars are asked."""
        self.region = region
        self._inputs: dict[str, dict[str, Any]] = {}

    def all(self, token: str) -> list[Node]:
        """Every resource of a type."""
        return self._by_type.get(token, [])

    def types(self) -> list[str]:
        """Every type that there is a resource of, in registration order."""
        return list(self._by_type)

    def inputs(self, node: Node) -> dict[str, Any]:
        """The inputs of a resource, secrets shown."""
        if node.urn not in self._inputs:
            self._inputs[node.urn] = plain(node.inputs)
        return self._inputs[node.urn]

    def each(self, token: str) -> Iterator[tuple[Node, dict[str, Any]]]:
        """Every resource of a type with its inputs."""
        for node in self.all(token):
            yield node, self.inputs(node)

    def named(self, token: str, value: Any) -> Node | None:
        """The resource of a type that a value (an id, ARN or name) stands for, when the graph holds it."""
        return self._by_name.get((token, value)) if isinstance(value, str) else None

    def target(self, node: Node, key: str, token: str, value: Any = None) -> Node | None:
        """The resource of a type that the input `key` stands for: by its value, or where that is unknown, by dependency."""
        found = self.named(token, self.inputs(node).get(key) if value is None else value)
        if found is not None:
            return found
        behind = self._behind(node, key, token)
        return behind[0] if len(behind) == 1 and not isinstance(value, str) else None

    def targets(self, node: Node, key: str, token: str, values: Iterable[Any] | None) -> list[Node]:
        """The resources that a list of values stands for; unknown values are resolved by dependency."""
        values = listed(values)
        found = [each for each in (self.named(token, value) for value in values) if each is not None]
        if any(not isinstance(value, str) for value in values):
            found += [each for each in self._behind(node, key, token) if each not in found]
        return found

    def _behind(self, node: Node, key: str, token: str) -> list[Node]:
        sources = [self.graph.nodes.get(urn) for urn in node.property_deps.get(key, ())]
        return [each for each in sources if each is not None and each.type == token]

    @cached_property
    def _by_type(self) -> dict[str, list[Node]]:
        found: dict[str, list[Node]] = {}
        for node in self.graph:
            found.setdefault(node.type, []).append(node)
        return found

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Node]:
        found: dict[tuple[str, str], Node] = {}
        for node in self.graph:
            for value in (node.id, *(node.outputs.get(key) for key in _NAMES)):
                if isinstance(value, str) and value:
                    found.setdefault((node.type, value), node)
        return found


def number(value: Any) -> float | None:
    """The number that a value says, also as text; None for what is unknown, not given or no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def seconds(value: Any) -> float | None:
    """How long a time-out is: a program says it as text (`1h30m`, `90s`), the engine as seconds. None for anything else."""
    if isinstance(value, str) and value and (found := _DURATION.fullmatch(value)):
        hours, minutes, rest = (int(part or 0) for part in found.groups())
        return hours * 3600 + minutes * 60 + rest
    return number(value)


def parsed(value: Any) -> Any:
    """JSON text as data; None for what is unknown or not JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return None
