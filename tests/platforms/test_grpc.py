"""gRPC beside HTTP: the same replicas on their other port, for the methods that clients need and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from tests.making import inputs
from tests.platforms.worlds import EGRESS, INGRESS, RULE, SCALING_POLICY, SERVICE, TARGET_GROUP, deployed, refusal

DOMAIN = {"domain": "digits.example.com", "hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
JWT = {"jwt": {"issuer": "https://id.example.com", "jwks_url": "https://id.example.com/keys"}}
READY = {"image": "a.example/served@sha256:" + "0" * 64, "model": {"name": "digits", "size": "1GiB"}}
OWN = {"image": "registry.example/own:1.2", "port": 8000, "health_path": "/health", "predict_path": "/predict"}


def spoken(root: Path, grpc: dict[str, Any] | None, **options: Any) -> Graph:
    exposure = {**DOMAIN, **options.pop("exposure", {}), **({} if grpc is None else {"grpc": grpc})}
    return deployed(root, exposure=exposure, cluster={"shared_load_balancer": False}, **options)


def test_the_replicas_are_reached_on_both_ports(tmp_path: Path) -> None:
    graph = spoken(tmp_path, {})
    groups = {node.outputs["arn"]: plain(node.inputs) for node in graph.all(TARGET_GROUP)}
    balanced = inputs(graph, SERVICE)["loadBalancers"]
    assert [(each["containerPort"], groups[each["targetGroupArn"]].get("protocolVersion")) for each in balanced] == [
        (8080, None),
        (8081, "GRPC"),
    ]
    for token in (INGRESS, EGRESS):
        opened = {plain(node.inputs)["fromPort"] for node in graph.all(token) if "tasks" in node.name}
        assert {8080, 8081} <= opened


def test_clients_call_the_methods_that_they_need_and_not_those_that_load_models(tmp_path: Path) -> None:
    graph = spoken(tmp_path, {}, exposure={"auth": JWT})
    rule = inputs(graph, RULE, "digits-own-grpc-rule")
    (condition,) = rule["conditions"]
    assert "/inference.GRPCInferenceService/ModelInfer" in condition["pathPattern"]["values"]
    assert not [each for each in condition["pathPattern"]["values"] if "Repository" in each or "*" in each]
    assert [each["type"] for each in rule["actions"]] == ["jwt-validation", "forward"]
    assert rule["priority"] < inputs(graph, RULE, "digits-own-rule")["priority"]


def test_methods_of_ones_own_take_their_place(tmp_path: Path) -> None:
    graph = spoken(tmp_path, {"methods": ["/acme.Scoring/*"]}, server={**OWN, "grpc_port": 9000})
    assert inputs(graph, RULE, "digits-own-grpc-rule")["conditions"] == [
        {"pathPattern": {"values": ["/acme.Scoring/*"]}}
    ]


def test_whoever_says_that_there_is_no_such_method_speaks_grpc(tmp_path: Path) -> None:
    check = inputs(spoken(tmp_path, {}), TARGET_GROUP, "digits-own-grpc")["healthCheck"]
    assert (check["path"], check["matcher"]) == ("/AWS.ALB/healthcheck", "12")


def test_requests_over_grpc_count_for_autoscaling(tmp_path: Path) -> None:
    graph = spoken(tmp_path, {}, scaling={"min": 2, "max": 4, "requests_per_second_per_replica": 10})
    tracked = inputs(graph, SCALING_POLICY)["targetTrackingScalingPolicyConfiguration"]
    metrics = tracked["customizedMetricSpecification"]["metrics"]
    assert metrics[0]["expression"] == "requests1 + requests2"


def test_grpc_that_comes_touches_nothing_of_http_but_the_service(tmp_path: Path) -> None:
    changed = {
        (each.name, each.kind) for each in changes(spoken(tmp_path, None), spoken(tmp_path, {})) if each.kind != "added"
    }
    assert changed == {("digits-service", "changed"), ("digits-dashboard", "changed")}


def test_a_rollout_moves_both_protocols(tmp_path: Path) -> None:
    graph = spoken(tmp_path, {}, rollout={"strategy": "canary"})
    arns = {node.outputs["arn"]: node.name for token in (TARGET_GROUP, RULE) for node in graph.all(token)}
    moved = [
        [
            each["containerPort"],
            arns[each["targetGroupArn"]],
            *(
                arns[each["advancedConfiguration"][key]]
                for key in ("alternateTargetGroupArn", "productionListenerRule", "testListenerRule")
            ),
        ]
        for each in inputs(graph, SERVICE)["loadBalancers"]
    ]
    assert moved == [
        [8080, "digits-own-to", "digits-own-2", "digits-own-rule", "digits-own-test-rule"],
        [8081, "digits-own-grpc", "digits-own-grpc-2", "digits-own-grpc-rule", "digits-own-grpc-test-rule"],
    ]
    first, second = (inputs(graph, TARGET_GROUP, f"digits-own-grpc{suffix}") for suffix in ("", "-2"))
    assert first == second


def test_test_traffic_over_grpc_has_the_methods_that_a_rule_has_room_for(tmp_path: Path) -> None:
    graph = spoken(tmp_path, {}, rollout={"strategy": "canary"})
    called, header = inputs(graph, RULE, "digits-own-grpc-test-rule")["conditions"]
    assert len(called["pathPattern"]["values"]) + len(header["httpHeader"]["values"]) == 5
    assert called["pathPattern"]["values"][0] == "/inference.GRPCInferenceService/ModelInfer"


CANDIDATE = {"revisions": {"candidate": {"cpu": 2}}, "traffic": {"stable": 90, "candidate": 10}, "stickiness": "1h"}


def test_traffic_divides_requests_of_both_protocols(tmp_path: Path) -> None:
    graph = spoken(tmp_path, {}, **CANDIDATE)
    arns = {node.outputs["arn"]: node.name.replace("2417e7", "-candidate") for node in graph.all(TARGET_GROUP)}
    divided = {}
    for name in ("digits-own-rule", "digits-own-grpc-rule"):
        (action,) = inputs(graph, RULE, name)["actions"]
        groups = action["forward"]["targetGroups"]
        divided[name] = {arns[each["arn"]]: each["weight"] for each in groups}, "stickiness" in action["forward"]
    assert divided == {
        "digits-own-rule": ({"digits-own-to": 90, "digits--candidate-own-to": 10}, True),
        "digits-own-grpc-rule": ({"digits-own-grpc": 90, "digits--candidate-own-grpc": 10}, False),
    }
    ports = [each["containerPort"] for each in inputs(graph, SERVICE, "digits--candidate-service")["loadBalancers"]]
    assert ports == [8080, 8081]


def test_a_revision_is_called_over_grpc_with_its_header(tmp_path: Path) -> None:
    graph = spoken(tmp_path, {}, **CANDIDATE)
    rules = [inputs(graph, RULE, f"digits--candidate-own-grpc-rule{suffix}") for suffix in ("", "-2")]
    own = inputs(graph, RULE, "digits-own-grpc-rule")
    called = [method for rule in rules for method in rule["conditions"][0]["pathPattern"]["values"]]
    assert called == own["conditions"][0]["pathPattern"]["values"]
    for rule in rules:
        assert rule["priority"] < own["priority"]
        assert rule["conditions"][1]["httpHeader"] == {
            "httpHeaderName": "x-modelinfra-revision",
            "values": ["candidate"],
        }
        assert sum(len(next(iter(each.values()))["values"]) for each in rule["conditions"]) <= 5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"exposure": {"grpc": {}}}, "exposure.grpc: a load balancer takes gRPC over HTTPS only"),
        ({"exposure": {**DOMAIN, "grpc": {}}, "server": "torchserve", **READY}, "exposure.grpc: TorchServe has no port for gRPC here"),
        ({"exposure": {**DOMAIN, "grpc": {}}, "server": OWN}, "exposure.grpc: A server has no port for gRPC here. Write `server.grpc_port`."),
        ({"exposure": {**DOMAIN, "grpc": {}}, "server": {**OWN, "grpc_port": 9000}}, "exposure.grpc.methods: which methods clients need of a server of your own is not known"),
        ({"exposure": {**DOMAIN, "grpc": {}, "auth": {"cognito": {}}}}, "clients of gRPC have no browser in which to log in (`auth.cognito`)"),
        ({"exposure": {**DOMAIN, "grpc": {"methods": ["/inference.GRPCInferenceService/*Model*"]}}}, "exposure.grpc.methods[0] (given: '/inference.GRPCInferenceService/*Model*'): this opens RepositoryModelLoad, RepositoryModelUnload of MLServer, which are for its operator"),
        ({"exposure": {**DOMAIN, "grpc": {"methods": ["/tensorflow.serving.ModelService/HandleReloadConfigRequest"]}}, "server": "tensorflow-serving", **READY}, "this opens HandleReloadConfigRequest of TensorFlow Serving, which is for its operator"),
        ({"exposure": {**DOMAIN, "grpc": {"methods": ["ModelInfer"]}}}, "exposure.grpc.methods[0] (given: 'ModelInfer'): this is no method of gRPC"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_said_before_anything_is_made(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    assert any(said in line for line in refusal(tmp_path, **options)), refusal(tmp_path, **options)
