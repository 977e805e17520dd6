"""The containers of a component, of whatever makes them, as far as a graph says what they run.

Everything here is read from a graph without its secrets: a figure could give one away, and a capture holds only fingerprints of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from modelinfra.graph.cost_view import CostView
from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import Unknown, has_unknown, listed, mapping, without_secrets
from modelinfra.policies.readiness.kubernetes import accelerators, workloads
from modelinfra.policies.view import View
from modelinfra.review.services import TASK

GPU: Final = "nvidia.com/gpu"
LATER: Final = "known only after the deployment, or secret"


class NotKnownError(ValueError):
    """Something cannot be computed. The message is the reason, for people."""


@dataclass(frozen=True)
class Container:
    """One container. image: text, or Unknown. words: its command and arguments, None where a part is not known. accelerators: what it asks for
    (GPU) -> how many. pod: the PodSpec, none for a task of ECS."""

    node: Node
    image: Any
    words: tuple[str, ...] | None
    accelerators: Mapping[str, Any] = field(default_factory=dict)
    pod: Mapping[str, Any] | None = None


def veiled(graph: Graph) -> Graph:
    """The graph with every secret input as a value that is not known."""
    nodes = {
        node.urn: replace(node, inputs=without_secrets(node.inputs), outputs=without_secrets(node.outputs))
        for node in graph
    }
    return Graph(graph.project, graph.stack, nodes)


def containers_of(view: CostView, component: str) -> list[Container]:
    """Every container of a component but those that run before the others. Raises NotKnownError where a graph does not say which they are."""
    found = list(_of_pods(view, component))
    for task in view.all(TASK):
        if view.component(task) == component:
            found.extend(_of_task(task))
    return found


def definitions(task: Node) -> list[Mapping[str, Any]]:
    """The containers of a task definition. Raises NotKnownError where they are not known."""
    given = task.inputs.get("containerDefinitions")
    try:
        found = json.loads(given) if isinstance(given, str) else None
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise NotKnownError(f"what the containers of {task.name} run is {LATER}")
    return [mapping(each) for each in found]


def _of_task(task: Node) -> Iterator[Container]:
    for each in definitions(task):
        wanted = [mapping(one) for one in listed(each.get("resourceRequirements"))]
        devices = [one.get("value") for one in wanted if one.get("type") == "GPU"]
        yield Container(
            task, each.get("image"), _words(each, "entryPoint", "command"), {GPU: devices[0]} if devices else {}
        )


def _of_pods(view: CostView, component: str) -> Iterator[Container]:
    for each in workloads(View(view.graph)):
        if view.component(each.node) != component:
            continue
        given = each.pod.get("containers")
        if not isinstance(given, list):
            raise NotKnownError(f"what the containers of {each.node.name} run is {LATER}")
        for one in given:
            if not isinstance(one, Mapping):
                raise NotKnownError(f"what a container of {each.node.name} runs is {LATER}")
            if has_unknown(one.get("resources")):
                raise NotKnownError(f"which accelerators {each.node.name} asks for is {LATER}")
            yield Container(each.node, one.get("image"), _words(one, "command", "args"), accelerators(one), each.pod)


def _words(container: Mapping[str, Any], *keys: str) -> tuple[str, ...] | None:
    words: list[Any] = []
    for key in keys:
        given = container.get(key)
        if given is None:
            continue
        if not isinstance(given, list):
            return None
        words.extend(given)
    if any(not isinstance(each, str) for each in words) or Unknown in words:
        return None
    return tuple(words)
