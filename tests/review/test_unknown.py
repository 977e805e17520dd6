"""What nobody can know before the deployment is named, and nothing is claimed of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.review.findings import all_findings, permissions, unknown
from modelinfra.review.report import report
from tests.review.making import changes, node, policy, told

ROLE, INLINE = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"


def with_policy(document: Any) -> list[Node]:
    role = node(ROLE, "task")
    return [role, node(INLINE, "task", role="task", policy=document, deps={"role": [role]})]


def test_a_role_with_an_unknown_document_loses_and_gains_nothing_that_is_told() -> None:
    known = with_policy(policy({"Action": "s3:GetObject", "Resource": "*"}))
    assert told(permissions.findings, known, with_policy(Unknown)) == []
    assert told(permissions.findings, with_policy(Unknown), known) == []
    assert told(unknown.findings, known, with_policy(Unknown)) == [
        ("low", "what the role task may do is known after apply")
    ]


def test_a_trust_that_is_unknown_is_not_judged() -> None:
    trust = policy({"Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"})
    before, after = node(ROLE, "task", assumeRolePolicy=trust), node(ROLE, "task", assumeRolePolicy=Unknown)
    assert told(permissions.findings, [before], [after]) == []
    assert told(unknown.findings, [before], [after]) == [("low", "what the role task may do is known after apply")]


def test_what_is_taken_from_a_new_resource_is_replaced_for_sure() -> None:
    vpcs = [node("aws:ec2/vpc:Vpc", "main", cidrBlock=cidr) for cidr in ("10.0.0.0/16", "10.1.0.0/16")]
    before = [vpcs[0], node("aws:ec2/subnet:Subnet", "s", vpcId="main-id", deps={"vpcId": [vpcs[0]]})]
    after = [vpcs[1], node("aws:ec2/subnet:Subnet", "s", vpcId=Unknown, deps={"vpcId": [vpcs[1]]})]
    assert told(unknown.findings, before, after) == []


def test_containers_that_are_unknown_are_named() -> None:
    token = "aws:ecs/taskDefinition:TaskDefinition"
    before, after = node(token, "chat", containerDefinitions="[]"), node(token, "chat", containerDefinitions=Unknown)
    assert told(unknown.findings, [before], [after]) == [
        ("note", "what the task definition chat gets (variables, secrets) is known after apply")
    ]


@pytest.mark.parametrize(
    ("token", "key", "value"),
    [
        ("aws:lb/listener:Listener", "protocol", "HTTPS"),
        ("aws:eks/cluster:Cluster", "vpcConfig", {"endpointPublicAccess": False}),
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicAcls", True),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "alarmActions", ["arn:topic"]),
        ("aws:ecs/cluster:Cluster", "settings", [{"name": "containerInsights", "value": "enhanced"}]),
        ("aws:lb/loadBalancer:LoadBalancer", "accessLogs", {"enabled": True}),
        ("aws:ecs/service:Service", "deploymentCircuitBreaker", {"enable": True, "rollback": True}),
        ("aws:rds/instance:Instance", "deletionProtection", True),
    ],
)
def test_a_guard_that_becomes_unknown_is_not_said_to_be_gone(token: str, key: str, value: Any) -> None:
    rest = (
        dict.fromkeys(("blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
        if "Block" in token
        else {}
    )
    rest = {"internal": True} if "LoadBalancer" in token else rest
    found = all_findings(
        changes([node(token, "it", **{key: value}, **rest)], [node(token, "it", **{key: Unknown}, **rest)])
    )
    claimed = [each for each in found if each.kind not in ("unknown",) and not each.title.startswith("rolling")]
    assert claimed == []


LEAVES = st.one_of(st.integers(), st.text(max_size=5), st.booleans())
KEYS = st.text("abcXYZ", min_size=1, max_size=4)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), st.data(), st.booleans())
def test_whatever_is_not_known_is_named_by_its_property(
    inputs: dict[str, Any], data: st.DataObject, made: bool
) -> None:
    key = data.draw(st.sampled_from(sorted(inputs)))
    hidden: Any = Unknown
    for _ in range(data.draw(st.integers(0, 2))):
        hidden = {"deep": hidden} if data.draw(st.booleans()) else [hidden]
    before = [] if made else [node("aws:sqs/queue:Queue", "it", **inputs)]
    found = report(changes(before, [node("aws:sqs/queue:Queue", "it", **{**inputs, key: hidden})]), region="us-west-2")
    assert [each for each in found.unknowns if each.partition(": ")[2].startswith(key)], found.unknowns
