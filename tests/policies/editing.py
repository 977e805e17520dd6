"""Planting mistakes: edits of a captured graph."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelinfra.graph.model import Graph, Node

Edit = Callable[[Graph], None]


@dataclass(frozen=True)
class Mistake:
    """A mistake that can be planted. `rule`: the own rule that finds it, if there is one; `base`: the environment it goes into."""

    name: str
    edit: Edit
    rule: str = ""
    base: str = "rich"

    def planted(self, good: Graph) -> Graph:
        """The good graph with the mistake in it."""
        bad = copy.deepcopy(good)
        self.edit(bad)
        return bad


def find(graph: Graph, token: str, name: str | None = None) -> Node:
    """The first resource of a type whose name ends so."""
    return next(node for node in graph.all(token) if name is None or node.name.endswith(name))


def put(token: str, path: str, value: Any, name: str | None = None) -> Edit:
    """Write one input of a resource: `a.b[0].c`."""

    def edit(graph: Graph) -> None:
        _put(find(graph, token, name).inputs, path, value)

    return edit


def drop(token: str, path: str, name: str | None = None) -> Edit:
    """Take one input of a resource away."""

    def edit(graph: Graph) -> None:
        *parents, last = _steps(path)
        here: Any = find(graph, token, name).inputs
        for step in parents:
            here = here[step]
        del here[last]

    return edit


def lose(token: str, name: str | None = None) -> Edit:
    """Take a whole resource away."""

    def edit(graph: Graph) -> None:
        del graph.nodes[find(graph, token, name).urn]

    return edit


def text(token: str, key: str, path: str, value: Any, name: str | None = None) -> Edit:
    """Write into JSON text: container definitions, policies."""

    def edit(graph: Graph) -> None:
        inputs = find(graph, token, name).inputs
        data = json.loads(inputs[key])
        _put(data, path, value)
        inputs[key] = json.dumps(data)

    return edit


def twice(token: str, name: str | None = None, **changed: Any) -> Edit:
    """A second resource beside one, with other inputs."""

    def edit(graph: Graph) -> None:
        node = copy.deepcopy(find(graph, token, name))
        node.urn, node.name, node.id = f"{node.urn}-twin", f"{node.name}-twin", f"{node.id}-twin"
        node.outputs |= {key: f"{node.outputs[key]}-twin" for key in ("arn", "name") if key in node.outputs}
        node.inputs.update(changed)
        graph.nodes[node.urn] = node

    return edit


def _steps(path: str) -> list[str | int]:
    return [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]


def _put(data: Any, path: str, value: Any) -> None:
    *parents, last = _steps(path)
    for step in parents:
        data = data[step] if isinstance(step, int) else data.setdefault(step, {})
    data[last] = value
