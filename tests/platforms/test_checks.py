"""Sample predictions that new replicas must answer before traffic moves to them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelinfra.checker.function import needed_seconds, place_of
from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import plain
from modelinfra.options.rollout import TEST_HEADER
from tests.making import inputs
from tests.platforms.worlds import (
    EGRESS,
    GROUP,
    INGRESS,
    LOAD_BALANCER,
    NETWORK,
    POLICY,
    ROLE,
    SERVICE,
    deployed,
    refusal,
)

FUNCTION = "aws:lambda/function:Function"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
BODY = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}
ONE = {"one": {"body": BODY}}
DOMAIN = {"domain": "digits.example.com", "hosted_zone_id": "Z0123456789ABCDEFGHIJ"}
PUBLIC = {**DOMAIN, "public": True, "auth": {"none": "it is a demonstration"}}


def checked(root: Path, checks: dict[str, Any] | None = None, **options: Any) -> Graph:
    return deployed(root, rollout={"strategy": "canary", "checks": checks or ONE}, **options)


def packed(graph: Graph, name: str) -> str:
    return str(graph.one(FUNCTION).inputs["code"].fields["assets"][name].fields["text"])


def samples(graph: Graph) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(packed(graph, "samples.json"))
    return found


def named(graph: Graph, token: str, name: str) -> Node:
    return next(node for node in graph.all(token) if node.name == name)


def minutes(graph: Graph) -> int:
    return int(graph.one(SERVICE).custom_timeouts["update"].removesuffix("m"))


def test_ecs_calls_the_function_when_new_replicas_have_the_test_traffic_and_no_other(tmp_path: Path) -> None:
    graph = checked(tmp_path)
    function, mover = graph.one(FUNCTION), named(graph, ROLE, "digits-shift")
    assert inputs(graph, SERVICE)["deploymentConfiguration"]["lifecycleHooks"] == [
        {
            "hookTargetArn": function.outputs["arn"],
            "roleArn": mover.outputs["arn"],
            "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
        }
    ]
    call = named(graph, POLICY, "digits-check-call")
    assert json.loads(call.inputs["policy"])["Statement"] == [
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function.outputs["arn"]}
    ]
    assert call.inputs["role"] == mover.outputs["name"]
    assert {function.urn, call.urn} <= set(graph.one(SERVICE).depends_on)


def test_a_sample_is_sent_to_the_path_of_predictions_below_that_of_the_endpoint(tmp_path: Path) -> None:
    (one,) = samples(checked(tmp_path))
    assert one == {
        "name": "one",
        "body": json.dumps(BODY),
        "method": "POST",
        "path": "/digits/v2/models/digits/infer",
        "contentType": "application/json",
        "seconds": 60,
        "status": 200,
    }


def test_what_its_answer_must_be_is_told(tmp_path: Path) -> None:
    given = {"body": "1,2", "content_type": "text/csv", "path": "/score?raw=1", "status": 201}
    wanted = {"contains": "cat", "answer": {"label": [1]}, "latency_ms": 250}
    (one,) = samples(checked(tmp_path, {"one": {**given, **wanted}}))
    assert (one["body"], one["contentType"], one["path"], one["status"]) == (
        "1,2",
        "text/csv",
        "/digits/score?raw=1",
        201,
    )
    assert (one["contains"], one["answer"], one["latencyMs"]) == ("cat", {"label": [1]}, 250)


def test_a_path_without_a_body_is_asked_with_get(tmp_path: Path) -> None:
    (one,) = samples(checked(tmp_path, {"ready": {"path": "/v2/health/ready"}}))
    assert (one["method"], "body" in one) == ("GET", False)


def test_a_file_is_sent_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"\x89PNG\xff")
    (tmp_path / "row.json").write_text("[1]")
    given = {"cat": {"body_file": "cat.png", "content_type": "image/png"}, "row": {"body_file": "row.json"}}
    cat, row = samples(checked(tmp_path, given))
    assert (cat["body64"], cat["method"], row["body"]) == ("iVBOR/8=", "POST", "[1]")


def test_the_function_is_the_file_that_is_tested_and_knows_where_to_ask(tmp_path: Path) -> None:
    graph = checked(tmp_path)
    made = inputs(graph, FUNCTION)
    code = packed(graph, "function.py")
    module, _, name = made["handler"].partition(".")
    (tmp_path / f"{module}.py").write_text(code)
    # As Lambda does it: the file lies in its own folder, and nothing of modelinfra is there.
    command = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {module}; print({module}.{name})"
    told = subprocess.run([sys.executable, "-I", "-S", "-c", command], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("<function handler")
    place = place_of(made["environment"]["variables"])
    balancer = graph.one(LOAD_BALANCER).outputs["dnsName"]
    assert (place.connect, place.host, place.port, place.tls) == (balancer, balancer, 80, False)
    assert place.header == (TEST_HEADER, "digits")


def test_behind_a_domain_its_certificate_is_checked_at_the_load_balancer_itself(tmp_path: Path) -> None:
    graph = checked(tmp_path, exposure=DOMAIN, cluster={"shared_load_balancer": False})
    place = place_of(inputs(graph, FUNCTION)["environment"]["variables"])
    assert (place.host, place.port, place.tls) == ("digits.example.com", 443, True)
    assert place.connect == graph.one(LOAD_BALANCER).outputs["dnsName"]
    assert samples(graph)[0]["path"] == "/v2/models/digits/infer"


@pytest.mark.parametrize(("exposure", "port"), [(None, 80), ({**DOMAIN, "cidrs": ["10.1.0.0/16"]}, 443)])
def test_it_reaches_the_load_balancer_whoever_else_does_and_nothing_else(
    tmp_path: Path, exposure: dict[str, Any] | None, port: int
) -> None:
    graph = checked(tmp_path, **({} if exposure is None else {"exposure": exposure}))
    group = named(graph, GROUP, "digits-checks").id
    assert inputs(graph, FUNCTION)["vpcConfig"] == {"securityGroupIds": [group], "subnetIds": ["subnet-3", "subnet-4"]}
    (out,) = [plain(node.inputs) for node in graph.all(EGRESS) if node.inputs["securityGroupId"] == group]
    (inward,) = [
        plain(node.inputs) for node in graph.all(INGRESS) if node.inputs.get("referencedSecurityGroupId") == group
    ]
    assert (out["fromPort"], out["toPort"], inward["fromPort"], inward["toPort"]) == (port,) * 4
    assert out["referencedSecurityGroupId"] == inward["securityGroupId"]
    assert inward["securityGroupId"] == plain(graph.all(LOAD_BALANCER)[-1].inputs)["securityGroups"][0]
    assert not [node for node in graph.all(INGRESS) if node.inputs["securityGroupId"] == group]


def test_where_the_load_balancer_faces_the_internet_so_does_the_function(tmp_path: Path) -> None:
    graph = checked(tmp_path, exposure=PUBLIC, network=replace(NETWORK, public_subnet_ids=["subnet-5", "subnet-6"]))
    assert "vpcConfig" not in inputs(graph, FUNCTION)
    assert not [
        node for token in (GROUP, INGRESS, EGRESS, ATTACHMENT) for node in graph.all(token) if "check" in node.name
    ]


def test_it_may_write_its_log_and_nothing_else(tmp_path: Path) -> None:
    graph = checked(tmp_path, logs={"retention_days": 7})
    log, role = named(graph, LOG_GROUP, "digits-checks"), named(graph, ROLE, "digits-checks")
    assert log.inputs["retentionInDays"] == 7
    assert inputs(graph, FUNCTION)["loggingConfig"] == {"logFormat": "Text", "logGroup": log.outputs["name"]}
    assert json.loads(role.inputs["assumeRolePolicy"])["Statement"][0]["Principal"] == {
        "Service": "lambda.amazonaws.com"
    }
    (policy,) = [node for node in graph.all(POLICY) if node.inputs["role"] == role.outputs["name"]]
    allowed = [each for each in json.loads(policy.inputs["policy"])["Statement"] if each["Effect"] == "Allow"]
    assert allowed == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{log.outputs['arn']}:*",
        }
    ]
    (attached,) = [node for node in graph.all(ATTACHMENT) if node.inputs["role"] == role.outputs["name"]]
    assert attached.inputs["policyArn"].endswith(":policy/service-role/AWSLambdaENIManagementAccess")
    assert attached.urn in graph.one(FUNCTION).depends_on


def test_pulumi_waits_for_samples_too(tmp_path: Path) -> None:
    without = minutes(deployed(tmp_path, rollout={"strategy": "canary"}))
    assert minutes(checked(tmp_path)) == without + 7
    assert minutes(checked(tmp_path, {each: {"body": 1} for each in ("one", "two", "three")})) > without + 7


def test_the_function_has_the_time_that_its_samples_take_within_lambdas_limit(tmp_path: Path) -> None:
    quick, slow = checked(tmp_path), checked(tmp_path, longest_request="30m", cluster={"idle_timeout": "1h"})
    for graph in (quick, slow):
        assert needed_seconds(samples(graph)[0]) < inputs(graph, FUNCTION)["timeout"] <= 900


def test_other_samples_touch_the_function_alone(tmp_path: Path) -> None:
    before, after = checked(tmp_path), checked(tmp_path, {"one": {"body": {"inputs": []}}})
    assert {(each.name, each.kind) for each in changes(before, after)} == {("digits-checks", "changed")}


def test_the_security_group_of_an_adopted_load_balancer_stays_as_it_is(tmp_path: Path) -> None:
    cluster = {"load_balancer_security_group_id": "sg-0123456789abcdef0"}
    graph = checked(tmp_path, cluster=cluster)
    assert not [node for node in graph.all(INGRESS) if node.name == "digits-lb-from-checks"]
    assert [node for node in graph.all(EGRESS) if node.name == "digits-checks-to-lb"]


CANARY = {"strategy": "canary"}
KEYS = {"api_keys": {"orders": {}}}
MTLS = {
    "mtls": {"trust_store_arn": "arn:aws:elasticloadbalancing:us-west-2:123456789012:truststore/a/1234567890abcdef"}
}


@pytest.mark.parametrize(
    ("rollout", "options", "said"),
    [
        ({"checks": ONE}, {}, "new replicas of a rolling deployment get requests as they come, so nothing can be tried before. Write `strategy: all-at-once`"),
        ({**CANARY, "checks": ONE}, {"exposure": {**DOMAIN, "auth": KEYS}}, "rollout.checks: what sends the samples has nothing to prove itself with, and `exposure.auth.api_keys` asks for it"),
        ({**CANARY, "checks": ONE}, {"exposure": {**DOMAIN, "auth": MTLS}}, "`exposure.auth.mtls` asks for it. Remove it"),
        ({**CANARY, "checks": ONE}, {"exposure": {**PUBLIC, "cidrs": ["192.0.2.0/24"]}}, "comes from an address of AWS that is not in `exposure.cidrs`"),
        ({**CANARY, "checks": {"one": {}}}, {}, "rollout.checks.one (given: {}): nothing is asked"),
        ({**CANARY, "checks": {"one": {"body": 1, "body_file": "a"}}}, {}, "rollout.checks.one.body_file (given: 'a'): there is a `body`, too"),
        ({**CANARY, "checks": {"one": {"body_file": "nowhere.json"}}}, {}, "rollout.checks.one.body_file (given: 'nowhere.json'): the file cannot be read (No such file or directory)"),
        ({**CANARY, "checks": {"one": {"body": "x" * 2**20}}}, {}, "rollout.checks: the samples are 1 MiB together"),
        ({**CANARY, "checks": {"one": {"body": 1, "path": "/metrics"}}}, {"exposure": DOMAIN}, "rollout.checks.one.path (given: '/metrics'): the load balancer forwards /v2/models/digits/infer and /v2/models/digits/ready alone"),
        ({**CANARY, "checks": {"one": {"body": 1}}}, {"exposure": {**DOMAIN, "paths": ["/score"]}}, "rollout.checks.one.path (given: '/v2/models/digits/infer'): the load balancer forwards /score alone"),
        ({**CANARY, "checks": {"one": {"body": 1, "latency_ms": 70_000}}}, {}, "rollout.checks.one.latency_ms"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_said_before_anything_is_made(
    tmp_path: Path, rollout: dict[str, Any], options: dict[str, Any], said: str
) -> None:
    lines = refusal(tmp_path, rollout=rollout, **options)
    assert any(said in line for line in lines), lines
