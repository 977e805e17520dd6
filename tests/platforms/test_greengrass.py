"""A fleet on Greengrass: what its rings run, who its devices are to AWS, what a claim can do, and what an edit touches."""

from __future__ import annotations

import datetime
import json
import re
import shlex
import subprocess
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto.iam.access_control import IAMPolicy, PermissionResult

from modelinfra.admission.function import answer
from modelinfra.graph.compare import changes
from modelinfra.graph.cost import estimate
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from modelinfra.platforms.edge.greengrass.identity import THING_OF_CREDENTIALS
from modelinfra.platforms.edge.telemetry import GPU
from modelinfra.review.changes import between
from modelinfra.review.findings import all_findings
from modelinfra.router.figures import FIGURES
from modelinfra.router.settings import LogGroup, read
from tests.making import inputs
from tests.platforms import test_edge_fleet as on_ecs
from tests.platforms.iot_policies import allows, rendered
from tests.platforms.worlds import ALARM, POLICY, ROLE

COMPONENT, DEPLOYMENT = "aws-native:greengrassv2:ComponentVersion", "aws-native:greengrassv2:Deployment"
GROUP, TEMPLATE = "aws:iot/thingGroup:ThingGroup", "aws:iot/provisioningTemplate:ProvisioningTemplate"
FUNCTION, EVENT_RULE = "aws:lambda/function:Function", "aws:cloudwatch/eventRule:EventRule"
TOPIC_RULE, LOG_GROUP = "aws:iot/topicRule:TopicRule", "aws:cloudwatch/logGroup:LogGroup"
CLAIM = {"expires": "2027-01-15", "devices": 200}
IOT = "arn:aws:iot:us-west-2:123456789012:"


def fleet(root: Path, **options: Any) -> Graph:
    return on_ecs.fleet(root, runtime="greengrass", **options)


def recipe(graph: Graph, ring: str, before: str = "") -> dict[str, Any]:
    return dict(json.loads(inputs(graph, COMPONENT, f"{before}stores-{ring}-component")["inlineRecipe"]))


def lifecycle(found: Mapping[str, Any]) -> dict[str, Any]:
    (manifest,) = found["Manifests"]
    return dict(manifest["Lifecycle"])


def test_each_ring_is_a_group_whose_deployment_says_what_its_devices_run(tmp_path: Path) -> None:
    graph = fleet(tmp_path, rings=on_ecs.TWO_RINGS)
    names = set()
    for ring in ("canary", "shops"):
        deployed = inputs(graph, DEPLOYMENT, f"stores-{ring}-deployment")
        assert deployed["targetArn"] == graph.one(GROUP, f"stores-{ring}-devices").outputs["arn"]
        found = recipe(graph, ring)
        names.add(found["ComponentName"])
        assert deployed["components"][found["ComponentName"]] == {"componentVersion": found["ComponentVersion"]}
        # Left out, AWS would give devices another nucleus whenever a component asks for a newer one.
        assert deployed["components"]["aws.greengrass.Nucleus"]["componentVersion"]
        (manifest,) = found["Manifests"]
        (artifact,) = manifest["Artifacts"]
        assert artifact["URI"].startswith("docker:123456789012.dkr.ecr.us-west-2.amazonaws.com/")
        assert "@sha256:" in artifact["URI"]
        assert manifest["Platform"] == {"os": "linux", "architecture": "amd64"}
    # One name for all rings: a device that changes its ring changes a version, and ends the old before the new takes its ports.
    assert len(names) == 1
    assert not graph.all("aws:ecs/service:Service")


def test_what_is_other_has_another_version_and_what_is_the_same_the_same(tmp_path: Path) -> None:
    revisions = {"candidate": {"model": "newer"}}
    before = fleet(tmp_path, rings=on_ecs.TWO_RINGS, revisions=revisions)
    again = fleet(tmp_path, rings=on_ecs.TWO_RINGS, revisions=revisions)
    promoted = [{**on_ecs.TWO_RINGS[0], "revision": "candidate"}, on_ecs.TWO_RINGS[1]]
    after = fleet(tmp_path, rings=promoted, revisions=revisions)
    versions = [recipe(graph, "canary")["ComponentVersion"] for graph in (before, again, after)]
    assert versions[0] == versions[1] != versions[2]
    assert recipe(before, "shops")["ComponentVersion"] != versions[0], "two rings would be one version with two recipes"
    assert all(0 <= int(number) < 10**6 for version in versions for number in version.split("."))
    assert {each.name for each in changes(before, after)} == {"stores-canary-component", "stores-canary-deployment"}


