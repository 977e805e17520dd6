"""The stand-in cloud without the engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.cloud import StandInCloud, Thing
from modelinfra.testing.cloud.checks import auto_name, named, problems
from modelinfra.testing.cloud.cloud import Refused, Target

VPC, SUBNET, ROLE = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:iam/role:Role"
GROUP, SERVICE, REPOSITORY = (
    "aws:lb/targetGroup:TargetGroup",
    "aws:ecs/service:Service",
    "aws:ecr/repository:Repository",
)
LISTENER_RULE, IMAGE, TASK = (
    "aws:lb/listenerRule:ListenerRule",
    "docker-build:index:Image",
    "aws:ecs/taskDefinition:TaskDefinition",
)


def at(token: str, name: str = "x", region: str = "eu-west-1", **tags: str) -> Target:
    return Target(f"urn:pulumi:dev::p::{token}::{name}", region, tags)


@pytest.fixture
def cloud(tmp_path: Path) -> StandInCloud:
    return StandInCloud(tmp_path / "cloud.json", root=tmp_path)


def make(cloud: StandInCloud, token: str, title: str = "x", region: str = "eu-west-1", /, **inputs: Any) -> Thing:
    return cloud.create(at(token, title, region), inputs)


def answer(cloud: StandInCloud) -> Any:
    args = {"serviceName": "web-svc", "clusterArn": "arn:aws:ecs:eu-west-1:1:cluster/c"}
    return cloud.invoke("aws:ecs/getService:getService", args, "eu-west-1")


def named_service(cloud: StandInCloud, task: str) -> Thing:
    inputs = {
        "name": "web-svc",
        "cluster": "arn:aws:ecs:eu-west-1:1:cluster/c",
        "taskDefinition": task,
        "desiredCount": 2,
    }
    return cloud.create(at(SERVICE, "web"), inputs)


def test_ids_are_unique_and_regional(cloud: StandInCloud) -> None:
    one, other = make(cloud, VPC, cidrBlock="10.0.0.0/16"), make(cloud, VPC, "y", "us-west-2", cidrBlock="10.0.0.0/16")
    assert one.id != other.id
    assert ":us-west-2:" in other.actual["arn"]


def test_what_exists_outlives_the_process(cloud: StandInCloud, tmp_path: Path) -> None:
    made = make(cloud, VPC, cidrBlock="10.0.0.0/16")
    assert StandInCloud(tmp_path / "cloud.json").things == [made]


def test_defaults_are_filled_in(cloud: StandInCloud) -> None:
    assert make(cloud, VPC, cidrBlock="10.0.0.0/16").actual["enableDnsSupport"] is True


def test_default_tags_of_the_provider_are_in_tags_all(cloud: StandInCloud) -> None:
    thing = cloud.create(at(VPC, "x", team="ml"), {"cidrBlock": "10.0.0.0/16", "tags": {"a": "1"}})
    assert thing.actual["tagsAll"] == {"team": "ml", "a": "1"}


@pytest.mark.parametrize(
    ("token", "inputs", "message"),
    [
        (ROLE, {"name": "r", "assumeRolePolicy": "{}"}, "EntityAlreadyExists: Role with name r"),
        (GROUP, {"name": "g"}, "DuplicateTargetGroupName"),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": "/l"}, "ResourceAlreadyExistsException"),
        (REPOSITORY, {"name": "r"}, "RepositoryAlreadyExistsException"),
        ("aws:ecs/cluster:Cluster", {"name": "c"}, "InvalidParameterException"),
        ("aws:lb/loadBalancer:LoadBalancer", {"name": "l"}, "DuplicateLoadBalancerName"),
        (LISTENER_RULE, {"listenerArn": "arn:l", "priority": 7, "actions": []}, "PriorityInUse: Priority '7'"),
        ("aws:ec2/securityGroup:SecurityGroup", {"name": "s", "vpcId": "v"}, "InvalidGroup.Duplicate"),
        ("aws:ec2/routeTableAssociation:RouteTableAssociation", {"subnetId": "s", "routeTableId": "r"}, "AlreadyAssoc"),
        ("aws:ec2/internetGateway:InternetGateway", {"vpcId": "v"}, "already has an internet gateway"),
        ("aws:ec2/natGateway:NatGateway", {"subnetId": "s", "allocationId": "e"}, r"Elastic IP address \[e\]"),
        (
            "aws:ec2/flowLog:FlowLog",
            {"vpcId": "v", "trafficType": "ALL", "logDestination": "l"},
            "FlowLogAlreadyExists",
        ),
        (
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            {"securityGroupId": "s", "ipProtocol": "tcp", "fromPort": 1, "toPort": 1, "cidrIpv4": "10.0.0.0/8"},
            "InvalidPermission.Duplicate",
        ),
    ],
)
def test_a_name_that_is_taken_is_refused(cloud: StandInCloud, token: str, inputs: dict[str, Any], message: str) -> None:
    make(cloud, token, **inputs)
    with pytest.raises(Refused, match=message):
        make(cloud, token, "y", **inputs)


def test_names_are_taken_per_region_but_roles_everywhere(cloud: StandInCloud) -> None:
    make(cloud, GROUP, name="g")
    make(cloud, GROUP, "x", "us-west-2", name="g")
    make(cloud, ROLE, name="r", assumeRolePolicy="{}")
    with pytest.raises(Refused):
        make(cloud, ROLE, "x", "us-west-2", name="r", assumeRolePolicy="{}")


def test_a_thing_in_use_is_not_deleted(cloud: StandInCloud) -> None:
    vpc = make(cloud, VPC, cidrBlock="10.0.0.0/16")
    subnet = make(cloud, SUBNET, vpcId=vpc.id, cidrBlock="10.0.0.0/24")
    with pytest.raises(Refused, match=f"DependencyViolation: The vpc '{vpc.id}'"):
        cloud.delete(at(VPC), vpc.id, vpc.actual)
    cloud.delete(at(SUBNET), subnet.id, subnet.actual)
    cloud.delete(at(VPC), vpc.id, vpc.actual)
    assert cloud.things == []


def test_a_target_group_behind_a_rule_is_in_use(cloud: StandInCloud) -> None:
    group = make(cloud, GROUP, name="g")
    action = {"forward": {"targetGroups": [{"arn": group.id}]}}
    make(cloud, LISTENER_RULE, listenerArn="l", priority=1, actions=[action])
    with pytest.raises(Refused, match="ResourceInUse"):
        cloud.delete(at(GROUP), group.id, group.actual)


def test_a_protected_load_balancer_is_not_deleted(cloud: StandInCloud) -> None:
    thing = make(cloud, "aws:lb/loadBalancer:LoadBalancer", name="l", enableDeletionProtection=True)
    with pytest.raises(Refused, match="deletion protection is enabled"):
        cloud.delete(at(thing.type), thing.id, thing.actual)


def image(url: str, tag: str, location: str = "context") -> dict[str, Any]:
    return {"push": True, "tags": [f"{url}:{tag}"], "context": {"location": location}}


def test_a_repository_with_images_goes_only_by_force(cloud: StandInCloud) -> None:
    repository = make(cloud, REPOSITORY, name="r")
    make(cloud, IMAGE, **image(repository.actual["repositoryUrl"], "v1"))
    with pytest.raises(Refused, match="RepositoryNotEmptyException"):
        cloud.delete(at(REPOSITORY), "r", repository.actual)
    forced = {**repository.actual, "forceDelete": True}
    cloud.update(at(REPOSITORY), "r", forced, repository.actual, repository.actual)
    cloud.delete(at(REPOSITORY), "r", repository.actual)


def test_an_immutable_tag_is_not_pushed_twice_with_other_content(cloud: StandInCloud, tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "context/model").write_text("one")
    url = make(cloud, REPOSITORY, name="r", imageTagMutability="IMMUTABLE").actual["repositoryUrl"]
    first = make(cloud, IMAGE, **image(url, "v1"))
    make(cloud, IMAGE, "same", **image(url, "v1"))
    (tmp_path / "context/model").write_text("two")
    with pytest.raises(Refused, match="tag is immutable"):
        make(cloud, IMAGE, "other", **image(url, "v1"))
    assert make(cloud, IMAGE, "next", **image(url, "v2")).actual["digest"] != first.actual["digest"]


def test_a_push_to_a_repository_that_is_not_there_fails(cloud: StandInCloud) -> None:
    with pytest.raises(Refused, match="The repository with name 'r' does not exist"):
        make(cloud, IMAGE, **image("123456789012.dkr.ecr.eu-west-1.amazonaws.com/r", "v1"))


def test_revisions_of_a_family_count_up_side_by_side(cloud: StandInCloud) -> None:
    first = make(cloud, TASK, family="web", containerDefinitions="[]")
    second = make(cloud, TASK, family="web", containerDefinitions="[]")
    assert (first.id, second.id) == ("web", "web")
    assert second.actual["arn"].endswith("task-definition/web:2")
    cloud.delete(at(TASK), "web", first.actual)
    assert [thing.actual["revision"] for thing in cloud.all(TASK)] == [2]


def test_a_failure_before_the_effect_leaves_nothing(cloud: StandInCloud) -> None:
    cloud.fail(type="vpc", message="no")
    with pytest.raises(Refused, match=r"^no$"):
        make(cloud, VPC, cidrBlock="10.0.0.0/16")
    assert cloud.things == []
    make(cloud, VPC, cidrBlock="10.0.0.0/16")


def test_a_failure_after_the_effect_leaves_the_thing(cloud: StandInCloud) -> None:
    cloud.fail(type="vpc", when="after", partial=True)
    with pytest.raises(Refused) as refused:
        make(cloud, VPC, cidrBlock="10.0.0.0/16")
    assert refused.value.thing is cloud.one(VPC)


def test_failures_can_be_ordered_through_a_file_while_it_runs(tmp_path: Path) -> None:
    control = tmp_path / "control.json"
    cloud = StandInCloud(control=control)
    make(cloud, VPC, cidrBlock="10.0.0.0/16")
    control.write_text(json.dumps([{"op": "create", "type": "subnet", "times": 1}]))
    with pytest.raises(Refused):
        make(cloud, SUBNET, vpcId="v", cidrBlock="10.0.0.0/24")
    make(cloud, SUBNET, vpcId="v", cidrBlock="10.0.0.0/24")


@pytest.mark.parametrize("order", [{"op": "explode"}, {"when": "never"}, {"partial": True}])
def test_an_order_that_makes_no_sense_is_refused(cloud: StandInCloud, order: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be|say when"):
        cloud.fail(**order)


def test_an_update_leaves_alone_what_it_does_not_change(cloud: StandInCloud) -> None:
    made = named_service(cloud, "web:1")
    believed = dict(made.actual)
    cloud.drift("desired_counts")
    cloud.update(at(SERVICE, "web"), made.id, {**believed, "taskDefinition": "web:2"}, believed, believed)
    assert cloud.one(SERVICE).actual["desiredCount"] == 5
    assert cloud.one(SERVICE).actual["taskDefinition"] == "web:2"


def test_drift_says_what_moved_and_refuses_unknown_kinds(cloud: StandInCloud) -> None:
    named_service(cloud, "web:1")
    assert cloud.drift("desired_counts") == ["desired_counts: aws:ecs/service:Service web"]
    with pytest.raises(ValueError, match="no drift is called moon"):
        cloud.drift("moon")


def test_a_service_that_runs_is_steady(cloud: StandInCloud) -> None:
    named_service(cloud, "web:1")
    seen = answer(cloud)
    assert (seen["taskDefinition"], seen["runningCount"], len(seen["deployments"])) == ("web:1", 2, 1)
    assert "steady state" in seen["events"][0]["message"]


def test_a_rolled_back_deployment_is_told_by_the_look_up(cloud: StandInCloud) -> None:
    made = named_service(cloud, "web:1")
    cloud.roll_back("web", reason="tasks failed container health checks")
    believed = dict(made.actual)
    updated = cloud.update(at(SERVICE, "web"), made.id, {**believed, "taskDefinition": "web:2"}, believed, believed)
    assert updated.actual["taskDefinition"] == "web:1", "the provider reads the service after its wait"
    seen = answer(cloud)
    assert seen["taskDefinition"] == "web:1"
    assert [d["taskDefinition"] for d in seen["deployments"]] == ["web:1", "web:2"]
    assert any("tasks failed container health checks" in event["message"] for event in seen["events"])
    cloud.update(at(SERVICE, "web"), made.id, {**believed, "taskDefinition": "web:3"}, updated.actual, believed)
    assert answer(cloud)["taskDefinition"] == "web:3"


def test_a_first_deployment_that_fails_has_nothing_to_go_back_to(cloud: StandInCloud) -> None:
    cloud.roll_back()
    named_service(cloud, "web:1")
    seen = answer(cloud)
    assert (seen["taskDefinition"], seen["runningCount"]) == ("web:1", 0)
    assert "deployment failed" in seen["events"][0]["message"]


def test_a_service_that_does_not_exist_is_not_found(cloud: StandInCloud) -> None:
    with pytest.raises(Refused, match="couldn't find resource"):
        answer(cloud)


def test_log_ins_to_a_registry_differ_each_time(cloud: StandInCloud) -> None:
    token = "aws:ecr/getAuthorizationToken:getAuthorizationToken"
    assert cloud.invoke(token, {}, "eu-west-1")["password"] != cloud.invoke(token, {}, "eu-west-1")["password"]


def test_what_is_looked_up_by_id_exists_and_is_not_ours(cloud: StandInCloud) -> None:
    found = cloud.read(at(VPC), "vpc-1", {})
    assert found is not None
    assert found.actual["arn"].endswith("vpc/vpc-1")
    assert cloud.things == []


def test_unknown_missing_and_overlong_inputs_are_problems() -> None:
    reasons = [reason for _, reason in problems(SUBNET, {"vpc": "v"})]
    assert reasons == [f"unknown input 'vpc' of {SUBNET}", f"missing required input 'vpcId' of {SUBNET}"]
    ((_, reason),) = problems(GROUP, {"name": "g" * 33})
    assert "cannot be longer than 32 characters" in reason


def test_names_are_made_up_once_and_kept() -> None:
    first = named(GROUP, "web", {}, {}, b"seed")
    assert first["name"].startswith("web-")
    assert named(GROUP, "web", {}, first, b"other seed") == first
    assert named(GROUP, "web", {}, {}, b"other seed") != first, "a replacement gets a new name"


def test_a_name_that_cannot_be_made_short_enough_is_refused() -> None:
    assert len(auto_name(GROUP, "g" * 24, b"s")) == 32
    with pytest.raises(ValueError, match=r"plus 7 random chars is longer than maximum length 32"):
        auto_name(GROUP, "g" * 25, b"s")


def test_required_inputs_are_those_of_the_resource_and_not_of_a_part_with_its_name() -> None:
    encryption = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    assert problems(encryption, {"bucket": "photos", "rules": [{}]}) == []
    assert [key for key, _ in problems(encryption, {})] == ["bucket", "rules"]
