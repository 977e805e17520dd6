"""What a Kubernetes cluster does not take is said before anything is made, with the reason and with what to write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from modelinfra import KubernetesPlatform
from modelinfra.options.declare import declared
from modelinfra.options.environment import PlacedEndpointOptions
from modelinfra.options.scaling import ScalingOptions
from modelinfra.platforms.kubernetes.options import REFUSED, REFUSED_OF_SCALING, TAKEN, TAKEN_OF_SCALING
from tests.kubernetes.tenancies import refused as tenants_refused
from tests.kubernetes.worlds import CLUSTER, GATEWAY, HUB, VLLM, deployed, refusal
from tests.making import SECRET, captured


def test_every_option_of_an_endpoint_is_taken_or_refused_with_a_reason() -> None:
    assert {key.name for key in declared(PlacedEndpointOptions)} == TAKEN | set(REFUSED)
    assert set() == TAKEN & set(REFUSED)
    assert {key.name for key in declared(ScalingOptions)} == TAKEN_OF_SCALING | set(REFUSED_OF_SCALING)


SAID: dict[str, Any] = {
    "tags": {"team": "a"},
    "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
    "logs": {"retention_days": 7},
    "execution_role_arn": "arn:aws:iam::123456789012:role/a",
    "task_role_arn": "arn:aws:iam::123456789012:role/a",
    "security_group_id": "sg-0123456789abcdef0",
    "load_balancer": "own",
    "rollout": {"strategy": "canary"},
    "alarm_topic_arn": "arn:aws:sns:us-west-2:123456789012:alarms",
    "tracing": {"to": "xray"},
    "capture": {},
    "mode": "async",
}


@pytest.mark.parametrize("key", sorted(SAID))
def test_what_means_nothing_there_is_refused(key: str, tmp_path: Path) -> None:
    reason, remedy = REFUSED[key]
    said = refusal(tmp_path, **{key: SAID[key]})
    assert f"{key}: this means nothing on Kubernetes: {reason}. {remedy}" in said


@pytest.mark.parametrize(
    ("scaling", "said"),
    [
        (
            {"max": 4, "concurrency": 5},
            "scaling.concurrency (given: 5): MLServer does not tell how many requests it has. Write `cpu_percent` or `memory_percent`.",
        ),
    ],
)
def test_targets_that_nothing_measures_are_refused(scaling: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, scaling=scaling) == [said]


def test_zero_replicas_are_refused_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, scaling={"min": 0, "max": 2})
    assert [each for each in said if each.startswith("scaling.min")] == said


def test_concurrency_needs_a_prometheus(tmp_path: Path) -> None:
    assert refusal(tmp_path, **VLLM, platform={"prometheus": None}) == [
        "scaling.concurrency (given: 20): KEDA would ask a Prometheus for it, and the platform names none. Write `prometheus: {url: …}` there."
    ]


def test_replicas_with_accelerators_do_not_scale_by_cpu(tmp_path: Path) -> None:
    said = refusal(tmp_path, **{**VLLM, "scaling": {"min": 1, "max": 4, "cpu_percent": 60}})
    assert len(said) == 1
    assert "accelerator" in said[0]


def test_an_accelerator_of_which_nobody_says_where_it_is_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, **{**VLLM, "accelerator": {"name": "L4"}}) == [
        "accelerator.name (given: 'L4'): the platform's `accelerators` do not say which nodes have it. Write one of: A10G."
    ]


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ({"uri": "s3://acme-models/iris/7", "sha256": "0" * 64}, "model.sha256"),
        ({"uri": HUB, "token": SECRET}, "model.token"),
        ({"uri": f"oci://r.example/iris@sha256:{'0' * 64}"}, "model.uri"),
        (
            {"uri": "s3://acme-models/iris/7", "kms_key_arn": "arn:aws:kms:us-west-2:123456789012:key/a"},
            "model.kms_key_arn",
        ),
    ],
)
def test_what_the_storage_initializer_cannot_do_is_refused(model: dict[str, Any], path: str, tmp_path: Path) -> None:
    (said,) = refusal(tmp_path, model=model)
    assert said.startswith(path)


def test_a_secret_of_aws_is_read_by_no_pod(tmp_path: Path) -> None:
    (said,) = refusal(tmp_path, secrets={"TOKEN": SECRET})
    assert said.startswith("secrets.TOKEN: a pod reads secrets of its own namespace")


def test_without_a_gateway_there_is_no_path_and_no_second_revision(tmp_path: Path) -> None:
    said = refusal(tmp_path, path="/iris", revisions={"candidate": {"cpu": 2}})
    assert [each.split(":")[0].split(" ")[0] for each in said] == ["path", "revisions"]


def test_two_endpoints_at_one_path_of_a_gateway_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="'a' is already at /same of the same gateway"):
        deployed(tmp_path, {"a": {"path": "/same"}, "b": {"path": "/same"}}, platform={"gateway": GATEWAY})


def test_what_is_wrong_with_the_endpoint_is_not_told_again_of_its_revisions(tmp_path: Path) -> None:
    said = refusal(tmp_path, platform={"gateway": GATEWAY}, scaling={"min": 0}, revisions={"candidate": {"cpu": 2}})
    assert len(said) == len(set(said))
    assert [each for each in said if each.startswith("revisions.")] == []


def test_a_child_of_ecs_is_nothing_to_adjust(tmp_path: Path) -> None:
    (said,) = refusal(tmp_path, transforms={"target-group": {}})
    assert said.startswith("transforms.target-group: there is nothing for it to adjust")


@pytest.mark.parametrize(
    ("platform", "said"),
    [
        (
            {"cluster": {}},
            "cluster (given: {}): nothing says which cluster, and kubectl's current one may be any. Write `context`, `kubeconfig`, or both, or `eks` for a cluster on EKS.",
        ),
        (
            {"cluster": {"context": "a"}, "create_namespace": False},
            "namespace: no namespace is made (`create_namespace: false`), and none is named. Write the name of the one that there is.",
        ),
    ],
)
def test_a_platform_that_does_not_say_enough_is_refused(platform: dict[str, Any], said: str, tmp_path: Path) -> None:
    told: list[str] = []

    def program() -> None:
        try:
            KubernetesPlatform("k8s", platform)
        except pulumi.RunError as error:
            told.extend(line.strip() for line in str(error).splitlines()[1:])

    graph = captured(program, tmp_path)
    assert told == [said]
    assert json.dumps([node.type for node in graph]).count("kubernetes:") == 0


def test_each_of_several_models_is_told_what_the_storage_initializer_cannot_do(tmp_path: Path) -> None:
    models = {
        "digits": "s3://acme-models/digits/1",
        "fraud": {"uri": "s3://acme-models/fraud/7", "sha256": "0" * 64},
    }
    (said,) = refusal(tmp_path, models=models)
    assert said.startswith("models.fraud.sha256 (given: ")


@pytest.mark.parametrize("serving", ["kserve-knative", "kserve-llm", "seldon"])
def test_a_tenants_namespace_and_several_models_are_of_the_standard_mode_alone(serving: str, tmp_path: Path) -> None:
    platform: dict[str, Any] = {"type": "kubernetes", **CLUSTER, "serving": serving, "namespace": "models"}
    platform |= {"prometheus": None} if serving != "kserve-llm" else {}
    platform |= {"create_namespace": False} if serving == "seldon" else {}
    given = {key: value for key, value in platform.items() if value is not None}
    several = {"server": "mlserver", "models": {"a": HUB}, "tenant": "bank"}
    said = tenants_refused(
        tmp_path, platforms={"k8s": given}, tenants={"bank": {"kubernetes": {}}}, endpoints={"iris": several}
    )
    for words in ("tenant (given: 'bank'): namespaces of tenants are closed for", "models: several models are served"):
        assert [line for line in said if line.startswith(f"endpoints.iris.{words}")], said
