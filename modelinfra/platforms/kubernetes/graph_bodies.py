"""Whether what a step of a graph is sent is a request of its endpoint's protocol. Pure.

KServe's router passes bodies on as they are. All that it can change is the one word that separates an answer of protocol V1 from a
request of it (cmd/router/main.go of 0.20.0, MapPredictionsToInstances).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from modelinfra.options.graph_rules import ENSEMBLE, ROOT, SEQUENCE
from modelinfra.options.problems import Problem

V1, V2 = "v1", "v2"

_ASKED = "what clients send"
_ANSWERS = "the answers of an Ensemble"
_MAPPED = "instances of V1"

_TITLES: Final = {V1: "an answer of protocol V1", V2: "an answer of the Open Inference Protocol"}

Body = str | None
"""What is sent: one of the words above, a protocol (then an answer of it), or None where nobody knows."""


@dataclass(frozen=True)
class Bodies:
    """What was found. maps: the steps (node, index) whose `predictions` become `instances`."""

    problems: tuple[Problem, ...]
    maps: frozenset[tuple[str, int]]


def follow(nodes: Mapping[str, Any], speaks: Mapping[tuple[str, int], str | None]) -> Bodies:
    """Follow one request through nodes that make a graph. speaks: protocol of each step that asks an endpoint, or its path where it is
    neither V1 nor V2; None where nobody knows what the endpoint takes and answers."""
    walk = _Walk(nodes, speaks)
    walk.node(ROOT, frozenset({_ASKED}))
    return Bodies(tuple(dict.fromkeys([*walk.problems, *walk.mixed()])), frozenset(walk.maps))


@dataclass
class _Walk:
    nodes: Mapping[str, Any]
    speaks: Mapping[tuple[str, int], str | None]
    problems: list[Problem] = field(default_factory=list)
    maps: set[tuple[str, int]] = field(default_factory=set)
    first: dict[tuple[str, int], str] = field(default_factory=dict)
    _taken: dict[str, frozenset[str | None]] = field(default_factory=dict)
    _known: dict[tuple[str, frozenset[Body]], frozenset[Body]] = field(default_factory=dict)

    def node(self, name: str, sent: frozenset[Body]) -> frozenset[Body]:
        """What the node answers. Several steps may lead to it, and to what comes after it."""
        if (name, sent) not in self._known:
            self._known[name, sent] = self._answers(name, sent)
        return self._known[name, sent]

    def _answers(self, name: str, sent: frozenset[Body]) -> frozenset[Body]:
        node = self.nodes[name]
        if node.router_type == SEQUENCE:
            return self._sequence(name, node, sent)
        answers = [self._step(name, index, step, sent) for index, step in enumerate(node.steps)]
        return frozenset({_ANSWERS}) if node.router_type == ENSEMBLE else frozenset[Body]().union(*answers)

    def _sequence(self, name: str, node: Any, sent: frozenset[Body]) -> frozenset[Body]:
        before: frozenset[Body] = frozenset()
        ended: frozenset[Body] = frozenset()
        for index, step in enumerate(node.steps):
            body = sent if index == 0 or step.data == "$request" else before
            if step.condition is not None:
                ended |= before
            before = self._step(name, index, step, self._mapped(name, index, step, body))
        return ended | before

    def _mapped(self, name: str, index: int, step: Any, body: frozenset[Body]) -> frozenset[Body]:
        asked = step.map_predictions_to_instances
        if asked and V1 not in body and None not in body:
            reason = f"only answers of protocol V1 have `predictions`, and this step is sent {_shown(body)}"
            self._told(name, index, "map_predictions_to_instances", reason, "Remove it.", asked)
        if asked is None:
            asked = body == {V1} and self._takes(name, index, step) <= {V1}
        if not asked:
            return body
        self.maps.add((name, index))
        return frozenset(_MAPPED if each == V1 else each for each in body)

    def _takes(self, name: str, index: int, step: Any) -> frozenset[str | None]:
        """The protocols of what the step is passed on to."""
        if step.node is None:
            return frozenset({self.speaks[name, index]})
        return self._node_takes(str(step.node))

    def _node_takes(self, name: str) -> frozenset[str | None]:
        if name not in self._taken:
            inner = self.nodes[name]
            passed = [
                self._takes(name, place, each)
                for place, each in enumerate(inner.steps)
                if inner.router_type != SEQUENCE or place == 0 or each.data == "$request"
            ]
            self._taken[name] = frozenset[str | None]().union(*passed)
        return self._taken[name]

    def _step(self, name: str, index: int, step: Any, body: frozenset[Body]) -> frozenset[Body]:
        if step.node is not None:
            return self.node(step.node, body)
        spoken = self.speaks[name, index]
        for each in sorted(filter(None, body)):
            if each == _ASKED and spoken is not None:
                self.first[name, index] = spoken
            elif each != _ASKED and spoken is not None and (each, spoken) != (_MAPPED, V1):
                self._told(name, index, "", *_misfit(each, spoken))
        return frozenset({spoken})

    def _told(self, name: str, index: int, key: str, reason: str, remedy: str, *given: Any) -> None:
        self.problems.append(Problem(key, reason, remedy, *given).below(f"nodes.{name}.steps[{index}]"))

    def mixed(self) -> Iterator[Problem]:
        """Clients send one body, and it goes to endpoints that take different ones."""
        if len(set(self.first.values())) > 1:
            listed = ", ".join(
                f"{name}.steps[{index}] ({spoken})" for (name, index), spoken in sorted(self.first.items())
            )
            reason = f"what clients send goes to steps of different protocols: {listed}"
            yield Problem(
                "nodes", reason, "Ask endpoints of one protocol, or write `protocol` where a server speaks two."
            )


def _misfit(body: str, spoken: str) -> tuple[str, str]:
    takes = f"a request of {'V1' if spoken == V1 else 'the Open Inference Protocol' if spoken == V2 else spoken}"
    if (body, spoken) == (V1, V1):
        reason = "an answer of protocol V1 has `predictions` where a request has `instances`"
        return reason, "Remove `map_predictions_to_instances: false`."
    return (
        f"it is sent {_shown({body})}, which is no {takes.removeprefix('a ')}, and the router translates nothing but V1 to V1",
        "Write `data: $request`, or `protocol: v1` at both steps where their servers speak it, or give the endpoint a `transformer`.",
    )


def _shown(body: Any) -> str:
    return ", ".join(
        sorted(
            _TITLES.get(each, each if each in (_ASKED, _ANSWERS, _MAPPED) else f"an answer of {each}")
            for each in body
            if each
        )
    )
