"""Secrets that become plain: found, and never told."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from modelinfra.graph.values import Secret
from modelinfra.review.findings import all_findings, secrets
from modelinfra.review.findings.words import is_secret, shown
from tests.review.making import changes, node, only, task, told

ARN = "arn:aws:secretsmanager:us-west-2:1:secret:"
PLANTED = "hunter2-of-the-table"


def container(environment: dict[str, str] | None = None, hidden: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "name": "model",
        "environment": [{"name": key, "value": value} for key, value in (environment or {}).items()],
        "secrets": [{"name": key, "valueFrom": value} for key, value in (hidden or {}).items()],
    }


def test_a_mark_that_goes_is_told() -> None:
    before = node("aws:rds/instance:Instance", "db", password=Secret(PLANTED))
    after = node("aws:rds/instance:Instance", "db", password=PLANTED)
    assert told(secrets.findings, [before], [after]) == [("high", "the database db holds a secret plainly: password")]
    assert told(secrets.findings, [before], [before]) == []


def test_a_secret_that_becomes_a_plain_variable_is_told() -> None:
    before, after = task(container(hidden={"HF": f"{ARN}hf"})), task(container({"HF": PLANTED}))
    assert told(secrets.findings, [before], [after]) == [
        ("high", "HF of the task definition task was a secret, and is now plain")
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [("DB_PASSWORD", PLANTED), ("HF_TOKEN", "abcdefghij"), ("api_key", "k-123456789"), ("DATABASE", "postgres://me:pass@db/x"),
     ("PLAIN", "AKIAABCDEFGHIJKLMNOP"), ("PEM", "-----BEGIN RSA PRIVATE KEY-----")],
)  # fmt: skip
def test_what_looks_like_a_credential(name: str, value: str) -> None:
    assert told(secrets.findings, [task(container())], [task(container({name: value}))]) == [
        ("high", f"{name} of the task definition task looks like a credential, and is plain")
    ]
    assert told(secrets.findings, [task(container({name: value}))], [task(container({name: value}))]) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("TOKEN_ARN", f"{ARN}x"), ("MAX_TOKENS", "4096"), ("TOKENIZER_PATH", "/mnt/x"), ("SECRET", f"{ARN}x"), ("LOG_LEVEL", "info"),
     ("TOKEN_URL", "https://login/x"), ("USE_TOKEN", "true"), ("SECRET_FILE", "/run/secrets/x")],
)  # fmt: skip
def test_what_only_sounds_like_one(name: str, value: str) -> None:
    assert told(secrets.findings, [task(container())], [task(container({name: value}))]) == []


def test_a_function_is_read_too() -> None:
    before = node("aws:lambda/function:Function", "f", environment={"variables": {"A": "b"}})
    after = node("aws:lambda/function:Function", "f", environment={"variables": {"A": "b", "API_KEY": PLANTED}})
    assert told(secrets.findings, [before], [after])[0][0] == "high"


def test_a_secret_that_comes_from_elsewhere_is_told() -> None:
    found = only(
        secrets.findings, [task(container(hidden={"T": f"{ARN}a"}))], [task(container(hidden={"T": f"{ARN}b"}))]
    )
    assert (found.severity, found.title) == ("low", "T of the task definition task comes from another secret")
    assert f"{ARN}b" in found.text


@pytest.mark.parametrize("encode", [False, True])
def test_user_data_is_read_encoded_or_not(encode: bool) -> None:
    script = f"#!/bin/sh\nexport DB_PASSWORD={PLANTED}\n"
    value = base64.b64encode(script.encode()).decode() if encode else script
    key = "userDataBase64" if encode else "userData"
    token = "aws:ec2/instance:Instance"
    assert told(secrets.findings, [node(token, "i")], [node(token, "i", **{key: value})]) == [
        ("high", "the instance i has a credential in its user data")
    ]
    harmless = "export DB_PASSWORD=$(aws secretsmanager get-secret-value)"
    assert told(secrets.findings, [node(token, "i")], [node(token, "i", userData=harmless)]) == []


def test_no_finding_holds_a_value() -> None:
    before = [
        task(container({"A": "1"})),
        node("aws:rds/instance:Instance", "db", password=Secret("old-" + PLANTED), engine=Secret("one")),
    ]
    after = [
        task(container({"DB_PASSWORD": PLANTED})),
        node("aws:rds/instance:Instance", "db", password=Secret(PLANTED), engine=Secret(PLANTED)),
    ]
    found = all_findings(changes(before, after))
    assert found
    assert PLANTED not in repr(found)
    assert "Because of db: engine." in repr(found)


def test_a_part_of_a_secret_is_one() -> None:
    inputs = {"a": Secret({"b": [1]}), "c": [{"d": Secret("x")}]}
    assert [is_secret(inputs, path) for path in ("a.b[0]", "c[0].d", "c", "e", "c[0].e")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert shown(node("x:y:Z", "z", **inputs), "c[0].d", "x") == "[secret]"
