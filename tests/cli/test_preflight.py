"""`modelinfra preflight`: what is asked of AWS before nodes with accelerators are made, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner, Result

from modelinfra.cli import preflight as command
from modelinfra.cli.main import app
from modelinfra.options.environment import EnvironmentOptions
from modelinfra.options.strict import validate
from modelinfra.preflight.answers import Answer, CannotAskError, ask
from modelinfra.preflight.questions import Question, pools_of, questions

EXAMPLES = Path(__file__).parents[2] / "examples"
A10G: dict[str, Any] = {"accelerator": {"name": "A10G"}, "maxNodes": 4, "instanceTypes": ["g5.2xlarge", "g5.4xlarge"]}
EKS: dict[str, Any] = {"type": "kubernetes", "cluster": {"eks": {"version": "1.34", "nodes": "karpenter"}}}
ECS: dict[str, Any] = {"type": "ecs"}


def asked(platform: dict[str, Any], **pools: dict[str, Any]) -> list[Question]:
    given = {"platforms": {"a": platform}, "gpuNodePools": pools}
    return questions(pools_of(validate(EnvironmentOptions, given, style="camel")))


def of_kind(kind: str, found: list[Question]) -> list[Question]:
    return [each for each in found if each.kind == kind]


class Stubbed:
    """A session whose clients answer what they are told, and refuse anything else."""

    def __init__(self) -> None:
        self.stubs: dict[str, Stubber] = {}
        self.clients: dict[str, Any] = {}
        for service in ("service-quotas", "ec2", "ssm"):
            made = boto3.client(service, region_name="us-west-2", aws_access_key_id="x", aws_secret_access_key="x")
            self.clients[service], self.stubs[service] = made, Stubber(made)
            self.stubs[service].activate()

    def client(self, service: str) -> Any:
        return self.clients[service]


@pytest.fixture
def aws() -> Iterator[Stubbed]:
    found = Stubbed()
    yield found
    for each in found.stubs.values():
        each.assert_no_pending_responses()


def quota_answer(value: float) -> dict[str, Any]:
    return {"Quota": {"Value": value}}


def only(found: list[Answer]) -> Answer:
    (answer,) = found
    return answer


def test_pools_of_one_quota_are_added_up_with_their_largest_type_and_their_most_nodes() -> None:
    found = of_kind(
        "quota", asked(ECS, a=A10G, b={"accelerator": {"name": "L4"}, "maxNodes": 2, "instanceTypes": ["g6.xlarge"]})
    )
    assert [(each.quota.code if each.quota else "", each.needed, each.pools) for each in found] == [
        ("L-DB2E81BA", 4 * 16 + 2 * 4, ("a", "b"))
    ]


@pytest.mark.parametrize(
    ("platform", "given", "wanted"),
    [
        (ECS, {"spot": True}, {"L-3819A6DF": 64}),
        (ECS, {"spot": True, "onDemandBase": 1}, {"L-3819A6DF": 64, "L-DB2E81BA": 16}),
        (EKS, {"spot": True}, {"L-3819A6DF": 64, "L-DB2E81BA": 64}),
        (ECS, {"capacity": "managed-instances", "maxNodes": None}, {"L-DB2E81BA": 0}),
    ],
    ids=["spot", "a base on demand", "Karpenter falls back", "nothing limits it"],
)
def test_which_quotas_a_pool_counts_against_follows_from_where_its_nodes_come_from(
    platform: dict[str, Any], given: dict[str, Any], wanted: dict[str, int]
) -> None:
    pool = {key: value for key, value in {**A10G, **given}.items() if value is not None}
    found = of_kind("quota", asked(platform, a=pool))
    assert {each.quota.code: each.needed for each in found if each.quota} == wanted


def test_a_capacity_block_counts_against_no_quota_and_its_reservation_is_asked_for() -> None:
    block = {
        "accelerator": {"name": "H100", "count": 8},
        "maxNodes": 2,
        "reservation": {"ids": ["cr-0123456789abcdef0"], "kind": "capacity-block"},
    }
    found = asked(EKS, a=block)
    assert of_kind("quota", found) == []
    assert [each.name for each in of_kind("reservation", found)] == ["cr-0123456789abcdef0"]


@pytest.mark.parametrize(
    ("platform", "more", "wanted"),
    [
        (ECS, {}, ["/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"]),
        (EKS, {}, ["/aws/service/bottlerocket/aws-k8s-1.34-nvidia/x86_64/latest/image_id"]),
        (
            EKS,
            {"machineImage": "al2023"},
            ["/aws/service/eks/optimized-ami/1.34/amazon-linux-2023/x86_64/nvidia/recommended/image_id"],
        ),
        (EKS, {"amiId": "ami-0123456789abcdef0"}, []),
        ({"type": "kubernetes", "cluster": {"eks": {"version": "1.34", "nodes": "auto-mode"}}}, {}, []),
    ],
)
def test_the_image_that_is_asked_for_is_the_one_that_nodes_would_start_with(
    platform: dict[str, Any], more: dict[str, Any], wanted: list[str]
) -> None:
    assert [each.name for each in of_kind("image", asked(platform, a={**A10G, **more}))] == wanted


def test_a_quota_that_allows_enough_is_right_and_too_little_is_told_with_how_to_ask_for_more(aws: Stubbed) -> None:
    (question,) = of_kind("quota", asked(ECS, a=A10G))
    for value in (64.0, 8.0):
        aws.stubs["service-quotas"].add_response(
            "get_service_quota", quota_answer(value), {"ServiceCode": "ec2", "QuotaCode": "L-DB2E81BA"}
        )
    assert only(ask([question], aws)).state == "ok"
    lacking = only(ask([question], aws))
    assert lacking.state == "lacking"
    assert lacking.said == "Running On-Demand G and VT instances: 8 vCPU, and 64 are asked for at the most"
    assert "--quota-code L-DB2E81BA --desired-value 64" in lacking.remedy


def test_an_account_that_was_granted_nothing_has_the_default(aws: Stubbed) -> None:
    (question,) = of_kind("quota", asked(ECS, a=A10G))
    aws.stubs["service-quotas"].add_client_error("get_service_quota", "NoSuchResourceException")
    aws.stubs["service-quotas"].add_response("get_aws_default_service_quota", quota_answer(0.0))
    assert only(ask([question], aws)).state == "lacking"


def test_a_pool_lacks_zones_only_where_none_of_its_types_is_offered_anywhere(aws: Stubbed) -> None:
    (question,) = of_kind("zones", asked(ECS, a=A10G))
    offered = [{"InstanceType": "g5.4xlarge", "Location": zone} for zone in ("us-west-2b", "us-west-2a")]
    for each in (offered, []):
        aws.stubs["ec2"].add_response("describe_instance_type_offerings", {"InstanceTypeOfferings": each})
    some = only(ask([question], aws))
    assert some.state == "ok"
    assert some.said.startswith("g5.2xlarge in no zone; g5.4xlarge in us-west-2a, us-west-2b.")
    assert only(ask([question], aws)).state == "lacking"


def test_a_machine_image_that_there_is_not_is_lacking(aws: Stubbed) -> None:
    (question,) = of_kind("image", asked(EKS, a=A10G))
    aws.stubs["ssm"].add_response("get_parameter", {"Parameter": {"Value": "ami-1"}}, {"Name": question.name})
    aws.stubs["ssm"].add_client_error("get_parameter", "ParameterNotFound")
    assert only(ask([question], aws)).state == "ok"
    assert only(ask([question], aws)).state == "lacking"


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (
            [{"State": "active", "InstanceType": "g5.4xlarge", "AvailableInstanceCount": 2, "TotalInstanceCount": 2}],
            "ok",
        ),
        ([{"State": "expired", "InstanceType": "g5.4xlarge"}], "lacking"),
        ([{"State": "active", "InstanceType": "g6.4xlarge"}], "lacking"),
        ("InvalidCapacityReservationId.NotFound", "lacking"),
        ("UnauthorizedOperation", "not known"),
    ],
)
def test_a_reservation_must_be_active_and_of_the_pools_type(aws: Stubbed, found: Any, state: str) -> None:
    (question,) = of_kind("reservation", asked(EKS, a={**A10G, "reservation": {"ids": ["cr-0123456789abcdef0"]}}))
    if isinstance(found, str):
        aws.stubs["ec2"].add_client_error("describe_capacity_reservations", found)
    else:
        aws.stubs["ec2"].add_response("describe_capacity_reservations", {"CapacityReservations": found})
    assert only(ask([question], aws)).state == state


def test_what_the_credentials_may_not_ask_is_not_known_and_names_the_permission(aws: Stubbed) -> None:
    (question,) = of_kind("zones", asked(ECS, a=A10G))
    aws.stubs["ec2"].add_client_error("describe_instance_type_offerings", "UnauthorizedOperation")
    answer = only(ask([question], aws))
    assert (answer.state, answer.said) == (
        "not known",
        "AWS does not tell (UnauthorizedOperation): it takes ec2:DescribeInstanceTypeOfferings",
    )


def test_credentials_that_are_no_longer_valid_ask_nothing(aws: Stubbed) -> None:
    (question,) = of_kind("zones", asked(ECS, a=A10G))
    aws.stubs["ec2"].add_client_error("describe_instance_type_offerings", "ExpiredToken")
    with pytest.raises(CannotAskError, match="not valid"):
        ask([question], aws)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["preflight", *arguments])


def test_offline_it_says_what_it_would_ask_and_with_which_permission() -> None:
    result = run("dev", "-C", str(EXAMPLES / "gpu-kserve"), "--offline")
    assert result.exit_code == 0
    assert "aws-k8s-1.34-nvidia" in result.output
    assert "[ec2:DescribeInstanceTypeOfferings], for a10g" in result.output


def test_without_credentials_it_says_so_and_does_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3.Session, "get_credentials", lambda _: None)
    result = run("dev", "-C", str(EXAMPLES / "gpu-chat"), "--region", "us-west-2")
    assert result.exit_code == 0
    assert "Nothing was asked of AWS (there are no credentials)" in result.output


def test_it_fails_where_something_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(found: list[Question], *_: Any) -> list[Answer]:
        return [Answer(each, "lacking" if each.kind == "quota" else "ok", each.asked, "ask for more") for each in found]

    monkeypatch.setattr(command, "_ask", told)
    result = run("dev", "-C", str(EXAMPLES / "gpu-chat"), "--json")
    assert result.exit_code == 1
    answers = json.loads(result.output)["answers"]
    assert {each["state"] for each in answers} == {"lacking", "ok"}
