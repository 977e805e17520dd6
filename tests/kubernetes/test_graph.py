"""A graph of endpoints: what KServe's router is told, what waits for what, and what of it is refused."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelinfra import InferenceGraph, KubernetesPlatform, ModelEndpoint
from modelinfra.graph.values import plain
from modelinfra.review.render.picture import picture
from tests.kubernetes import worlds
from tests.kubernetes.graphs import (
    ANY_NODES,
    ENDPOINTS,
    GRAPH,
    OWN,
    V1,
    asks,
    deployed,
    environment,
    node,
    nodes_that_fit,
    refusal,
    spec,
)
from tests.kubernetes.schemas import complaints
from tests.making import captured, inputs

CASCADE = {
    "root": node(
        "Sequence",
        asks("one"),
        {"node": "unsure", "data": "$response", "condition": 'predictions.#(=="unsure")'},
    ),
    "unsure": node("Ensemble", asks("one", name="again"), asks("two")),
}


def test_each_step_asks_its_endpoint_at_the_address_that_it_has_in_the_cluster(tmp_path: Path) -> None:
    nodes = spec(deployed(environment(CASCADE), tmp_path))["nodes"]
    base = "http://dev-one-predictor.dev-k8s.svc.cluster.local"
    assert nodes["root"]["steps"][0] == {
        "name": "one",
        "serviceUrl": f"{base}/v1/models/one:predict",
        "dependency": "Hard",
    }
    assert [step["name"] for step in nodes["unsure"]["steps"]] == ["again", "two"]


def test_an_answer_of_v1_becomes_a_request_of_v1_without_being_asked(tmp_path: Path) -> None:
    step = spec(deployed(environment(CASCADE), tmp_path))["nodes"]["root"]["steps"][1]
    assert step == {
        "name": "unsure",
        "nodeName": "unsure",
        "data": "$response",
        "mapPredictionsToInstances": True,
        "condition": 'predictions.#(=="unsure")',
        "dependency": "Hard",
    }


def test_a_request_may_take_as_long_as_the_longest_way_and_a_step_as_long_as_its_endpoint(tmp_path: Path) -> None:
    slow = {**ENDPOINTS, "two": {**V1, "longestRequest": "90s"}}
    found = deployed(environment(CASCADE, endpoints=slow), tmp_path)
    # One after the other: 60 seconds of `one`, then the slower of both.
    assert spec(found)["routerTimeouts"] == {"serverRead": 150, "serverWrite": 155, "serviceClient": 90}
    (rule,) = inputs(found, worlds.ROUTE, "dev-way-http-route")["spec"]["rules"]
    assert rule["timeouts"] == {"request": "150s"}
    assert rule["backendRefs"][0]["name"] == "dev-way"
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/way"}}]


def test_a_graph_is_made_when_its_endpoints_serve_and_goes_before_them(tmp_path: Path) -> None:
    found = deployed(environment(CASCADE), tmp_path)
    asked = {found.one(worlds.SERVING, f"dev-{name}-inference-service").urn for name in ("one", "two")}
    waits = set(found.one(GRAPH).depends_on)
    assert asked <= waits
    assert found.one(worlds.SERVING, "dev-chat-inference-service").urn not in waits
    assert plain(found.one(GRAPH).inputs)["metadata"]["annotations"]["pulumi.com/waitFor"] == "condition=Ready"


def test_its_addresses_are_told_as_an_endpoints_are(tmp_path: Path) -> None:
    outputs = plain(deployed(environment(CASCADE), tmp_path).one("modelinfra:index:Environment").outputs)
    assert outputs["urls"]["way"] == "https://models.acme.ai/way"
    assert outputs["predict_urls"]["way"] == "https://models.acme.ai/way/"
    inside = plain(deployed(environment(CASCADE, gateway=False), tmp_path).one("modelinfra:index:Environment").outputs)
    assert inside["predict_urls"]["way"] == "http://dev-way.dev-k8s.svc.cluster.local/"


@pytest.mark.parametrize(("scaling", "writer"), [({"min": 3}, "none"), ({"min": 2, "max": 4}, "external")])
def test_a_number_of_routers_has_one_writer(scaling: dict[str, Any], writer: str, tmp_path: Path) -> None:
    found = deployed(environment(CASCADE, scaling=scaling), tmp_path)
    graph = plain(found.one(GRAPH).inputs)
    assert graph["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == writer
    fixed = {key: graph["spec"].get(key) for key in ("minReplicas", "maxReplicas")}
    scaled = [each for each in found.all(worlds.AUTOSCALER) if each.name.startswith("dev-way")]
    if writer == "none":
        assert (fixed, scaled) == ({"minReplicas": 3, "maxReplicas": 3}, [])
    else:
        assert fixed == {"minReplicas": None, "maxReplicas": None}
        assert plain(scaled[0].inputs)["spec"]["scaleTargetRef"]["name"] == "dev-way"


def test_the_router_is_reached_at_its_port_and_moved_one_at_a_time(tmp_path: Path) -> None:
    found = deployed(environment(CASCADE), tmp_path)
    policy = inputs(found, worlds.POLICY, "dev-way-network-policy")["spec"]
    assert policy["podSelector"] == {"matchLabels": {"app": "isvc.dev-way"}}
    assert policy["ingress"] == [{"ports": [{"protocol": "TCP", "port": 8080}]}]
    assert inputs(found, worlds.BUDGET, "dev-way-disruption-budget")["spec"]["maxUnavailable"] == 1


def test_a_picture_of_the_stack_shows_whom_it_asks(tmp_path: Path) -> None:
    found = deployed(environment(CASCADE), tmp_path)
    arrows = [each for each in picture(found, found, {}).arrows if each.source == found.one(GRAPH).urn]
    assert {found[each.target].name for each in arrows} == {
        "dev-one-inference-service",
        "dev-two-inference-service",
    }


SEQUENCE_OF_V2 = {"root": node("Sequence", {"endpoint": "open"}, {"endpoint": "shut"})}
WRONG: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "no root",
        {"first": node("Ensemble", asks("one"))},
        ["nodes: there is no node 'root', where each request begins. Call the first node root."],
    ),
    (
        "no such endpoint",
        {"root": node("Ensemble", {"endpoint": "wto"})},
        ["nodes.root.steps[0].endpoint (given: 'wto'): there is no such endpoint here. Did you mean 'two'?"],
    ),
    (
        "no such node",
        {"root": node("Ensemble", {"node": "rot"})},
        ["nodes.root.steps[0].node (given: 'rot'): there is no such node. Did you mean 'root'?"],
    ),
    (
        "no target",
        {"root": node("Ensemble", {"name": "a"})},
        ["nodes.root.steps[0]: a step asks an endpoint or a node. Write `endpoint`, or `node`."],
    ),
    (
        "round for ever",
        {"root": node("Sequence", {"node": "b"}), "b": node("Ensemble", {"node": "root"})},
        ["nodes.b: requests would go round for ever: root -> b -> root. Let one of these steps ask an endpoint."],
    ),
    (
        "nothing leads there",
        {"root": node("Ensemble", asks("one")), "b": node("Ensemble", asks("one"))},
        ["nodes.b: no step on the way from root leads to it. Remove it, or name it in a step."],
    ),
    (
        "weights",
        {"root": node("Splitter", asks("one", weight=50), asks("two", weight=40))},
        ["nodes.root.steps: weights sum to 90 (50 + 40), not 100. Write 100 together."],
    ),
    (
        "no weight",
        {"root": node("Splitter", asks("one"))},
        ["nodes.root.steps[0].weight: this is required in a Splitter. Write the step's share of requests, in percent."],
    ),
    (
        "a weight in a Switch",
        {"root": node("Switch", asks("one", condition="@this", weight=3))},
        [
            "nodes.root.steps[0].weight (given: 3): this means nothing in a Switch: only a Splitter divides requests by weight. Remove it."
        ],
    ),
    (
        "no condition",
        {"root": node("Switch", asks("one"))},
        [
            'nodes.root.steps[0].condition: this is required in a Switch, which never takes a step without one. Write for example language.#(=="de"), or "@this", which is in anything.'
        ],
    ),
    (
        "a condition of the first",
        {"root": node("Sequence", asks("one", condition="a"))},
        [
            "nodes.root.steps[0].condition (given: 'a'): conditions of a Sequence are asked of the answer of the step before, and there is none. Remove it, or make the node a Switch."
        ],
    ),
    (
        "the answer before the first",
        {"root": node("Sequence", asks("one", data="$response"))},
        [
            "nodes.root.steps[0].data (given: '$response'): there is no answer before the first step. Remove it: the step is sent what the node was sent."
        ],
    ),
    (
        "JSONPath",
        {"root": node("Switch", asks("one", condition="$.language"))},
        [
            "nodes.root.steps[0].condition (given: '$.language'): this is JSONPath, and the router reads GJSON. Write it without `$.`, for example predictions.#(==\"spam\")."
        ],
    ),
    (
        "a comparison that is none",
        {"root": node("Switch", asks("one", condition="score>0.5"))},
        [
            "nodes.root.steps[0].condition (given: 'score>0.5'): GJSON compares only within #(...), and takes > here for a part of a name, which is in nothing. Write for example predictions.#(==\"spam\"), or [@this].#(score>0.5) of an object."
        ],
    ),
    (
        "a query that does not end",
        {"root": node("Switch", asks("one", condition="a.#(b"))},
        [
            "nodes.root.steps[0].condition (given: 'a.#(b'): a ) is missing. Write for example predictions.#(==\"spam\")."
        ],
    ),
    (
        "one name twice",
        {"root": node("Ensemble", asks("one"), asks("one"))},
        [
            "nodes.root.steps[1].name (given: 'one'): steps[0] of this node is called so, too. Give one of them another `name`."
        ],
    ),
    (
        "answers of V2 are no requests",
        SEQUENCE_OF_V2,
        [
            "nodes.root.steps[1]: it is sent an answer of the Open Inference Protocol, which is no request of the Open Inference Protocol, and the router translates nothing but V1 to V1. Write `data: $request`, or `protocol: v1` at both steps where their servers speak it, or give the endpoint a `transformer`."
        ],
    ),
    (
        "not mapped",
        {"root": node("Sequence", asks("one"), asks("two", mapPredictionsToInstances=False))},
        [
            "nodes.root.steps[1]: an answer of protocol V1 has `predictions` where a request has `instances`. Remove `mapPredictionsToInstances: false`."
        ],
    ),
    (
        "nothing to map",
        {"root": node("Sequence", {"endpoint": "open"}, asks("two", mapPredictionsToInstances=True, data="$response"))},
        [
            "nodes.root.steps[1].mapPredictionsToInstances (given: True): only answers of protocol V1 have `predictions`, and this step is sent an answer of the Open Inference Protocol. Remove it.",
            "nodes.root.steps[1]: it is sent an answer of the Open Inference Protocol, which is no request of V1, and the router translates nothing but V1 to V1. Write `data: $request`, or `protocol: v1` at both steps where their servers speak it, or give the endpoint a `transformer`.",
        ],
    ),
    (
        "several protocols",
        {"root": node("Ensemble", asks("one"), {"endpoint": "open"})},
        [
            "nodes: what clients send goes to steps of different protocols: root.steps[0] (v1), root.steps[1] (v2). Ask endpoints of one protocol, or write `protocol` where a server speaks two."
        ],
    ),
    (
        "a protocol that it does not speak",
        {"root": node("Ensemble", {"endpoint": "chat", "protocol": "v2"})},
        [
            "nodes.root.steps[0].protocol (given: 'v2'): 'chat' is not known to speak it: its server answers at /v1/chat/completions. Remove it."
        ],
    ),
]


@pytest.mark.parametrize(
    ("nodes", "said"), [(nodes, said) for _, nodes, said in WRONG], ids=[each[0] for each in WRONG]
)
def test_what_the_router_would_do_wrong_is_refused(nodes: dict[str, Any], said: list[str]) -> None:
    assert refusal(nodes) == said


def test_what_a_server_of_your_own_takes_and_answers_is_yours_to_know() -> None:
    nodes = {"root": node("Sequence", {"endpoint": "own"}, {"endpoint": "open"}, {"endpoint": "own", "name": "after"})}
    assert refusal(nodes, endpoints={**ENDPOINTS, "own": OWN}) == []


def test_a_graph_needs_names_and_a_path_of_its_own() -> None:
    nodes = {"root": node("Ensemble", asks("one"))}
    assert refusal(nodes, path="/two") == [
        "path (given: '/two'): 'two' is already at /two of the same gateway. Write another `path`."
    ]
    said = refusal(nodes, endpoints={**ENDPOINTS, "way": V1})
    assert said[0] == (
        "inferenceGraphs.way: an endpoint is called so, too, and addresses are told by name. Give one of them another name."
    )


def test_endpoints_of_ecs_make_no_graph(tmp_path: Path) -> None:
    said = environment({"root": node("Ensemble", asks("one"))}, endpoints={"one": V1})
    said["platforms"] = {"web": {"type": "ecs"}}
    with pytest.raises(pulumi.RunError, match="an InferenceGraph is KServe's, and its endpoints run on ECS"):
        deployed(said, tmp_path)


def test_in_a_program_the_endpoints_are_handed_in(tmp_path: Path) -> None:
    def program() -> None:
        cluster = KubernetesPlatform("k8s", worlds.CLUSTER)
        iris = ModelEndpoint("iris", {**V1, "platform": cluster})
        nodes = {"root": {"router_type": "Ensemble", "steps": [{"endpoint": "flowers"}]}}
        graph = InferenceGraph("way", endpoints={"flowers": iris}, nodes=nodes)
        pulumi.export("url", graph.predict_url)

    graph = captured(program, tmp_path)
    (step,) = spec(graph)["nodes"]["root"]["steps"]
    assert step["serviceUrl"] == "http://iris-predictor.k8s.svc.cluster.local/v2/models/iris/infer"
    assert graph.one(worlds.SERVING).urn in graph.one(GRAPH).depends_on


def test_a_graph_whose_steps_meet_again_is_read_once() -> None:
    """Two steps of every node lead to the next one: a million ways, of twenty nodes."""
    names = ["root", *(f"n{index}" for index in range(20))]
    nodes: dict[str, Any] = {
        name: node("Switch", *({"node": after, "name": each, "condition": "@this"} for each in ("a", "b")))
        for name, after in itertools.pairwise(names)
    }
    nodes[names[-1]] = node("Ensemble", asks("one"))
    assert refusal(nodes, endpoints={"one": V1}) == []


@settings(max_examples=8, deadline=None)
@given(nodes=nodes_that_fit(), least=st.integers(1, 3), more=st.integers(0, 2), gateway=st.booleans())
def test_any_graph_that_fits_is_one_that_its_definition_takes(
    nodes: dict[str, Any], least: int, more: int, gateway: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said = environment(
        nodes, gateway=gateway, endpoints={"one": V1, "two": V1}, scaling={"min": least, "max": least + more}
    )
    found = deployed(said, tmp_path_factory.mktemp("graph"))
    made = [each for each in worlds.manifests(found) if each["metadata"]["name"] == "dev-way"]
    assert len(made) >= 2
    assert [wrong for each in made for wrong in complaints(each)] == []


@settings(max_examples=150, deadline=None)
@given(nodes=ANY_NODES)
def test_whatever_is_said_is_refused_or_ends(nodes: dict[str, Any]) -> None:
    """What is taken has a root, targets that exist and no circle, and no key that the router would ignore."""
    if refusal(nodes, endpoints={"one": V1, "two": V1}):
        return

    def steps_from(name: str, depth: int = 0) -> int:
        assert depth <= len(nodes)
        return sum(1 if "endpoint" in step else steps_from(step["node"], depth + 1) for step in nodes[name]["steps"])

    assert steps_from("root") >= 1
    for each in nodes.values():
        if each["routerType"] == "Splitter":
            assert sum(step["weight"] for step in each["steps"]) == 100
