"""Whether a role opens what is another tenant's: patterns against patterns, inline and attached policies, wildcards, lists of buckets."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.graph.model import Graph
from modelinfra.policies import check, tokens
from modelinfra.policies.tenants import RULES, overlap
from modelinfra.policies.view import View
from tests.review.making import graph, node, policy

BUCKET = "arn:aws:s3:::models"
MODELS = '[{"name": "model", "environment": [{"name": "MODEL", "value": "s3://models/bolt/digits/7"}]}]'


def world(*statements: dict[str, Any], tenant: str = "acme", attached: bool = False) -> Graph:
    """A role of a tenant with these rights, beside a task and a log group of the tenant bolt."""
    role = node(tokens.ROLE, "mine", tags={"tenant": tenant} if tenant else {})
    document = policy(*statements)
    if attached:
        shared = node(tokens.POLICY, "shared", policy=document)
        rights = [shared, node(tokens.ROLE_POLICY_ATTACHMENT, "mine", deps={"role": [role], "policyArn": [shared]})]
    else:
        rights = [node(tokens.ROLE_POLICY, "mine", deps={"role": [role]}, policy=document)]
    task = node(tokens.TASK, "theirs", tags={"tenant": "bolt"}, containerDefinitions=MODELS)
    log = node(tokens.LOG_GROUP, "theirs", tags={"tenant": "bolt"})
    secret = node("aws:secretsmanager/secret:Secret", "theirs", tags={"tenant": "bolt"})
    log.outputs["arn"] = "arn:aws:logs:us-west-2:123456789012:log-group:theirs"
    secret.outputs["arn"] = "arn:aws:secretsmanager:us-west-2:123456789012:secret:theirs-AbCdEf"
    return graph(role, *rights, task, log, secret)


@pytest.mark.parametrize("attached", [False, True], ids=["inline", "attached"])
@pytest.mark.parametrize(
    ("statement", "trespasses"),
    [
        ({"Action": "s3:GetObject", "Resource": f"{BUCKET}/acme/*"}, False),
        ({"Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}, True),
        ({"Action": "s3:*", "Resource": "*"}, True),
        ({"Action": "s3:Get*", "Resource": [f"{BUCKET}/acme/*", f"{BUCKET}/bolt/digits/7/model.joblib"]}, True),
        ({"Action": "s3:GetObject", "Resource": f"{BUCKET}/b???/*/7"}, True),
        ({"Action": "s3:GetBucketLocation", "Resource": BUCKET}, False),
        ({"Action": "s3:ListBucket", "Resource": BUCKET}, True),
        ({"Action": "s3:ListBucket", "Resource": BUCKET, "Condition": {"StringLike": {"s3:prefix": "acme/*"}}}, False),
        ({"Action": "s3:ListBucket", "Resource": BUCKET, "Condition": {"StringLike": {"s3:prefix": ["acme/*", "b*"]}}}, True),
        ({"NotAction": "iam:*", "Resource": "*"}, True),
        ({"NotAction": ["s3:*", "logs:*", "secretsmanager:*"], "Resource": "*"}, False),
        ({"Action": "s3:GetObject", "NotResource": f"{BUCKET}/acme/*"}, True),
        ({"Action": "logs:PutLogEvents", "Resource": "arn:aws:logs:us-west-2:123456789012:log-group:mine:*"}, False),
        ({"Action": "logs:GetLogEvents", "Resource": "arn:aws:logs:*:123456789012:log-group:*"}, True),
        ({"Action": "logs:DescribeLogGroups", "Resource": "*"}, False),
        ({"Action": "secretsmanager:GetSecretValue", "Resource": "arn:aws:secretsmanager:*:*:secret:mine-*"}, False),
        ({"Action": "secretsmanager:GetSecretValue", "Resource": "arn:aws:secretsmanager:*:*:secret:th*"}, True),
    ],
)  # fmt: skip
def test_a_grant_on_what_is_another_tenants_is_found(
    statement: dict[str, Any], trespasses: bool, attached: bool
) -> None:
    found = check(world(statement, attached=attached), RULES)
    assert bool(found) == trespasses, found


def test_a_tenants_own_role_and_denials_are_none() -> None:
    wide = {"Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    assert check(world(wide, tenant="bolt"), RULES) == []
    assert check(world({**wide, "Effect": "Deny"}), RULES) == []


def test_a_role_of_nobody_is_held_to_it_too() -> None:
    (found,) = check(world({"Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}, tenant=""), RULES)
    assert "s3://models/bolt/digits/7 of the tenant bolt" in found.message


def test_without_tenants_there_is_nothing_to_find() -> None:
    role = node(tokens.ROLE, "mine")
    rights = node(tokens.ROLE_POLICY, "mine", deps={"role": [role]}, policy=policy({"Action": "s3:*", "Resource": "*"}))
    assert check(View(graph(role, rights)).graph, RULES) == []


_PATTERNS = st.text("ab*?", max_size=8)


@given(_PATTERNS, _PATTERNS, st.text("ab", max_size=8))
def test_what_both_patterns_match_they_have_in_common(one: str, other: str, text: str) -> None:
    def matches(pattern: str) -> bool:
        return re.fullmatch("".join({"*": ".*", "?": "."}.get(each, each) for each in pattern), text) is not None

    if matches(one) and matches(other):
        assert overlap(one, other)
        assert overlap(other, one)


@given(st.text("ab", max_size=8), st.text("ab", max_size=8))
def test_texts_without_wildcards_overlap_when_they_are_the_same(one: str, other: str) -> None:
    assert overlap(one, other) == (one == other)
