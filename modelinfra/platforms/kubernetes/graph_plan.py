"""What a graph of endpoints comes to: which address each step asks, how long a request may take, how many routers there are. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.options.graph_rules import ROOT, SEQUENCE, step_name
from modelinfra.options.problems import InvalidOptionsError, Problem, did_you_mean
from modelinfra.options.quantities import shown_seconds
from modelinfra.options.server import CUSTOM
from modelinfra.platforms.kubernetes.autoscaling import Autoscaling
from modelinfra.platforms.kubernetes.graph_bodies import V1, V2, follow
from modelinfra.platforms.served_model import ServedModel

_CPU_PERCENT: Final = 60
_SCALE_IN_SECONDS: Final = 300

DRAIN_SECONDS: Final = 30
"""How long a router that is taken away still serves: it waits this long itself and is killed then, since its pod has Kubernetes' default of
30 seconds and an InferenceGraph has no word for more (cmd/router/main.go and createInferenceGraphPodSpec of 0.20.0)."""


@dataclass(frozen=True)
class Asked:
    """An endpoint as a step sees it. paths: protocol -> path of a prediction, the endpoint's own first; the protocol is a path where it is
    neither V1 nor V2, and None where nobody knows it."""

    paths: Mapping[str | None, str]
    longest_request: int
    divided: bool = False
    """Whether requests at the gateway are divided between revisions."""


def asked(served: ServedModel, *, divided: bool, transformed: bool) -> Asked:
    """What steps may ask of an endpoint. transformed: what it takes and answers is its transformer's to say."""
    server, own = served.server, served.predict_path
    seconds = served.longest_request_seconds
    if transformed or server.name == CUSTOM:
        return Asked({None: own}, seconds, divided)
    v1 = server.v1_predict_path_template.replace("{model}", served.model)
    spoken = V1 if own == v1 else V2 if re.fullmatch(r"/v2/models/[^/]+/infer", own) else own
    paths: dict[str | None, str] = {spoken: own}
    return Asked(paths | ({V1: v1} if v1 else {}), seconds, divided)


@dataclass(frozen=True)
class PlannedStep:
    """One step. node, or endpoint and path of a prediction there."""

    name: str
    endpoint: str | None
    predict_path: str
    said: Mapping[str, Any]
    """The rest, as KServe writes it."""


@dataclass(frozen=True)
class GraphPlan:
    """A graph that the cluster will take. path: where it hangs at the gateway; empty where there is none. Times are in seconds."""

    path: str
    nodes: Mapping[str, tuple[str, tuple[PlannedStep, ...]]]
    longest_request: int
    longest_step: int
    cpu: float
    memory_mib: int
    scaling: Autoscaling
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def plan_graph(options: Any, endpoints: Mapping[str, Asked], path: str) -> GraphPlan:
    """Compute a graph of validated options. endpoints: those that steps may name. Raises InvalidOptionsError."""
    nodes = options.nodes
    problems: list[Problem] = []
    speaks: dict[tuple[str, int], str | None] = {}
    for name, node in nodes.items():
        for index, step in enumerate(node.steps):
            if step.endpoint is not None:
                problem = _unasked(step, endpoints)
                if problem is not None:
                    problems.append(problem.below(f"nodes.{name}.steps[{index}]"))
                else:
                    speaks[name, index] = _spoken(step, endpoints[step.endpoint])
    if problems:
        raise InvalidOptionsError(problems)
    bodies = follow(nodes, speaks)
    if bodies.problems:
        raise InvalidOptionsError(bodies.problems)
    steps_of = {step.endpoint for node in nodes.values() for step in node.steps if step.endpoint is not None}
    seconds = options.longest_request or _longest(nodes, endpoints)
    least = options.scaling.min
    most = options.scaling.max or least
    return GraphPlan(
        path=path,
        nodes={
            name: (
                node.router_type,
                tuple(
                    PlannedStep(
                        step_name(step),
                        step.endpoint,
                        endpoints[step.endpoint].paths[speaks[name, index]] if step.endpoint is not None else "",
                        _said(node, index, step, mapped=(name, index) in bodies.maps),
                    )
                    for index, step in enumerate(node.steps)
                ),
            )
            for name, node in nodes.items()
        },
        longest_request=seconds,
        longest_step=max(endpoints[each].longest_request for each in steps_of),
        cpu=options.cpu,
        memory_mib=round(options.memory / 2**20),
        scaling=Autoscaling(
            least, most, cpu_percent=options.scaling.cpu_percent or _CPU_PERCENT, scale_in_seconds=_SCALE_IN_SECONDS
        ),
        notes=(f"a request may take {shown_seconds(seconds)} through all its steps",),
        warnings=tuple(_warnings(seconds, steps_of, endpoints)),
    )


def _unasked(step: Any, endpoints: Mapping[str, Asked]) -> Problem | None:
    found = endpoints.get(step.endpoint)
    if found is None:
        return Problem(
            "endpoint", "there is no such endpoint here", did_you_mean(step.endpoint, list(endpoints)), step.endpoint
        )
    if step.protocol is not None and step.protocol not in found.paths and None not in found.paths:
        reason = f"'{step.endpoint}' is not known to speak it: its server answers at {next(iter(found.paths.values()))}"
        return Problem("protocol", reason, "Remove it.", step.protocol)
    if step.protocol is not None and None in found.paths:
        reason = f"nobody knows which protocols '{step.endpoint}' speaks: its server, or its transformer, is your own"
        return Problem("protocol", reason, "Remove it: it is asked where its `predict_url` says.", step.protocol)
    return None


def _spoken(step: Any, found: Asked) -> str | None:
    return step.protocol if step.protocol is not None else next(iter(found.paths))


def _longest(nodes: Mapping[str, Any], endpoints: Mapping[str, Asked]) -> int:
    """One step after the other takes the sum, all others the longest."""

    @functools.cache
    def of(name: str) -> int:
        times = [
            endpoints[step.endpoint].longest_request if step.endpoint is not None else of(step.node)
            for step in nodes[name].steps
        ]
        return sum(times) if nodes[name].router_type == SEQUENCE else max(times)

    return of(ROOT)


def _said(node: Any, index: int, step: Any, *, mapped: bool) -> dict[str, Any]:
    """Of a Sequence and an Ensemble each step is needed unless `Soft` is said: KServe's own default takes an error for an answer."""
    found: dict[str, Any] = {"nodeName": step.node} if step.node is not None else {}
    if node.router_type == SEQUENCE and index > 0:
        found["data"] = step.data or "$response"
    if mapped:
        found["mapPredictionsToInstances"] = True
    if step.weight is not None:
        found["weight"] = step.weight
    if step.condition is not None:
        found["condition"] = step.condition
    return found | {"dependency": step.dependency or "Hard"}


def _warnings(seconds: int, steps: set[str], endpoints: Mapping[str, Asked]) -> list[str]:
    found = [
        f"steps ask the endpoint's own replicas of '{each}': its `traffic` divides what comes through the gateway only"
        for each in sorted(steps)
        if endpoints[each].divided
    ]
    if seconds > DRAIN_SECONDS:
        found.append(
            f"a router that is taken away is killed after {DRAIN_SECONDS} seconds, and a request may take "
            f"{shown_seconds(seconds)}: clients should try again"
        )
    return found
