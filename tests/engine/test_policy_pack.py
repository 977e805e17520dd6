"""The policy pack in the real engine, with an environment of its own as its README makes one."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from modelinfra.cache import cache_folder
from modelinfra.cli.main import app
from modelinfra.serving.venv import locked_environment
from modelinfra.testing.sandbox import Result, Sandbox

pytestmark = pytest.mark.engine

TOP = Path(__file__).resolve().parents[2]
SOURCE = TOP / "policy-pack"

# What only the engine brings: a resource that is read, another provider, time-outs, names and addresses that nobody knows
# yet, and (below) an option that it does not tell packs.
WRONG = """
import json
import pulumi
import pulumi_aws as aws

far = aws.Provider("far", region="eu-west-1")
cluster = aws.ecs.Cluster("cluster", settings=[{"name": "containerInsights", "value": "enabled"}])
aws.cloudwatch.LogGroup.get("shared", "/shared")
logs = aws.cloudwatch.LogGroup("logs", opts=pulumi.ResourceOptions(provider=far, protect=True))
vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
subnets = [aws.ec2.Subnet(zone, vpc_id=vpc.id, cidr_block=f"10.0.{number}.0/24", availability_zone=f"us-west-2{zone}").id
           for number, zone in enumerate("ab")]
group = aws.ec2.SecurityGroup("front", vpc_id=vpc.id)
balancer = aws.lb.LoadBalancer("lb", subnets=subnets, security_groups=[group.id], internal=True, drop_invalid_header_fields=True)
targets = aws.lb.TargetGroup("to", port=8080, protocol="HTTP", target_type="ip", vpc_id=vpc.id, deregistration_delay=700)
aws.lb.Listener("http", load_balancer_arn=balancer.arn, port=80,
                default_actions=[{"type": "forward", "target_group_arn": targets.arn}])
task = aws.ecs.TaskDefinition(
    "task", family="task", cpu="256", memory="4096", network_mode="awsvpc", requires_compatibilities=["FARGATE"],
    container_definitions=json.dumps([{"name": "model", "image": "models:latest", "portMappings": [{"containerPort": 8080}],
                                       "environment": [{"name": "API_KEY", "value": "hush"}]}]))
service = aws.ecs.Service(
    "service", cluster=cluster.arn, task_definition=task.arn, desired_count=1, launch_type="FARGATE",
    network_configuration={"subnets": subnets, "security_groups": [group.id]},
    load_balancers=[{"target_group_arn": targets.arn, "container_name": "model", "container_port": 8080}],
    opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(delete="10m"), ignore_changes=["desiredCount"]))
path = pulumi.Output.format("service/{0}/{1}", cluster.name, service.name)
aws.appautoscaling.Target("replicas", min_capacity=2, max_capacity=4, resource_id=path,
                          scalable_dimension="ecs:service:DesiredCount", service_namespace="ecs")
aws.s3.Bucket("kept", opts=pulumi.ResourceOptions(retain_on_delete=True))
"""

RIGHT = """
import pulumi_aws as aws

aws.cloudwatch.LogGroup("logs")
aws.ecr.Repository("models", image_tag_mutability="IMMUTABLE", image_scanning_configuration={"scan_on_push": True})
"""


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack as it is, with an environment in `.venv`: what its lock says, and this checkout of modelinfra."""
    lock = (SOURCE / "requirements.lock").read_bytes()
    target = cache_folder() / "policy-pack" / hashlib.sha256(lock).hexdigest()[:16]
    locked = locked_environment(target, lock, "the policy SDK", lambda: sys.executable, print)
    pack = tmp_path_factory.mktemp("pack") / "policy-pack"
    shutil.copytree(SOURCE, pack, ignore=shutil.ignore_patterns(".venv"))
    subprocess.run([str(locked / "bin" / "python"), "-m", "venv", "--without-pip", str(pack / ".venv")], check=True)
    (inside,) = (pack / ".venv" / "lib").glob("python*/site-packages")
    (packages,) = (locked / "lib").glob("python*/site-packages")
    (inside / "of-this-test.pth").write_text(f"{packages}\n{TOP}\n")
    return pack


