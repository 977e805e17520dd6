"""What the stand-in's provider calls a change, and what it reports when it reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelinfra.graph.replacement import forces_replacement, updated_in_place_after_all
from modelinfra.graph.values import Unknown
from modelinfra.testing.cloud.diffs import differences, reported
from modelinfra.testing.cloud.equivalence import rewritten, same_text

SERVICE, LB, ROLE = "aws:ecs/service:Service", "aws:lb/loadBalancer:LoadBalancer", "aws:iam/role:Role"
TASK, RULE, VPC = "aws:ecs/taskDefinition:TaskDefinition", "aws:lb/listenerRule:ListenerRule", "aws:ec2/vpc:Vpc"
IMAGE = "docker-build:index:Image"

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": ["ecs.amazonaws.com"]}}],
}


def paths(token: str, wanted: Any, state: Any, earlier: Any = None, ignored: tuple[str, ...] = ()) -> list[str]:
    return [d.path for d in differences(token, wanted, state, wanted if earlier is None else earlier, ignored)]


def test_what_the_server_fills_in_is_no_change() -> None:
    assert paths(VPC, {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "default"}) == []


def test_what_the_program_no_longer_says_is_a_change() -> None:
    before = {"tags": {"a": "1", "b": "2"}}
    assert paths(VPC, {"tags": {"a": "1"}}, before, before) == ["tags.b"]
    assert paths(VPC, {}, before, before) == ["tags"]


def test_sets_have_no_order() -> None:
    assert paths(LB, {"subnets": ["a", "b"]}, {"subnets": ["b", "a"]}) == []
    assert paths(LB, {"subnets": ["a", "c"]}, {"subnets": ["b", "a"]}) == ["subnets[0]"]


def test_lists_have_order() -> None:
    assert paths(
        "aws:ecr/repository:Repository", {"encryptionConfigurations": [1, 2]}, {"encryptionConfigurations": [2, 1]}
    )


def test_a_count_that_an_autoscaler_moved_is_a_change_unless_ignored() -> None:
    wanted, state = {"desiredCount": 2}, {"desiredCount": 5}
    assert paths(SERVICE, wanted, state) == ["desiredCount"]
    assert paths(SERVICE, wanted, state, ignored=("desiredCount",)) == []
    assert paths(SERVICE, {}, state) == ["desiredCount"], "the provider does not compute it"


@pytest.mark.parametrize("ignored", ["actions", "actions[0].forward.targetGroups", "actions[*].forward"])
def test_weights_that_a_rollout_moved_are_a_change_unless_ignored(ignored: str) -> None:
    def rule(*weights: int) -> dict[str, Any]:
        return {
            "actions": [{"forward": {"targetGroups": [{"arn": str(i), "weight": w} for i, w in enumerate(weights)]}}]
        }

    assert paths(RULE, rule(100, 0), rule(0, 100))
    assert paths(RULE, rule(100, 0), rule(0, 100), ignored=(ignored,)) == []


def test_numbers_and_texts_are_converted() -> None:
    assert paths(TASK, {"cpu": 256}, {"cpu": "256"}) == []
    assert paths(VPC, {"enableDnsSupport": "true"}, {"enableDnsSupport": True}) == []


def test_an_unknown_value_is_a_change() -> None:
    assert paths(SERVICE, {"taskDefinition": Unknown}, {"taskDefinition": "arn"}) == ["taskDefinition"]


def test_a_registry_password_is_no_change() -> None:
    def image(password: str, name: str = "AWS") -> dict[str, Any]:
        return {"registries": [{"address": "x", "username": name, "password": password}]}

    assert paths(IMAGE, image("new"), image("old")) == []
    assert paths(IMAGE, image("new", "other"), image("old")) == ["registries[0].username"]


def test_equivalent_policies_are_equal() -> None:
    text = json.dumps(POLICY)
    other = rewritten(ROLE, "assumeRolePolicy", text)
    assert other != text
    assert '"Action":"sts:AssumeRole"' in other
    assert same_text(ROLE, "assumeRolePolicy", text, other)
    assert not same_text(ROLE, "assumeRolePolicy", text, text.replace("Allow", "Deny"))


def test_equivalent_container_definitions_are_equal() -> None:
    container = {
        "name": "server",
        "image": "x",
        "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
        "portMappings": [{"containerPort": 80}],
    }
    text = json.dumps([container])
    other = rewritten(TASK, "containerDefinitions", text)
    described = json.loads(other)[0]
    assert described["essential"] is True
    assert [entry["name"] for entry in described["environment"]] == ["A", "B"]
    assert same_text(TASK, "containerDefinitions", text, other)
    assert not same_text(TASK, "containerDefinitions", text, json.dumps([{**container, "image": "y"}]))


def test_a_read_reports_the_keys_that_the_program_set_as_they_are_now() -> None:
    actual = {
        "desiredCount": 5,
        "platformVersion": "LATEST",
        "deploymentCircuitBreaker": {"enable": True, "rollback": False},
    }
    earlier = {"desiredCount": 2, "deploymentCircuitBreaker": {"enable": True}}
    assert reported(SERVICE, actual, earlier) == {"desiredCount": 5, "deploymentCircuitBreaker": {"enable": True}}


def test_a_read_reports_all_of_a_map_but_only_known_parts_of_a_block() -> None:
    assert reported(VPC, {"tags": {"a": "1", "new": "2"}}, {"tags": {"a": "1"}}) == {"tags": {"a": "1", "new": "2"}}
    actual = {"actions": [{"type": "forward", "order": 1}]}
    assert reported(RULE, actual, {"actions": [{"type": "forward"}]}) == {"actions": [{"type": "forward"}]}


@pytest.mark.parametrize(
    ("token", "path", "expected"),
    [
        (VPC, "cidrBlock", True),
        (VPC, "enableDnsSupport", False),
        (TASK, "containerDefinitions", True),
        (SERVICE, "taskDefinition", False),
        (SERVICE, "cluster", True),
        (SERVICE, "capacityProviderStrategies", True),
        (SERVICE, "deploymentConfiguration.strategy", False),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "name", True),
        ("aws:lb/targetGroup:TargetGroup", "port", True),
        ("aws:lb/targetGroup:TargetGroup", "deregistrationDelay", False),
        ("aws:sqs/queue:Queue", "region", True),
    ],
)
def test_replacement_follows_the_table(token: str, path: str, expected: bool) -> None:
    assert forces_replacement(token, path) is expected


@pytest.mark.parametrize(
    ("forced", "before", "expected"),
    [(True, [{"weight": 1}], True), (False, [{"weight": 1}], False), (True, [], False)],
    ids=["forced", "not forced", "had none before"],
)
def test_a_service_changes_its_capacity_strategy_in_place_when_it_forces_a_deployment(
    forced: bool, before: list[dict[str, int]], expected: bool
) -> None:
    news = {"forceNewDeployment": forced, "capacityProviderStrategies": [{"weight": 2}]}
    path = "capacityProviderStrategies.weight"
    found = updated_in_place_after_all("aws:ecs/service:Service", path, news, {"capacityProviderStrategies": before})
    assert found is expected
