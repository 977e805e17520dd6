"""The real engine, a hand-written program of five resources in two regions, and the stand-in cloud."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from modelinfra.testing.sandbox import Sandbox

pytestmark = pytest.mark.engine

FIVE = Path(__file__).parent / "projects/five"
VPC, SUBNET, QUEUE = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:sqs/queue:Queue"


def written() -> dict[Path, bytes]:
    """The project's files; what Python compiles for itself is none."""
    return {path: path.read_bytes() for path in FIVE.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_five_resources_live_from_up_to_destroy(sandbox: Callable[..., Sandbox], tmp_path: Path) -> None:
    stack = sandbox(FIVE, home=tmp_path / "home")
    files = written()

    # A create fails after two regions' worth of others succeeded ...
    stack.cloud.fail(type=SUBNET, urn="eu-west-1", message="InsufficientFreeAddressesInSubnet: later")
    failed = stack.up()
    assert failed.exit_code != 0
    assert "InsufficientFreeAddressesInSubnet: later" in failed.text
    assert len(stack.cloud.all(SUBNET)) == 1

    # ... and the retry makes that one only: no duplicate, no orphan.
    ids = {thing.id for thing in stack.cloud.things}
    up = stack.up(check=True)
    assert up.changes["create"] == 1
    assert len(stack.cloud.things) == 5
    assert ids < {thing.id for thing in stack.cloud.things}
    state = {node.id for node in stack.graph().resources}
    assert state == {thing.id for thing in stack.cloud.things}

    # Each provider instance works in its own region, though all share one port.
    for region in ("us-west-2", "eu-west-1"):
        vpc = stack.cloud.one(VPC, f"vpc-{region}")
        assert vpc.region == region
        assert vpc.actual["tagsAll"] == {"place": region}
        assert stack.cloud.one(SUBNET, f"subnet-{region}").actual["availabilityZone"] == f"{region}a"
        assert up.outputs[region] == vpc.actual["arn"]

    assert stack.up(check=True).changes == {}
    assert stack.refresh(check=True).changes == {}

    # An update in place keeps the id.
    before = stack.cloud.one(QUEUE).id
    stack.config["timeout"] = 60
    assert stack.up(check=True).changes == {"update": 1}
    assert stack.cloud.one(QUEUE).id == before
    assert stack.cloud.one(QUEUE).actual["visibilityTimeoutSeconds"] == 60

    assert stack.destroy(check=True).changes["delete"] == 8
    assert stack.cloud.things == []
    assert written() == files, "the project is not written to"


def test_the_stack_can_be_taken_up_again_by_another_process(sandbox: Callable[..., Sandbox], tmp_path: Path) -> None:
    with Sandbox(FIVE, home=tmp_path / "home") as first:
        first.up(check=True)
    document = json.loads((tmp_path / "home/cloud.json").read_text())
    assert len(document["things"]) == 5
    again = sandbox(FIVE, home=tmp_path / "home")
    assert again.preview(check=True).changes == {}
    again.destroy(check=True)
    assert again.cloud.things == []
