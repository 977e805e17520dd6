"""How traffic moves to a new revision on ECS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph, Node
from tests.making import inputs
from tests.platforms.worlds import ALARM, ROLE, RULE, SERVICE, TARGET_GROUP, deployed, refusal

CANARY = {"strategy": "canary"}


def service(root: Path, **rollout: Any) -> dict[str, Any]:
    return inputs(deployed(root, rollout=rollout), SERVICE)


def named(graph: Graph, name: str) -> Node:
    return next(node for node in graph.all(RULE) if node.name == name)


def minutes(graph: Graph) -> int:
    return int(graph.one(SERVICE).custom_timeouts["update"].removesuffix("m"))


@pytest.mark.parametrize(
    ("rollout", "configuration"),
    [
        ({"strategy": "all-at-once"}, {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": "0"}),
        ({"strategy": "blue-green", "bake": "30m"}, {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": "30"}),
        (
            CANARY,
            {
                "strategy": "CANARY",
                "bakeTimeInMinutes": "10",
                "canaryConfiguration": {"canaryPercent": 5, "canaryBakeTimeInMinutes": "10"},
            },
        ),
        (
            {"strategy": "linear", "percent": 25, "step_bake": "2m"},
            {
                "strategy": "LINEAR",
                "bakeTimeInMinutes": "10",
                "linearConfiguration": {"stepPercent": 25, "stepBakeTimeInMinutes": "2"},
            },
        ),
    ],
)
def test_ecs_is_told_how_to_move_traffic(
    tmp_path: Path, rollout: dict[str, Any], configuration: dict[str, Any]
) -> None:
    assert service(tmp_path, **rollout)["deploymentConfiguration"] == configuration


def test_a_rolling_deployment_is_told_nothing_and_watched_by_the_circuit_breaker(tmp_path: Path) -> None:
    made = service(tmp_path)
    assert "deploymentConfiguration" not in made
    assert made["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert changes(deployed(tmp_path), deployed(tmp_path, rollout={"strategy": "rolling"})) == []


def test_the_circuit_breaker_belongs_to_rolling_deployments_alone(tmp_path: Path) -> None:
    assert "deploymentCircuitBreaker" not in service(tmp_path, **CANARY)


def test_ecs_gets_both_sets_of_replicas_the_rule_and_a_role_to_write_it(tmp_path: Path) -> None:
    graph = deployed(tmp_path, rollout=CANARY)
    first, second = sorted(graph.all(TARGET_GROUP), key=lambda node: node.name, reverse=True)
    (balanced,) = inputs(graph, SERVICE)["loadBalancers"]
    role = next(node for node in graph.all(ROLE) if "shift" in node.name)
    assert balanced["targetGroupArn"] == first.outputs["arn"]
    assert balanced["advancedConfiguration"] == {
        "alternateTargetGroupArn": second.outputs["arn"],
        "productionListenerRule": named(graph, "digits-rule").outputs["arn"],
        "testListenerRule": named(graph, "digits-test-rule").outputs["arn"],
        "roleArn": role.outputs["arn"],
    }
    trusted = json.loads(role.inputs["assumeRolePolicy"])["Statement"][0]
    assert trusted["Principal"] == {"Service": "ecs.amazonaws.com"}
    attached = graph.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attached.inputs["policyArn"].endswith("/AmazonECSInfrastructureRolePolicyForLoadBalancers")
    assert attached.urn in graph.one(SERVICE).depends_on


def test_the_second_set_hangs_on_the_rule_for_test_traffic_since_ecs_takes_a_deployment_back_otherwise(
    tmp_path: Path,
) -> None:
    graph = deployed(tmp_path, rollout=CANARY)
    production, test = inputs(graph, RULE, "digits-rule"), inputs(graph, RULE, "digits-test-rule")
    second = next(node for node in graph.all(TARGET_GROUP) if node.name == "digits-2")
    assert test["actions"] == [{"type": "forward", "targetGroupArn": second.outputs["arn"]}]
    assert test["conditions"] == [
        *production["conditions"],
        {"httpHeader": {"httpHeaderName": "x-modelinfra-test-traffic", "values": ["digits"]}},
    ]
    assert test["transforms"] == production["transforms"]
    assert test["priority"] < production["priority"]
    assert named(graph, "digits-test-rule").urn in graph.one(SERVICE).depends_on


def test_a_rollout_that_comes_leaves_the_rule_for_traffic_as_it_is(tmp_path: Path) -> None:
    touched = {each.name for each in changes(deployed(tmp_path), deployed(tmp_path, rollout=CANARY))}
    assert "digits-test-rule" in touched
    assert (
        named(deployed(tmp_path), "digits-rule").inputs
        == named(deployed(tmp_path, rollout=CANARY), "digits-rule").inputs
    )


def test_both_sets_are_checked_and_drained_alike(tmp_path: Path) -> None:
    first, second = (node.inputs for node in deployed(tmp_path, rollout=CANARY).all(TARGET_GROUP))
    assert first == second


def test_what_ecs_writes_into_the_rules_is_no_difference(tmp_path: Path) -> None:
    for rule in deployed(tmp_path, rollout=CANARY).all(RULE):
        assert rule.ignore_changes == ["actions[0].forward", "actions[0].targetGroupArn"]
    assert deployed(tmp_path).one(RULE).ignore_changes == []


def test_each_set_is_watched_by_itself_so_that_a_small_part_is_not_lost_among_the_others(tmp_path: Path) -> None:
    graph = deployed(tmp_path, rollout=CANARY)
    alarms = graph.all(ALARM)
    groups = {node.outputs["arnSuffix"] for node in graph.all(TARGET_GROUP)}
    watched = [node.inputs["dimensions"]["TargetGroup"] for node in alarms if "dimensions" in node.inputs]
    assert (len(alarms), set(watched)) == (4, groups)
    assert len(inputs(graph, SERVICE)["alarms"]["alarmNames"]) == 4


def test_pulumi_waits_as_long_as_traffic_is_watched(tmp_path: Path) -> None:
    rolling = minutes(deployed(tmp_path))
    assert minutes(deployed(tmp_path, rollout=CANARY)) == rolling + 20
    linear = {"strategy": "linear", "percent": 30, "step_bake": "5m", "bake": "0s"}
    assert minutes(deployed(tmp_path, rollout=linear)) == rolling + 4 * 5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {
                "rollout": CANARY,
                "exposure": {
                    "domain": "a.example.com",
                    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
                    "paths": ["/a", "/b", "/c", "/d", "/e"],
                },
            },
            "exposure.paths: the rule for test traffic asks for a header, too",
        ),
        (
            {"rollout": CANARY, "rule_priority": 1},
            "rule_priority (given: 1): the rule for test traffic of `rollout` is asked before the endpoint's own",
        ),
        ({"rollout": {"percent": 5}}, "rollout.percent (given: 5): the strategy rolling has no steps"),
        ({"rollout": {"bake": "5m"}}, "after a rolling deployment no old replicas are left to go back to"),
        ({"rollout": {"strategy": "all-at-once", "bake": "5m"}}, "with a way back it is blue-green"),
        ({"rollout": {"strategy": "linear", "percent": 1}}, "the least of a linear step is 3"),
        ({"rollout": {**CANARY, "bake": "90s"}}, "ECS counts whole minutes. Write 2m."),
        (
            {
                "rollout": CANARY,
                "exposure": {
                    "domain": "a.example.com",
                    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
                    "auth": {"jwt": {"issuer": "https://a.example.com", "jwks_url": "https://a.example.com/jwks"}},
                },
            },
            "ECS moves traffic only between rules that do nothing but forward, and `exposure.auth.jwt` makes the rule ask first",
        ),
    ],
)
def test_what_ecs_does_not_do_is_said_before_anything_is_made(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    assert any(said in line for line in refusal(tmp_path, **options)), refusal(tmp_path, **options)