def test_the_new_is_made_before_the_old_goes(tmp_path: Path) -> None:
    graph = fleet(tmp_path, rings=on_ecs.TWO_RINGS)
    for node in (*graph.all(COMPONENT), *graph.all(DEPLOYMENT)):
        # The native provider may say otherwise; the option has the last word (pulumi 3.259, step_generator.go).
        assert node.delete_before_replace is False


def test_scripts_on_devices_are_ones_that_a_shell_takes(tmp_path: Path) -> None:
    for graph in (fleet(tmp_path), environment(tmp_path)):
        for node in graph.all(COMPONENT):
            found = lifecycle(json.loads(plain(node.inputs)["inlineRecipe"]))
            for step in found.keys() - {"Setenv"}:
                run = subprocess.run(
                    ["sh", "-n"], input=found[step]["Script"], text=True, capture_output=True, check=False
                )
                assert run.returncode == 0, run.stderr
                assert found[step]["RequiresPrivilege"] is True, "the nucleus' own user may not ask Docker"


DOCKER = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$1" in
  exec) [ "$(grep -c '^exec' "$CALLS")" -ge "$READY_AFTER" ] ;;
esac
"""


@pytest.mark.parametrize(("ready_after", "status"), [(3, 0), (10**6, 1)])
def test_a_device_waits_until_the_model_is_ready_and_fails_where_it_never_is(
    tmp_path: Path, ready_after: int, status: int
) -> None:
    found = lifecycle(recipe(fleet(tmp_path, startup_budget="30s"), "all"))
    stubs, calls = tmp_path / "bin", tmp_path / "calls"
    stubs.mkdir()
    for name, text in (("docker", DOCKER), ("sleep", "#!/bin/sh\n")):
        (stubs / name).write_text(text)
        (stubs / name).chmod(0o755)
    environment = {
        "PATH": f"{stubs}:/usr/bin:/bin",
        "CALLS": str(calls),
        "READY_AFTER": str(ready_after),
        **found["Setenv"],
    }
    run = subprocess.run(
        ["sh", "-c", found["Startup"]["Script"]], env=environment, text=True, capture_output=True, check=False
    )
    assert run.returncode == status, run.stderr
    asked = calls.read_text().splitlines()
    assert asked[0].startswith("rm --force ")
    assert asked[1].startswith("run --detach ")
    assert (asked[-1].startswith("logs ")) is bool(status)
    if status:
        assert "The model is not ready after 30 seconds." in run.stdout
    assert found["Startup"]["Timeout"] > 30


@pytest.mark.parametrize(("restarts", "status"), [(1, 0), (3, 1)])
def test_a_model_that_hangs_is_started_anew_and_somebody_is_told_where_that_does_not_help(
    tmp_path: Path, restarts: int, status: int
) -> None:
    graph = fleet(tmp_path)
    found = lifecycle(json.loads(inputs(graph, COMPONENT, "stores-all-watch")["inlineRecipe"]))
    stubs, calls = tmp_path / "bin", tmp_path / "calls"
    stubs.mkdir()
    docker = """#!/bin/sh
echo "$1 model" >> "$CALLS"
[ "$1" != exec ] || { [ "$HELPS" = 1 ] && grep -q '^restart' "$CALLS"; }
"""
    # The script goes on for ever where all is well: here until it was asked often enough.
    sleep = """#!/bin/sh
