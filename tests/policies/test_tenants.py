"""Whether a role opens what is another tenant's: patterns against patterns, inline and attached policies, wildcards, lists of buckets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.graph.model import Graph
from modelinfra.policies import check, tokens
from modelinfra.policies.tenants import RULES, belongings, overlap, trespasses
from modelinfra.policies.view import View
from tests.review.making import graph, node, policy
from tests.walk.base import write_model
from tests.walk.test_walk_captured import graph_of

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
    results = node("aws:s3/bucket:Bucket", "results", tags={"tenant": "bolt"})
    queue = node("aws:sqs/queue:Queue", "theirs", tags={"tenant": "bolt"})
    results.outputs["arn"] = "arn:aws:s3:::results-of-bolt"
    queue.outputs["arn"] = "arn:aws:sqs:us-west-2:123456789012:theirs"
    log.outputs["arn"] = "arn:aws:logs:us-west-2:123456789012:log-group:theirs"
    secret.outputs["arn"] = "arn:aws:secretsmanager:us-west-2:123456789012:secret:theirs-AbCdEf"
    return graph(role, *rights, task, log, secret, results, queue)


@pytest.mark.parametrize("attached", [False, True], ids=["inline", "attached"])
@pytest.mark.parametrize(
    ("statement", "trespasses"),
    [
        ({"Action": "s3:GetObject", "Resource": f"{BUCKET}/acme/*"}, False),
        ({"Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}, True),
        ({"Action": "s3:*", "Resource": "*"}, True),
        ({"Action": "s3:Get*", "Resource": [f"{BUCKET}/acme/*", f"{BUCKET}/bolt/digits/7/model.joblib"]}, True),
        ({"Action": "s3:GetObject", "Resource": f"{BUCKET}/b???/*/7"}, True),
        ({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::results-*/*"}, True),
        ({"Action": "sqs:ReceiveMessage", "Resource": "arn:aws:sqs:us-west-2:123456789012:mine"}, False),
        ({"Action": "sqs:*", "Resource": "arn:aws:sqs:us-west-2:123456789012:*"}, True),
        ({"Action": "s3:GetBucketLocation", "Resource": BUCKET}, False),
        ({"Action": "s3:ListBucket", "Resource": BUCKET}, True),
        ({"Action": "s3:ListBucket", "Resource": BUCKET, "Condition": {"StringLike": {"s3:prefix": "acme/*"}}}, False),
        ({"Action": "s3:ListBucket", "Resource": BUCKET, "Condition": {"StringLike": {"s3:prefix": ["acme/*", "b*"]}}}, True),
        ({"NotAction": "iam:*", "Resource": "*"}, True),
        ({"NotAction": ["s3:*", "sqs:*", "logs:*", "secretsmanager:*"], "Resource": "*"}, False),
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


@pytest.mark.parametrize(("tenant", "other"), [("acme", "bolt"), ("bolt", "acme"), (None, "acme")])
def test_asynchronous_endpoints_of_two_tenants_open_nothing_of_each_other(
    tmp_path: Path, tenant: str | None, other: str
) -> None:
    write_model(tmp_path)
    endpoints = {
        name: {
            "tenant": name,
            "server": "mlserver",
            "model": {"uri": f"s3://models/{name}/digits/7", "size": "1GiB"},
            "mode": "async",
            "scaling": {"min": 0, "max": 3},
        }
        for name in ("acme", "bolt")
    }
    environment = {"platforms": {"web": {"type": "ecs"}}, "tenants": {"acme": {}, "bolt": {}}, "endpoints": endpoints}
    view = View(graph_of(environment, tmp_path))
    assert {"sqs", "s3", "logs"} <= {pattern.split(":")[2] for pattern in belongings(view, other)}
    assert list(trespasses(view, tenant, other)) == []


@pytest.mark.parametrize("bucket", [None, "acme-training"], ids=["made", "shared"])
@pytest.mark.parametrize(("tenant", "other"), [("acme", "bolt"), ("bolt", "acme"), (None, "acme")])
def test_what_is_captured_of_two_tenants_is_open_to_neither_of_the_other(
    tmp_path: Path, tenant: str | None, other: str, bucket: str | None
) -> None:
    write_model(tmp_path)
    capture = {"bucket": bucket} if bucket is not None else {}
    endpoints = {
        name: {"tenant": name, "server": "mlserver", "model": "model", "capture": capture} for name in ("acme", "bolt")
    }
    environment = {"platforms": {"web": {"type": "ecs"}}, "tenants": {"acme": {}, "bolt": {}}, "endpoints": endpoints}
    view = View(graph_of(environment, tmp_path))
    assert any("captured" in pattern for pattern in belongings(view, other))
    assert list(trespasses(view, tenant, other)) == []
    # A role that may read everybody's would be told.
    for each in view.all(tokens.ROLE_POLICY):
        if each.name.endswith("-capture"):
            each.inputs["policy"] = policy({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"})
    assert bool(list(trespasses(View(view.graph), tenant, other))) == (tenant is not None)


def test_a_tenants_own_role_and_denials_are_none() -> None:
    wide = {"Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    assert check(world(wide, tenant="bolt"), RULES) == []
    assert check(world({**wide, "Effect": "Deny"}), RULES) == []


def test_a_role_of_nobody_is_held_to_it_too() -> None:
    (found,) = check(world({"Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}, tenant=""), RULES)
    assert "s3://models/bolt/digits/7 of the tenant bolt" in found.message


def serving_both(*statements: dict[str, Any], tags: dict[str, str] | None = None) -> Graph:
    """A task that serves a model of acme and one of bolt, with a role that has these rights."""
    shared = {"tenant:acme": "words", "tenant:bolt": "digits fraud"} if tags is None else tags
    works = [
        {"uri": f"s3://models/{uri}", "to": f"/model/{name}"}
        for name, uri in (("words", "acme/words/3"), ("digits", "bolt/digits/7"))
    ]
    fetcher = {
        "name": "model-fetch",
        "environment": [{"name": "MODELINFRA_FETCH", "value": json.dumps({"models": works})}],
    }
    role = node(tokens.ROLE, "shared", tags=shared)
    rights = node(tokens.ROLE_POLICY, "shared", deps={"role": [role]}, policy=policy(*statements))
    task = node(
        tokens.TASK, "shared", deps={"taskRoleArn": [role]}, tags=shared, containerDefinitions=json.dumps([fetcher])
    )
    log = node(tokens.LOG_GROUP, "theirs", tags={"tenant": "bolt"})
    log.outputs["arn"] = "arn:aws:logs:us-west-2:123456789012:log-group:theirs"
    other = MODELS.replace("digits/7", "other/1")
    return graph(
        role, rights, task, log, node(tokens.TASK, "theirs", tags={"tenant": "bolt"}, containerDefinitions=other)
    )


def read(*prefixes: str) -> dict[str, Any]:
    return {"Action": "s3:GetObject", "Resource": [f"{BUCKET}/{prefix}*" for prefix in prefixes]}


def test_what_serves_several_tenants_may_read_the_models_that_it_serves() -> None:
    assert check(serving_both(read("acme/words/", "bolt/digits/")), RULES) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (read("acme/words/", "bolt/"), "s3://models/bolt/other/1 of the tenant bolt"),
        ({"Action": "logs:GetLogEvents", "Resource": "*"}, "theirs of the tenant bolt"),
    ],
)
def test_and_nothing_else_of_theirs(statement: dict[str, Any], found: str) -> None:
    (complaint,) = check(serving_both(statement), RULES)
    assert found in complaint.message


def test_a_tag_alone_opens_nothing() -> None:
    """A role that says that it serves a tenant, while no task with it does."""
    shared = serving_both(read("acme/words/", "bolt/digits/"), tags={"tenant:acme": "words"})
    for each in shared.all(tokens.TASK):
        if each.name == "theirs":
            each.inputs["containerDefinitions"] = MODELS
    (complaint,) = check(shared, RULES)
    assert "s3://models/bolt/digits/7 of the tenant bolt" in complaint.message


def test_a_tenants_model_on_a_shared_task_is_closed_to_the_other_tenant() -> None:
    world_of_both = serving_both()
    mine = node(tokens.ROLE, "mine", tags={"tenant": "acme"})
    rights = node(tokens.ROLE_POLICY, "mine", deps={"role": [mine]}, policy=policy(read("bolt/digits/")))
    both = graph(*world_of_both, mine, rights)
    (complaint,) = check(both, RULES)
    assert "s3://models/bolt/digits/7 of the tenant bolt" in complaint.message


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
