"""Rights as differences of sets of grants."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.review.findings import permissions, unknown
from modelinfra.review.findings.statements import Grant, gained, grants
from tests.review.making import ENDPOINT, ENVIRONMENT, node, only, policy, told, urn

ROLE, INLINE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
MODELS = "arn:aws:s3:::acme-models/*"


def with_policy(*statements: dict[str, Any], trust: str | None = None) -> list[Node]:
    role = node(ROLE, "task", **({"assumeRolePolicy": trust} if trust else {}))
    return [role, node(INLINE, "task", role="task", policy=policy(*statements), deps={"role": [role]})]


def test_a_right_that_is_gained_is_a_sentence() -> None:
    before = with_policy({"Action": "logs:PutLogEvents", "Resource": "arn:log"})
    after = with_policy(
        {"Action": "logs:PutLogEvents", "Resource": "arn:log"},
        {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": MODELS},
    )
    assert told(permissions.findings, before, after) == [
        ("medium", f"the role task may now s3:GetObject and s3:ListBucket on {MODELS}")
    ]


def test_the_role_is_called_by_its_endpoint() -> None:
    def world(*statements: dict[str, Any]) -> list[Node]:
        environment = node(ENVIRONMENT, "prod")
        endpoint = node(ENDPOINT, "prod-digits", parent=environment.urn)
        roles = [node(ROLE, f"prod-digits-{each}", parent=endpoint.urn) for each in ("task", "execution")]
        given = node(
            INLINE,
            "prod-digits-task",
            parent=endpoint.urn,
            policy=policy(*statements),
            role="prod-digits-task",
            deps={"role": roles[:1]},
        )
        return [environment, endpoint, *roles, given]

    found = only(permissions.findings, world(), world({"Action": "s3:GetObject", "Resource": MODELS}))
    assert found.title == f"the task role of digits may now s3:GetObject on {MODELS}"
    assert found.urn == urn(ROLE, "prod-digits-task")


def test_what_a_wider_grant_covered_is_not_gained() -> None:
    wide = with_policy({"Action": "s3:*", "Resource": "*"})
    narrow = with_policy({"Action": "s3:GetObject", "Resource": MODELS})
    assert told(permissions.findings, wide, narrow) == [("note", "the role task may no longer s3:* on everything")]


@pytest.mark.parametrize(
    "statement",
    [{"Action": "*", "Resource": MODELS}, {"Action": "s3:*", "Resource": MODELS}, {"Action": "iam:PassRole", "Resource": "*"},
     {"NotAction": "iam:*", "Resource": "*"}, {"Action": "kms:Decrypt", "Resource": "*"}],
)  # fmt: skip
def test_wide_rights_are_grave(statement: dict[str, Any]) -> None:
    assert told(permissions.findings, with_policy(), with_policy(statement))[0][0] == "high"


def test_reading_lists_of_everything_is_a_note() -> None:
    assert (
        told(permissions.findings, with_policy(), with_policy({"Action": "ec2:DescribeSubnets", "Resource": "*"}))[0][0]
        == "note"
    )


def test_a_condition_that_goes_is_a_right_that_comes() -> None:
    bound = {"Action": "s3:GetObject", "Resource": MODELS, "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}
    found = told(permissions.findings, with_policy(bound), with_policy({"Action": "s3:GetObject", "Resource": MODELS}))
    assert found[0] == (
        "medium",
        f"the role task may now s3:GetObject on {MODELS}, without the condition that held before",
    )


def test_a_condition_is_told() -> None:
    bound = {"Action": "s3:GetObject", "Resource": MODELS, "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}
    assert told(permissions.findings, with_policy(), with_policy(bound))[0][1].endswith(
        " if aws:SourceVpc StringEquals vpc-1"
    )


def test_a_denial_that_goes_is_told() -> None:
    denied = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}
    assert told(permissions.findings, with_policy(denied), with_policy()) == [
        ("medium", "the role task is no longer denied s3:DeleteObject on everything")
    ]


def test_managed_policies_are_read_where_the_stack_holds_them_and_named_where_not() -> None:
    role = node(ROLE, "task")
    own = node(POLICY, "models", policy=policy({"Action": "s3:GetObject", "Resource": MODELS}))
    attached = node(
        ATTACHMENT, "own", role="task", policyArn=own.outputs["arn"], deps={"role": [role], "policyArn": [own]}
    )
    assert told(permissions.findings, [role, own], [role, own, attached]) == [
        ("medium", f"the role task may now s3:GetObject on {MODELS}")
    ]
    admin = node(
        ATTACHMENT, "admin", role="task", policyArn="arn:aws:iam::aws:policy/AdministratorAccess", deps={"role": [role]}
    )
    assert told(permissions.findings, [role], [role, admin]) == [
        ("high", "the role task may now do all that the policy AdministratorAccess allows")
    ]
    assert (
        told(permissions.findings, [], [node(ROLE, "r", managedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"])])[
            0
        ][0]
        == "note"
    )


def test_a_change_of_a_managed_policy_is_a_change_for_whoever_has_it() -> None:
    def world(*actions: str) -> list[Node]:
        role, own = (
            node(ROLE, "task"),
            node(POLICY, "models", policy=policy({"Action": list(actions), "Resource": MODELS})),
        )
        return [
            role,
            own,
            node(
                ATTACHMENT, "own", role="task", policyArn=own.outputs["arn"], deps={"role": [role], "policyArn": [own]}
            ),
        ]

    assert told(permissions.findings, world("s3:GetObject"), world("s3:GetObject", "s3:PutObject")) == [
        ("medium", f"the role task may now s3:PutObject on {MODELS}")
    ]


def test_rights_of_a_role_of_another_stack_are_told_by_its_name() -> None:
    found = only(
        permissions.findings,
        [],
        [node(INLINE, "more", role="theirs", policy=policy({"Action": "s3:GetObject", "Resource": MODELS}))],
    )
    assert found.title == f"theirs may now s3:GetObject on {MODELS}"
    assert found.urn == urn(INLINE, "more")


def trust(principal: Any, **condition: Any) -> str:
    return policy(
        {"Principal": principal, "Action": "sts:AssumeRole", **({"Condition": condition} if condition else {})}
    )


def test_who_may_take_a_role() -> None:
    service = {"Service": "ecs-tasks.amazonaws.com"}
    assert told(
        permissions.findings,
        with_policy(trust=trust(service)),
        with_policy(trust=trust({"AWS": "arn:aws:iam::999:root"})),
    ) == [
        ("medium", "arn:aws:iam::999:root may now take the role task"),
        ("note", "ecs-tasks.amazonaws.com may no longer take the role task"),
    ]
    assert told(permissions.findings, with_policy(trust=trust(service)), with_policy(trust=trust("*")))[0] == (
        "high", "anybody may now take the role task",
    )  # fmt: skip
    bound = trust(service, StringEquals={"aws:SourceAccount": "1"})
    assert told(permissions.findings, with_policy(trust=bound), with_policy(trust=trust(service))) == [
        ("high", "ecs-tasks.amazonaws.com may now take the role task, without the condition that held before")
    ]


def test_a_boundary_that_goes_is_grave() -> None:
    bound, free = node(ROLE, "task", permissionsBoundary="arn:b"), node(ROLE, "task")
    assert told(permissions.findings, [bound], [free]) == [
        ("high", "the role task has no permissions boundary any more")
    ]
    assert told(permissions.findings, [free], [bound])[0][0] == "note"


def test_a_role_of_another_stack_is_not_judged_but_named() -> None:
    before = node("aws:ecs/taskDefinition:TaskDefinition", "t", taskRoleArn="arn:one", family="t")
    after = node("aws:ecs/taskDefinition:TaskDefinition", "t", taskRoleArn="arn:two", family="t")
    assert told(permissions.findings, [before], [after]) == [
        ("medium", "the task definition t takes another role: arn:two")
    ]


def test_a_document_that_nobody_knows_yet_is_named() -> None:
    role = node(ROLE, "task")
    after = [role, node(INLINE, "task", role="task", policy=Unknown, deps={"role": [role]})]
    found = only(unknown.findings, with_policy({"Action": "s3:GetObject", "Resource": MODELS}), after)
    assert found.title == "what the role task may do is known after apply"


def test_statements_of_every_form_are_read() -> None:
    document = {"Statement": {"Effect": "Allow", "Action": "a:B", "NotResource": ["x"]}}
    assert grants(json.dumps(document)) == {Grant("Allow", "a:B", "not x")}
    assert grants("no json") == frozenset()
    assert gained([Grant("Allow", "S3:get*", "*")], [Grant("Allow", "s3:GetObject", "arn")]) == []
    assert gained([Grant("Deny", "*", "*")], [Grant("Allow", "s3:GetObject", "arn")]) != []