[ "$(wc -l < "$CALLS")" -lt 20 ]
"""
    calls.write_text("")
    for name, text in (("docker", docker), ("sleep", sleep)):
        (stubs / name).write_text(text)
        (stubs / name).chmod(0o755)
    environment = {
        "PATH": f"{stubs}:/usr/bin:/bin",
        "CALLS": str(calls),
        "HELPS": str(int(not status)),
        **found["Setenv"],
    }
    run = subprocess.run(
        ["sh", "-c", found["Run"]["Script"]], env=environment, text=True, capture_output=True, check=False
    )
    assert run.returncode == status, run.stderr
    assert len([line for line in calls.read_text().splitlines() if line.startswith("restart ")]) == restarts
    deployed = inputs(graph, DEPLOYMENT, "stores-all-deployment")["components"]
    assert len(deployed) == 3, "what serves, what watches it, and the nucleus"


def test_sizes_and_devices_are_said_to_docker(tmp_path: Path) -> None:
    options = {"cpu": 1.5, "memory": "2GiB", "gpus": 2, "architecture": "arm64", "environment": {"LOG_LEVEL": "a b"}}
    found = recipe(fleet(tmp_path, **options), "all")
    script = lifecycle(found)["Startup"]["Script"]
    for said in ("--memory 2048m", "--cpus 1.5", "--gpus 2", "--publish 8080:8080"):
        assert said in script
    assert shlex.split(script).count("LOG_LEVEL=a b") == 1, "a value becomes no word of the shell"
    assert "LOG_LEVEL" not in lifecycle(found)["Setenv"], (
        "PATH would be that of the script, and DOCKER_HOST that of its Docker"
    )
    assert found["Manifests"][0]["Platform"]["architecture"] == "aarch64"


def environment(root: Path, **options: Any) -> Graph:
    return on_ecs.environment(root, runtime="greengrass", **options)


def test_a_router_stands_before_the_model_with_the_devices_own_credentials(tmp_path: Path) -> None:
    graph = environment(tmp_path, router={"samples": {"share": 0.01}})
    found = recipe(graph, "canary", "dev-")
    script, told = lifecycle(found)["Startup"]["Script"], lifecycle(found)["Setenv"]["MODELINFRA_ROUTER"]
    settings = read(told)
    assert settings.local.url == "http://127.0.0.1:18080"
    assert settings.device == "{iot:thingName}", "the nucleus writes the device's name in its place"
    assert settings.samples is not None
    assert settings.samples.store.endswith("/ring=canary/device={iot:thingName}/")
    model, router = (line for line in script.splitlines() if line.startswith("docker run"))
    assert "--publish 127.0.0.1:18080:8080" in model
    assert "--publish 8080:" not in model, "clients go past the router"
    assert "--network host" in router
    for variable in ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "MODELINFRA_ROUTER"):
        assert f"--env {variable}" in router
        assert f"--env {variable}" not in model, "the model itself needs no credentials"
    attached = inputs(graph, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "dev-stores-fallback")
    assert attached["policyArn"] == graph.one("aws:iam/policy:Policy").outputs["arn"]
    assert attached["role"].startswith("dev-stores-device")
    assert len(found["Manifests"][0]["Artifacts"]) == 2


def of_a_device(graph: Graph, name: str) -> IAMPolicy:
    """A policy of the devices' role, as it is for the device dev-stores-1-till-1."""
    written = inputs(graph, POLICY, name)["policy"]
    # What AWS IoT puts in place of the variable, for a device that asks for its role's credentials.
    return IAMPolicy(written.replace(THING_OF_CREDENTIALS, "dev-stores-1-till-1"))


def test_a_device_writes_samples_below_its_own_name_alone(tmp_path: Path) -> None:
    graph = environment(tmp_path, router={"samples": {"share": 0.01}})
    bucket = graph.one("aws:s3/bucket:Bucket", "dev-stores-samples").outputs["arn"]
    policy = of_a_device(graph, "dev-stores-samples")
    for action, key, allowed in (
        ("s3:PutObject", "ring=canary/device=dev-stores-1-till-1/2026/x.gz", True),
        ("s3:PutObject", "ring=canary/device=dev-stores-1-till-10/2026/x.gz", False),
        ("s3:PutObject", "ring=canary/device=dev-stores-1-till-2/2026/x.gz", False),
        ("s3:GetObject", "ring=canary/device=dev-stores-1-till-1/2026/x.gz", False),
        ("s3:DeleteObject", "ring=canary/device=dev-stores-1-till-1/2026/x.gz", False),
    ):
        found = policy.is_action_permitted(action, f"{bucket}/{key}") == PermissionResult.PERMITTED
        assert found is allowed, (action, key)


def test_a_device_tells_cloudwatch_how_it_is_as_itself_alone(tmp_path: Path) -> None:
    graph = environment(tmp_path, gpus=1, alarm_topic_arn=on_ecs.TOPIC, rings=on_ecs.TWO_RINGS)
    group = graph.one(LOG_GROUP, "dev-stores-logs").outputs
    names = set()
    for ring in ("canary", "shops"):
        startup = lifecycle(recipe(graph, ring, "dev-"))
        telemetry = read(startup["Setenv"]["MODELINFRA_ROUTER"]).telemetry
        assert telemetry is not None
        assert telemetry.log_group == LogGroup(group["name"], "us-west-2")
        assert GPU in telemetry.metrics
        assert "--gpus all,capabilities=utility" in startup["Startup"]["Script"]
        names.add((telemetry.fleet, telemetry.ring))
    alarm = inputs(graph, ALARM, "dev-stores-canary-lost")
    assert (alarm["dimensions"]["Fleet"], alarm["dimensions"]["Ring"]) in names, "it looks at what devices tell"
    assert graph.all("aws:cloudwatch/dashboard:Dashboard")
    policy = of_a_device(graph, "dev-stores-telemetry")
    for action, stream, allowed in (
        ("logs:PutLogEvents", "dev-stores-1-till-1", True),
        ("logs:CreateLogStream", "dev-stores-1-till-1", True),
        ("logs:PutLogEvents", "dev-stores-1-till-10", False),
        ("logs:GetLogEvents", "dev-stores-1-till-1", False),
    ):
        found = policy.is_action_permitted(action, f"{group['arn']}:log-stream:{stream}") == PermissionResult.PERMITTED
        assert found is allowed, (action, stream)
    quiet = environment(tmp_path, telemetry=False)
    assert not [node for node in quiet.all(ALARM) if node.name.startswith("dev-stores")]
    assert not [node for node in quiet.all(LOG_GROUP) if node.name.startswith("dev-stores")]


