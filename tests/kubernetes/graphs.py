"""InferenceGraphs of environments, captured; and what of them can be drawn at random."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from modelinfra.components.environment_plan import plan_environment
from modelinfra.graph.capture import capture
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from modelinfra.options.problems import InvalidOptionsError
from tests.kubernetes.worlds import GATEWAY

GRAPH = "kubernetes:serving.kserve.io/v1alpha1:InferenceGraph"

V1 = {"server": "kserve-sklearnserver", "model": "s3://acme-models/a/1"}
V2 = {"server": "mlserver", "model": "s3://acme-models/b/1"}
CHAT = {"server": "llama-cpp", "model": {"uri": f"hf://acme/chat@{'a' * 40}", "file": "chat.gguf", "size": "1GiB"}}
OWN = {
    "server": {
        "port": 8080,
        "healthPath": "/health",
        "predictPath": "/clean",
    },
    "image": "r.example/own@sha256:" + "0" * 64,
    "model": {"name": "clean"},
}
ENDPOINTS = {"one": V1, "two": V1, "open": V2, "shut": V2, "chat": CHAT}


def asks(endpoint: str, **more: Any) -> dict[str, Any]:
    """A step that asks an endpoint in protocol V1."""
    return {"endpoint": endpoint, "protocol": "v1", **more}


def node(kind: str, *steps: Mapping[str, Any]) -> dict[str, Any]:
    return {"routerType": kind, "steps": [dict(each) for each in steps]}


def environment(
    nodes: Mapping[str, Any],
    *,
    endpoints: Mapping[str, Any] = ENDPOINTS,
    gateway: bool = True,
    **graph: Any,
) -> dict[str, Any]:
    """One with a graph `way`."""
    platform = {"type": "kubernetes", "cluster": {"context": "models"}, **({"gateway": GATEWAY} if gateway else {})}
    return {
        "platforms": {"k8s": platform},
        "endpoints": dict(endpoints),
        "inferenceGraphs": {"way": {"nodes": nodes, **graph}},
    }


def deployed(given: Mapping[str, Any], root: Path) -> Graph:
    def program() -> None:
        from modelinfra import Environment

        Environment.from_config()

    return capture(program, stack="dev", config={"modelinfra:environment": json.dumps(given)}, root_directory=str(root))


def spec(graph: Graph) -> dict[str, Any]:
    """Of the graph's InferenceGraph."""
    found: dict[str, Any] = plain(graph.one(GRAPH).inputs)["spec"]
    return found


def refusal(nodes: Mapping[str, Any], **more: Any) -> list[str]:
    """What is said of an environment with such a graph."""
    try:
        plan_environment(environment(nodes, **more), "camel", Path("/"))
    except InvalidOptionsError as error:
        return [str(problem).removeprefix("inferenceGraphs.way.") for problem in error.problems]
    return []


CONDITIONS = ('predictions.#(=="a")', "@this", "[@this].#(score>0.5)", "language")
_NAMES = ("root", "b", "c")
_STEP = st.fixed_dictionaries(
    {},
    optional={
        "endpoint": st.sampled_from(["one", "two"]),
        "node": st.sampled_from(_NAMES),
        "protocol": st.just("v1"),
        "data": st.sampled_from(["$request", "$response"]),
        "mapPredictionsToInstances": st.booleans(),
        "weight": st.sampled_from([0, 40, 60, 100]),
        "condition": st.sampled_from(CONDITIONS),
        "dependency": st.sampled_from(["Hard", "Soft"]),
    },
)
ANY_NODES = st.dictionaries(
    st.sampled_from(_NAMES),
    st.fixed_dictionaries(
        {
            "routerType": st.sampled_from(["Sequence", "Switch", "Splitter", "Ensemble"]),
            "steps": st.lists(_STEP, min_size=1, max_size=3),
        }
    ),
    min_size=1,
)
"""Nodes of which most make no graph."""


@st.composite
def nodes_that_fit(draw: st.DrawFn) -> dict[str, Any]:
    """Nodes that make a graph, over the endpoints of protocol V1: a node leads to later ones only, and every one is led to."""
    kinds = ["Sequence", "Switch", "Splitter", "Ensemble"]
    count = draw(st.integers(1, 3))
    names = _NAMES[:count]
    made: dict[str, Any] = {}
    for place, name in enumerate(names):
        kind = draw(st.sampled_from(kinds))
        targets: list[dict[str, Any]] = [asks(each) for each in draw(st.sampled_from([["one"], ["one", "two"]]))]
        if place + 1 < count:
            targets.insert(draw(st.integers(0, len(targets))), {"node": names[place + 1]})
        for index, step in enumerate(targets):
            if kind == "Splitter":
                step["weight"] = 100 if len(targets) == 1 else [100 - 10 * (len(targets) - 1), 10, 10][index]
            if kind == "Switch":
                last = index == len(targets) - 1
                step["condition"] = "@this" if last else draw(st.sampled_from(CONDITIONS))
            if kind == "Sequence" and index:
                # What came before may be the answers of an Ensemble, which no endpoint of V1 takes.
                step["data"] = "$request"
                if draw(st.booleans()):
                    step["condition"] = draw(st.sampled_from(CONDITIONS))
            if kind in ("Sequence", "Ensemble") and draw(st.booleans()):
                step["dependency"] = "Soft"
        made[name] = node(kind, *targets)
    return made
