"""The example of a program of one's own: it works as it stands, and its tests pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph import Graph
from modelinfra.graph.project import capture_project
from tests.making import write_model

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "own-program"
VPC = {"id": "vpc-0123456789abcdef0", "privateSubnetIds": ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"]}
SUBNET = "aws:ec2/getSubnet:getSubnet"


def example(directory: Path, **options: Any) -> Graph:
    config = {"model": str(write_model(directory / "model")), **options.pop("config", {})}
    return capture_project(EXAMPLE, "dev", config=config, **options)


def in_two_zones(call: Any) -> dict[str, Any]:
    zone = "a" if call.args["id"] == VPC["privateSubnetIds"][0] else "b"
    return {"id": call.args["id"], "vpcId": VPC["id"], "availabilityZone": f"us-west-2{zone}"}


@pytest.mark.parametrize("preview", [True, False])
def test_the_example_runs_without_a_warning(tmp_path: Path, preview: bool) -> None:
    graph = example(tmp_path, preview=preview)
    assert graph.warnings == []
    assert graph.one("modelinfra:index:ModelEndpoint", "digits")
    assert graph.one("aws:sqs/queue:Queue", "doubts")


def test_it_says_where_predictions_are_asked_for(tmp_path: Path) -> None:
    outputs = example(tmp_path, preview=False).outputs
    assert outputs["predictUrl"].startswith("http://internal-")
    assert outputs["predictUrl"].endswith("/digits/v2/models/digits/infer")


def test_an_output_of_a_resource_written_by_hand_is_a_dependency_of_the_task(tmp_path: Path) -> None:
    graph = example(tmp_path)
    queue = graph.one("aws:sqs/queue:Queue", "doubts")
    assert queue.urn in graph.one("aws:ecs/taskDefinition:TaskDefinition").depends_on


def test_its_dashboard_shows_the_log_of_the_endpoint(tmp_path: Path) -> None:
    graph = example(tmp_path, preview=False)
    log_group = graph.one("aws:cloudwatch/logGroup:LogGroup", "digits-logs").outputs["name"]
    assert f"SOURCE '{log_group}'" in graph.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]


def test_it_stands_in_a_vpc_that_exists_when_the_stack_names_one(tmp_path: Path) -> None:
    graph = example(tmp_path, config={"vpc": VPC}, invokes={SUBNET: in_two_zones})
    assert not graph.all("aws:ec2/vpc:Vpc")
    service = graph.one("aws:ecs/service:Service").inputs
    assert service["networkConfiguration"]["subnets"] == VPC["privateSubnetIds"]


def test_the_tests_that_it_shows_pass() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "test_own_program.py"],
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "3 passed" in run.stdout


def test_a_type_checker_has_nothing_to_say_about_it() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(EXAMPLE / "__main__.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