def test_what_rings_tell_is_counted_among_the_costs(tmp_path: Path) -> None:
    def metrics(**options: Any) -> set[Decimal]:
        found = estimate(environment(tmp_path, rings=on_ecs.TWO_RINGS, **options), default_region="us-east-1").items
        return {each.quantity_max for each in found if each.what == "custom metric of a ring"}

    assert metrics() == {Decimal(len(FIGURES) - 1)}
    assert metrics(telemetry=False) == set()


def test_only_aws_iot_takes_the_devices_role_and_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    graph = fleet(tmp_path, claim=CLAIM)
    trusted = {
        "stores-device": "credentials.iot.amazonaws.com",
        "stores-provisioning": "iot.amazonaws.com",
        "stores-admission": "lambda.amazonaws.com",
    }
    for name, service in trusted.items():
        (statement,) = json.loads(inputs(graph, ROLE, name)["assumeRolePolicy"])["Statement"]
        assert statement["Principal"] == {"Service": service}
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert inputs(graph, "aws:iot/roleAlias:RoleAlias", "stores-devices")["credentialDuration"] == 900


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("ecr:BatchGetImage", "{repository}", True),
        ("ecr:BatchGetImage", "arn:aws:ecr:us-west-2:123456789012:repository/payments", False),
        ("ecr:PutImage", "{repository}", False),
        ("iot:CreateThing", "*", False),
        ("iot:UpdateCertificate", "*", False),
        ("greengrass:CreateDeployment", "*", False),
        ("secretsmanager:GetSecretValue", "*", False),
        ("s3:GetObject", "arn:aws:s3:::payments/x", False),
        ("sts:AssumeRole", "*", False),
    ],
)
def test_what_a_device_may_do_with_its_role(tmp_path: Path, action: str, resource: str, allowed: bool) -> None:
    graph = fleet(tmp_path, claim=CLAIM)
    repository = graph.one("aws:ecr/repository:Repository").outputs["arn"]
    policy = IAMPolicy(inputs(graph, POLICY, "stores-device")["policy"])
    asked = resource.format(repository=repository)
    assert (policy.is_action_permitted(action, asked) == PermissionResult.PERMITTED) is allowed


def device_policy(graph: Graph, thing: str) -> Mapping[str, Any]:
    """The policy that AWS IoT makes for a device with the template."""
    body = json.loads(inputs(graph, TEMPLATE, "stores-claim")["templateBody"])
    asked = {"ThingName": thing, "Ring": "all", "RingGroup": "g", "Site": "-", "AWS::IoT::Certificate::Id": "c"}
    assert set(body["Parameters"]) == set(asked)
    policy: Mapping[str, Any] = rendered(body["Resources"]["policy"]["Properties"]["PolicyDocument"], asked)
    return policy


MINE, LONGER, OTHER = "stores-1-till-1", "stores-1-till-10", "stores-1-till-2"


@pytest.mark.parametrize("thing", [MINE, LONGER, OTHER, "payments-1-pos-1"])
def test_a_device_is_itself_and_no_other(tmp_path: Path, thing: str) -> None:
    graph = fleet(tmp_path, claim=CLAIM)
    policy, mine = device_policy(graph, MINE), thing == MINE
    for action, resource in (
        ("iot:Connect", f"client/{thing}"),
        ("iot:Connect", f"client/{thing}#2"),
        ("iot:Publish", f"topic/$aws/things/{thing}/jobs/$next/get"),
        ("iot:Receive", f"topic/$aws/things/{thing}/jobs/notify-namespace-aws-gg-deployment"),
        ("iot:Subscribe", f"topicfilter/$aws/things/{thing}/jobs/notify-namespace-aws-gg-deployment"),
        ("iot:Publish", f"topic/$aws/things/{thing}/greengrassv2/health/json"),
        ("iot:Publish", f"topic/$aws/things/{thing}/shadow/name/AWSManagedGreengrassV2Deployment/update"),
    ):
        assert allows(policy, action, f"{IOT}{resource}") is mine, (action, resource)


