"""What makes nodes a graph that KServe's router walks: what its definition and its webhook do not ask.

"router" is cmd/router/main.go of kserve/kserve 0.20.0. Its webhook asks for a root, for weights that sum to 100 and for one target in each
step; that targets exist, that the walk ends, and that a key means anything to its kind of node, it does not ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from modelinfra.options.gjson import condition_problem
from modelinfra.options.problems import Problem, did_you_mean

ROOT: Final = "root"
"""Where each request begins (v1alpha1.GraphRootNodeName)."""

SEQUENCE, SWITCH, SPLITTER, ENSEMBLE = "Sequence", "Switch", "Splitter", "Ensemble"

# Key of a step -> the kinds of node that read it (router, routeStep), and what is so elsewhere.
_READ_BY: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "weight": ((SPLITTER,), "only a Splitter divides requests by weight"),
    "condition": ((SWITCH, SEQUENCE), "only a Switch and a Sequence ask conditions"),
    "data": ((SEQUENCE,), "every step is sent what the node was sent"),
    "map_predictions_to_instances": ((SEQUENCE,), "only a Sequence changes what it sends"),
    "dependency": (
        (SEQUENCE, ENSEMBLE),
        "the answer of the step that is taken is the node's answer, whatever its status",
    ),
}


def step_name(step: Any) -> str:
    """What a step is called."""
    return str(step.name or step.endpoint or step.node)


def problems_of_nodes(options: Any) -> Iterator[Problem]:
    """Everything that is wrong between nodes and steps. options: of a graph, validated.

    No rule of the options: where one node is malformed, rules see the others alone, and would miss it.
    """
    for problem in _between(options.nodes):
        yield replace(problem, path=f"nodes{problem.path}")


def _between(nodes: Mapping[str, Any]) -> Iterator[Problem]:
    """Paths begin behind `nodes`."""
    if ROOT not in nodes:
        yield Problem("", f"there is no node '{ROOT}', where each request begins", f"Call the first node {ROOT}.")
    for name, node in nodes.items():
        for index, step in enumerate(node.steps):
            for problem in _of_step(node, index, step, nodes):
                yield problem.below(f".{name}.steps[{index}]")
        for problem in _of_node(node):
            yield problem.below(f".{name}")
    yield from _of_the_walk(nodes)


def _of_step(node: Any, index: int, step: Any, nodes: Mapping[str, Any]) -> Iterator[Problem]:
    kind = node.router_type
    if (step.endpoint is None) is (step.node is None):
        reason = "a step asks an endpoint or a node" + (", and this one both" if step.node else "")
        yield Problem("", reason, "Write `endpoint`, or `node`.")
    if step.node is not None and step.node not in nodes:
        yield Problem("node", "there is no such node", did_you_mean(step.node, list(nodes)), step.node)
    if step.node is not None and step.protocol is not None:
        yield Problem("protocol", "a node speaks that of its steps", "Remove it.", step.protocol)
    for key, (readers, otherwise) in _READ_BY.items():
        given = getattr(step, key)
        if given is not None and kind not in readers:
            yield Problem(key, f"this means nothing in a {kind}: {otherwise}", "Remove it.", given)
    if kind == SPLITTER and step.weight is None:
        yield Problem("weight", "this is required in a Splitter", "Write the step's share of requests, in percent.")
    if kind == SWITCH and step.condition is None:
        reason = "this is required in a Switch, which never takes a step without one"
        yield Problem("condition", reason, 'Write for example language.#(=="de"), or "@this", which is in anything.')
    if kind == SEQUENCE and index == 0:
        yield from _of_the_first(step)
    if step.condition is not None:
        yield from condition_problem("condition", step.condition)


def _of_the_first(step: Any) -> Iterator[Problem]:
    """There is no answer yet: the router fails on a condition, and ignores the rest."""
    if step.condition is not None:
        reason = "conditions of a Sequence are asked of the answer of the step before, and there is none"
        yield Problem("condition", reason, "Remove it, or make the node a Switch.", step.condition)
    if step.data == "$response":
        reason = "there is no answer before the first step"
        yield Problem("data", reason, "Remove it: the step is sent what the node was sent.", step.data)


def _of_node(node: Any) -> Iterator[Problem]:
    taken: dict[str, int] = {}
    for index, step in enumerate(node.steps):
        if step.endpoint is None and step.node is None:
            continue
        first = taken.setdefault(step_name(step), index)
        if first != index:
            reason = f"steps[{first}] of this node is called so, too"
            yield Problem(f"steps[{index}].name", reason, "Give one of them another `name`.", step_name(step))
    weights = [step.weight for step in node.steps]
    if node.router_type == SPLITTER and None not in weights and sum(weights) != 100:
        listed = " + ".join(map(str, weights))
        yield Problem("steps", f"weights sum to {sum(weights)} ({listed}), not 100", "Write 100 together.")


def _of_the_walk(nodes: Mapping[str, Any]) -> Iterator[Problem]:
    """That it ends, and that it comes by everything that is declared."""
    met: set[str] = set()
    told: set[str] = set()

    def walk(name: str, way: tuple[str, ...]) -> Iterator[Problem]:
        if name in way:
            circle = (*way[way.index(name) :], name)
            if not told & set(circle):
                told.update(circle)
                reason = f"requests would go round for ever: {' -> '.join(circle)}"
                yield Problem(f".{way[-1]}", reason, "Let one of these steps ask an endpoint.")
            return
        if name not in nodes or name in met:
            return
        for step in nodes[name].steps:
            if step.node is not None:
                yield from walk(step.node, (*way, name))
        met.add(name)

    yield from walk(ROOT, ())
    if ROOT not in nodes:
        return
    for name in nodes:
        if name not in met and name not in told:
            yield Problem(f".{name}", f"no step on the way from {ROOT} leads to it", "Remove it, or name it in a step.")