Make = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Make:
    """Writes a project with a program."""

    def write(program: str) -> Path:
        (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
        (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-west-2\n")
        (tmp_path / "__main__.py").write_text(program)
        return tmp_path

    return write


Found = dict[tuple[str, str], dict[str, Any]]


def violations(result: Result) -> Found:
    """What the engine tells of the pack, by rule and resource."""
    told = [event["policyEvent"] for event in result.events if "policyEvent" in event]
    assert {each["policyPackName"] for each in told} <= {"modelinfra"}
    return {(each["policyName"], each["resourceUrn"].rpartition("::")[2]): each for each in told}


def checked(stack: Sandbox) -> Found:
    """What `modelinfra check` finds in the engine's own preview, by rule and resource."""
    preview = stack.home / "preview.json"
    preview.write_text(json.dumps(stack.plan_json()))
    command = ["check", "dev", "-C", str(stack.project_dir), "--from", str(preview), "--production", "--format", "json"]
    said = json.loads(CliRunner().invoke(app, command).stdout)["findings"]
    return {(each["id"], each["urn"].rpartition("::")[2]): each for each in said}


def test_the_engine_finds_with_the_pack_what_check_finds_in_its_preview(
    pack: Path, written: Make, sandbox: Callable[..., Sandbox]
) -> None:
    stack = sandbox(written(WRONG), env={"MODELINFRA_PRODUCTION": "true"})
    result = stack.preview(arguments=("--policy-pack", str(pack)))
    found, expected = violations(result), checked(stack)
    # The engine does not tell packs of retain_on_delete, so that the pack cannot know what keeps this bucket.
    assert found.pop(("ready-kept", "kept"))["enforcementLevel"] == "advisory"
    assert set(found) == set(expected)
    for key, violation in found.items():
        rule = expected[key]
        assert violation["severity"] == rule["severity"]
        assert violation["enforcementLevel"] == ("mandatory" if rule["severity"] == "high" else "advisory")
        assert f"{rule['message']}. {rule['remedy']}" in violation["message"]

    # Mandatory ones fail the preview; all are printed. What is only read is not judged, and no value of a variable is said.
    assert result.exit_code != 0
    assert "error: preview failed" in result.text
    assert "[mandatory] [severity: high]  fargate-size  (aws:ecs:TaskDefinition: task)" in result.text
    assert "[advisory] [severity: medium]  ready-tls  (aws:lb:Listener: http)" in result.text
    assert {name for rule, name in found if rule == "ready-log-retention"} == {"logs"}
    assert "hush" not in result.text


def test_without_a_violation_the_preview_passes_and_a_configuration_switches_a_rule_off(
    pack: Path, written: Make, sandbox: Callable[..., Sandbox], tmp_path: Path
) -> None:
    config = tmp_path / "policies.json"
    config.write_text('{"ready-log-retention": "disabled"}')
    stack = sandbox(written(RIGHT), env={"MODELINFRA_PRODUCTION": "false"})
    result = stack.preview(arguments=("--policy-pack", str(pack), "--policy-pack-config", str(config)))
    assert result.exit_code == 0, result.text
    assert "modelinfra@v" in result.text, "the pack was loaded"
    # Nothing protects the repository, and there is no budget: production would be told.
    assert violations(result) == {}


def test_a_pack_without_its_environment_is_refused_with_a_line_that_says_so(
    pack: Path, written: Make, sandbox: Callable[..., Sandbox], tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(pack, bare, ignore=shutil.ignore_patterns(".venv"))
    result = sandbox(written(RIGHT)).preview(arguments=("--policy-pack", str(bare)))
    assert result.exit_code != 0
    assert f"there is no virtual environment {bare / '.venv'}" in result.text