def test_a_device_does_nothing_that_is_not_a_core_devices_business(tmp_path: Path) -> None:
    graph = fleet(tmp_path, claim=CLAIM)
    policy = device_policy(graph, MINE)
    alias = graph.one("aws:iot/roleAlias:RoleAlias", "stores-devices").outputs["arn"]
    assert allows(policy, "iot:AssumeRoleWithCertificate", alias)
    assert allows(policy, "greengrass:ResolveComponentCandidates", "*")
    for action, resource in (
        ("iot:AssumeRoleWithCertificate", alias.replace("stores", "payments")),
        ("iot:Subscribe", "topicfilter/#"),
        ("iot:Subscribe", "topicfilter/$aws/things/+/jobs/notify"),
        ("iot:Publish", "topic/orders"),
        ("iot:Publish", f"topic/$aws/things/{MINE}/other"),
        ("iot:Publish", "topic/$aws/certificates/create/json"),
        ("iot:Publish", "topic/$aws/certificates/create-from-csr/json"),
        ("iot:Publish", "topic/$aws/provisioning-templates/stores-claim/provision/json"),
        ("iot:UpdateThingShadow", f"thing/{MINE}"),
        ("greengrass:Discover", "*"),
    ):
        assert not allows(
            policy, action, resource if resource == "*" or resource.startswith("arn:") else f"{IOT}{resource}"
        )


def test_the_claim_can_provision_and_nothing_else(tmp_path: Path) -> None:
    graph = fleet(tmp_path, claim=CLAIM)
    policy = json.loads(inputs(graph, "aws:iot/policy:Policy", "stores-claim")["policy"])
    template = graph.one(TEMPLATE, "stores-claim").outputs["name"]
    prefix = graph.one(GROUP, "stores").outputs["name"]
    own = f"$aws/provisioning-templates/{template}/provision/json"
    for action, resource, allowed in (
        ("iot:Connect", f"client/claim:{prefix}-till-1", True),
        ("iot:Publish", "topic/$aws/certificates/create-from-csr/json", True),
        ("iot:Receive", "topic/$aws/certificates/create-from-csr/json/accepted", True),
        ("iot:Publish", f"topic/{own}", True),
        ("iot:Subscribe", f"topicfilter/{own}/accepted", True),
        # As a device: it would cut that one off.
        ("iot:Connect", f"client/{prefix}-till-1", False),
        ("iot:Connect", "client/anything", False),
        ("iot:Publish", "topic/$aws/provisioning-templates/payments/provision/json", False),
        # A key that AWS makes would cross the network.
        ("iot:Publish", "topic/$aws/certificates/create/json", False),
        ("iot:Publish", f"topic/$aws/things/{prefix}-till-1/jobs/$next/get", False),
        ("iot:Subscribe", "topicfilter/#", False),
        ("iot:AssumeRoleWithCertificate", "rolealias/stores-devices", False),
        ("greengrass:ResolveComponentCandidates", "*", False),
    ):
        assert allows(policy, action, f"{IOT}{resource}") is allowed, (action, resource)


def test_a_thing_that_there_is_is_not_made_anew(tmp_path: Path) -> None:
    body = json.loads(inputs(fleet(tmp_path, claim=CLAIM), TEMPLATE, "stores-claim")["templateBody"])
    assert set(body["Resources"]["thing"]["OverrideSettings"].values()) == {"FAIL"}


def test_the_claim_lies_in_secrets_manager_alone_and_another_day_is_another_one(tmp_path: Path) -> None:
    graph = fleet(tmp_path, claim=CLAIM)
    version = graph.one("aws:secretsmanager/secretVersion:SecretVersion", "stores-claim")
    assert version.inputs["secretString"] != plain(version.inputs)["secretString"], "it is no secret of Pulumi's"
    assert set(json.loads(plain(version.inputs)["secretString"])) == {"certificate", "privateKey"}
    certificate = graph.one("aws:iot/certificate:Certificate", "stores-claim")
    assert "privateKey" in certificate.additional_secret_outputs
    assert certificate.replacement_trigger == "2027-01-15"
    assert not fleet(tmp_path).all("aws:iot/certificate:Certificate")


class Things:
    """AWS IoT, as the function asks it."""

    exceptions = SimpleNamespace(ResourceNotFoundException=KeyError)

    def __init__(self, **groups: list[str]) -> None:
        self.groups = groups

    def describe_thing(self, thingName: str) -> dict[str, str]:  # noqa: N803 - boto3's
        if not any(thingName in things for things in self.groups.values()):
            raise KeyError(thingName)
        return {"thingName": thingName}

    def list_things_in_thing_group(self, thingGroupName: str, maxResults: int, nextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        found, start = self.groups[thingGroupName], int(nextToken)
        page = {"things": found[start : start + maxResults]}
        return page | ({"nextToken": str(start + maxResults)} if start + maxResults < len(found) else {})


TOLD = {
    "ADMIT_PREFIX": "stores-1",
    "ADMIT_GROUPS": '{"canary": "group-of-canary", "shops": "group-of-shops"}',
    "ADMIT_EXPIRES": "2027-01-15",
    "ADMIT_DEVICES": "300",
}


@pytest.mark.parametrize(
    ("asked", "day", "allowed"),
    [
        ({}, "2027-01-14", True),
        ({}, "2027-01-15", False),
        ({"ThingName": "stores-1-till-7"}, "2027-01-01", False),
        ({"ThingName": "payments-1-pos-1"}, "2027-01-01", False),
        # Names become part of a policy: these would be many devices.
        ({"ThingName": "stores-1-*"}, "2027-01-01", False),
        ({"ThingName": "stores-1-till-?"}, "2027-01-01", False),
        ({"ThingName": "stores-1-${iot:ClientId}"}, "2027-01-01", False),
        ({"ThingName": "stores-1-"}, "2027-01-01", False),
        ({"Ring": "others"}, "2027-01-01", False),
        ({"Ring": "shops"}, "2027-01-01", False),
        ({"Site": "a b"}, "2027-01-01", False),
        ({"RingGroup": "group-of-shops"}, "2027-01-01", True),
    ],
)
def test_whom_the_function_lets_in(asked: dict[str, str], day: str, allowed: bool) -> None:
    things = Things(**{"group-of-canary": ["stores-1-till-7"], "group-of-shops": [f"stores-1-{n}" for n in range(300)]})
    given = {"ThingName": "stores-1-till-1", "Ring": "canary", "Site": "berlin", **asked}
    found = answer({"parameters": given}, TOLD, things, datetime.date.fromisoformat(day))
    assert found["allowProvisioning"] is allowed
    if allowed:
        # Whatever the device asks for, the group is that of its ring.
        assert found["parameterOverrides"] == {"RingGroup": "group-of-canary"}


def test_the_function_is_told_what_the_claim_says_and_may_look_and_nothing_else(tmp_path: Path) -> None:
    graph = fleet(tmp_path, rings=on_ecs.TWO_RINGS, claim=CLAIM)
    told = inputs(graph, FUNCTION, "stores-admission")["environment"]["variables"]
    assert (told["ADMIT_EXPIRES"], told["ADMIT_DEVICES"]) == ("2027-01-15", "200")
    groups = {ring: graph.one(GROUP, f"stores-{ring}-devices").outputs["name"] for ring in ("canary", "shops")}
    assert json.loads(told["ADMIT_GROUPS"]) == groups
    policy = IAMPolicy(inputs(graph, POLICY, "stores-admission")["policy"])
    for action, resource, allowed in (
        ("iot:DescribeThing", f"{IOT}thing/{told['ADMIT_PREFIX']}-till-1", True),
        ("iot:DescribeThing", f"{IOT}thing/payments-1", False),
        ("iot:ListThingsInThingGroup", f"{IOT}thinggroup/{groups['shops']}", True),
        ("iot:CreateThing", f"{IOT}thing/{told['ADMIT_PREFIX']}-till-1", False),
    ):
        assert (policy.is_action_permitted(action, resource) == PermissionResult.PERMITTED) is allowed


def test_devices_on_which_something_fails_are_told(tmp_path: Path) -> None:
    graph = fleet(tmp_path, alarm_topic_arn=on_ecs.TOPIC)
    prefix = graph.one(GROUP, "stores").outputs["name"]
    patterns = {node.name: json.loads(plain(node.inputs)["eventPattern"]) for node in graph.all(EVENT_RULE)}
    assert patterns["stores-deployment"]["detail"] == {"coreDeviceExecutionStatus": ["FAILED"]}
    assert patterns["stores-broken"]["detail"]["components"]["componentName"] == [prefix, f"{prefix}.watch"]
    assert all(each["resources"] == [{"wildcard": f"arn:*:coreDevices:{prefix}-*"}] for each in patterns.values())
    assert not fleet(tmp_path).all(EVENT_RULE)


def test_devices_that_lose_their_connection_are_told_and_those_that_end_it_are_not(tmp_path: Path) -> None:
    graph = fleet(tmp_path, alarm_topic_arn=on_ecs.TOPIC)
    prefix = graph.one(GROUP, "stores").outputs["name"]
    rule = inputs(graph, TOPIC_RULE, "stores-disconnect")
    assert f"startswith(clientId, '{prefix}-')" in rule["sql"]
    assert "<> 'CLIENT_INITIATED_DISCONNECT'" in rule["sql"]
    assert re.fullmatch("[a-zA-Z0-9_]{1,128}", rule["name"]), "AWS IoT takes no other names"
    (told,) = rule["sns"]
    assert told["targetArn"] == on_ecs.TOPIC
    policy = IAMPolicy(inputs(graph, POLICY, "stores-disconnect")["policy"])
    assert policy.is_action_permitted("sns:Publish", on_ecs.TOPIC) == PermissionResult.PERMITTED
    assert policy.is_action_permitted("sns:Publish", f"{on_ecs.TOPIC}-other") != PermissionResult.PERMITTED
    (statement,) = json.loads(inputs(graph, ROLE, "stores-disconnect")["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "iot.amazonaws.com"}
    assert not fleet(tmp_path).all(TOPIC_RULE)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runtime": "greengrass", "activation": {"expires": "2027-01-15"}}, "activation: with `runtime: greengrass`, devices come by a claim"),
        ({"runtime": "greengrass", "cluster_arn": on_ecs.CLUSTER}, f"cluster_arn (given: {on_ecs.CLUSTER!r}): with `runtime: greengrass`, devices join no cluster of ECS"),
        ({"runtime": "greengrass", "minimum_healthy_percent": 50}, "minimum_healthy_percent (given: 50): with `runtime: greengrass`, nobody looks at"),
        ({"runtime": "greengrass", "logs": {"retention_days": 7}}, "logs: devices have a router, which tells CloudWatch of them, with a `fallback` only"),
        ({"runtime": "greengrass", "secrets": {"T": "arn:aws:ssm:us-west-2:123456789012:parameter/t"}}, "secrets: with `runtime: greengrass`, components are told secrets"),
        ({"runtime": "greengrass", "alarms": {"lost": 5}}, "alarms: devices have a router, which tells CloudWatch of them, with a `fallback` only"),
        ({"runtime": "greengrass", "router": {"auth": {"token_file": "/etc/acme/till/token"}}}, "router.auth: each device shows credentials of AWS"),
        ({"claim": CLAIM}, "claim: with `runtime: ecs-anywhere`, devices come by an activation"),
        ({"rollout": {"per_minute": 100}}, "rollout: with `runtime: ecs-anywhere`, so many devices of a ring"),
        ({"runtime": "greengrass", "rollout": {"per_minute": 5}}, "rollout.start (given: 10): this is more than `per_minute`, which is 5"),
        ({"runtime": "greengrass", "rollout": {"factor": 1.55}}, "rollout.factor (given: 1.55): AWS IoT takes 1 digit after the point. Write 1.6"),
        ({"runtime": "greengrass", "rollout": {"abort_percent": 12.345}}, "rollout.abort_percent (given: 12.345): AWS IoT takes 2 digits after the point"),
        ({"runtime": "greengrass", "environment": {"NAME": "{iot:thingName}"}}, "environment.NAME (given: '{iot:thingName}'): the nucleus writes something of its own"),
        ({"runtime": "greengrass", "rollout": {"timeout": "90s"}}, "rollout.timeout (given: 90): AWS IoT counts whole minutes"),
        ({"runtime": "greengrass", "claim": {"expires": "2027-02-30"}}, "claim.expires (given: '2027-02-30'): the calendar has no such day"),
        ({"runtime": "greengrass", "model": "s3://acme-models/digits/7"}, "model: devices would fetch it at each start"),
    ],
)  # fmt: skip
def test_what_only_one_runtime_has_is_refused_on_the_other(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    found = on_ecs.refusal(tmp_path, **options)
    assert any(line.startswith(said) for line in found), found


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"claim": CLAIM}, "of 200 devices, as many as may be enrolled, a revision that starts on none of them reaches 150 at most before AWS IoT stops it"),
        ({"claim": CLAIM, "rollout": {"per_minute": 5, "start": 5}}, "reaches 85 at most"),
        ({"claim": CLAIM, "rollout": {"abort_on": "rejected"}}, "reaches all of them: nothing in `rollout` stops it before"),
        ({"claim": {**CLAIM, "devices": 20}}, "are done before `rollout.abort_after` (20) lets any failure count"),
    ],
)  # fmt: skip
def test_the_preview_says_how_far_a_bad_revision_gets(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    graph = fleet(tmp_path, **options)
    assert any(said in each["message"] for each in graph.logs), [each["message"] for each in graph.logs]


def test_a_review_lets_a_promotion_pass_and_tells_of_a_ring_that_goes(tmp_path: Path) -> None:
    revisions = {"candidate": {"model": "newer"}}
    before = fleet(tmp_path, rings=on_ecs.TWO_RINGS, revisions=revisions, claim=CLAIM)
    promoted = [{**on_ecs.TWO_RINGS[0], "revision": "candidate"}, on_ecs.TWO_RINGS[1]]
    after = fleet(tmp_path, rings=promoted, revisions=revisions, claim=CLAIM)
    assert not [each for each in all_findings(between(before, after)) if each.severity in ("medium", "high")]
    rotated = fleet(tmp_path, rings=on_ecs.TWO_RINGS, revisions=revisions, claim={**CLAIM, "expires": "2027-01-20"})
    assert not [each for each in all_findings(between(before, rotated)) if each.severity in ("medium", "high")]
    fewer = fleet(tmp_path, rings=[{"name": "shops"}], claim=CLAIM)
    found = [each.title for each in all_findings(between(before, fewer)) if each.severity == "high"]
    assert any("its devices end what they run" in title for title in found), found


def test_a_review_sees_that_another_day_of_the_claim_is_another_certificate(tmp_path: Path) -> None:
    later = fleet(tmp_path, claim={**CLAIM, "expires": "2027-02-15"})
    replaced = {each.type for each in between(fleet(tmp_path, claim=CLAIM), later).of("replace")}
    assert replaced == {
        "aws:iot/certificate:Certificate",
        "aws:iot/policyAttachment:PolicyAttachment",
        "aws:secretsmanager/secretVersion:SecretVersion",
    }


def test_names_of_things_and_connections_are_short_enough_for_the_longest_fleet(tmp_path: Path) -> None:
    name = "s" * 63
    on_ecs.write_model(tmp_path / "model")
    given = {"runtime": "greengrass", "server": "mlserver", "model": "model", "claim": CLAIM}
    graph = on_ecs.captured(lambda: on_ecs.EdgeFleet(name, given), tmp_path)  # type: ignore[arg-type]
    prefix = next(node for node in graph.all(GROUP) if not plain(node.inputs).get("parentGroupName")).outputs["name"]
    assert len(f"claim:{prefix}-{'d' * 63}") <= 128
    assert len(graph.one(TEMPLATE).outputs["name"]) <= 36


def test_an_output_that_the_other_runtime_has_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    on_ecs.write_model(tmp_path / "model")

    def program() -> None:
        made = on_ecs.EdgeFleet("stores", runtime="greengrass", server="mlserver", model="model")
        with pytest.raises(
            AttributeError, match=r"a fleet on greengrass has no cluster_arn\. It has: claim_secret_arn, "
        ):
            _ = made.cluster_arn
        assert not hasattr(made, "anything")

    on_ecs.captured(program, tmp_path)


def test_tags_are_on_what_the_native_provider_makes_too(tmp_path: Path) -> None:
    graph = fleet(tmp_path, tags={"team": "edge"})
    for node in (*graph.all(COMPONENT), *graph.all(DEPLOYMENT), *graph.all(GROUP)):
        assert plain(node.inputs)["tags"] == {"team": "edge"}


def test_the_native_provider_is_held_to_the_region_and_the_account_of_the_other(tmp_path: Path) -> None:
    provider = fleet(tmp_path).one("pulumi:providers:aws-native")
    assert provider.inputs["region"] == "us-west-2"
    assert json.loads(provider.inputs["allowedAccountIds"]) == ["123456789012"]


def test_a_fleet_without_the_package_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    (said,) = on_ecs.refusal(tmp_path, runtime="greengrass")
    assert said.endswith("Install it: pip install modelinfra[greengrass].")


def test_a_fleet_on_ecs_loads_nothing_of_the_native_provider() -> None:
    code = "import sys, modelinfra.components.edge_fleet; sys.exit('pulumi_aws_native' in sys.modules)"
    assert subprocess.run([__import__("sys").executable, "-c", code], check=False).returncode == 0
