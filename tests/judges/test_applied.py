"""What the library declares can be made, is complete at once, and can be destroyed: the real provider against an emulator of AWS."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from modelinfra.graph.model import Graph
from tests.judges import applied as applying
from tests.judges import terraform_command
from tests.judges.applied import Applied, Ground, apply
from tests.judges.conftest import Cases
from tests.judges.emulator import APPLIED_DIFFERENTLY, GAPS, NOT_APPLIED, Emulator
from tests.judges.environment import not_installed
from tests.judges.examples import ADOPTED, VPC

pytestmark = pytest.mark.slow_judge

NAME = "apply on an emulator"


def _existing_network(emulator: Emulator) -> Mapping[str, str]:
    """A VPC with two private subnets, as the program in an existing VPC was told."""
    vpc = emulator.call("ec2", "create_vpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ids = {VPC["id"]: vpc}
    for number, subnet in enumerate(VPC["privateSubnetIds"]):
        made = emulator.call(
            "ec2",
            "create_subnet",
            VpcId=vpc,
            CidrBlock=f"10.0.{number}.0/24",
            AvailabilityZone=f"us-west-2{'ab'[number]}",
        )
        ids[subnet] = made["Subnet"]["SubnetId"]
    return ids


# Few, since an ALB alone takes the provider a minute: the one without a network of its own, and the richest two.
ENVIRONMENTS: dict[str, Ground | None] = {
    ADOPTED: _existing_network,
    "tests/private": None,
    "tests/wide": None,
}


@pytest.fixture(scope="module")
def results(cases: Cases) -> Mapping[str, Applied]:
    terraform = terraform_command.missing()
    reason = terraform or not_installed()
    if reason and terraform is None and os.environ.get("CI") == "true":
        pytest.fail(f"{NAME}: {reason}")
    if reason:
        pytest.skip(f"{NAME}: {reason}")
    graphs: dict[str, Graph] = {name: cases.examples[name].graph for name in ENVIRONMENTS}
    with ThreadPoolExecutor(len(ENVIRONMENTS)) as pool:
        futures = {name: pool.submit(apply, graphs[name], ground) for name, ground in ENVIRONMENTS.items()}
        return {name: future.result() for name, future in futures.items()}


def test_environments_are_made_planned_again_and_destroyed(
    request: pytest.FixtureRequest, record_property: Any
) -> None:
    reason = terraform_command.missing() or not_installed()
    record_property("judge", f"{NAME}: SKIPPED, {reason}" if reason else f"{NAME}: cannot be asked")
    begin = time.monotonic()
    results: Mapping[str, Applied] = request.getfixturevalue("results")
    made = sum(each.made for each in results.values())
    record_property(
        "judge",
        f"{NAME}: {len(results)} environments, {made} resources made, planned again (differences: {len(GAPS)} recorded "
        f"gaps of moto) and destroyed, {time.monotonic() - begin:.1f} s",
    )
    assert {name: result.problems for name, result in results.items() if result.problems} == {}


def test_a_second_plan_wants_to_change_what_moto_forgets_and_nothing_else(results: Mapping[str, Applied]) -> None:
    moved = {change for result in results.values() for change in result.moved}
    assert moved == set(GAPS)


def test_what_is_applied_differently_is_still_needed(results: Mapping[str, Applied]) -> None:
    assert {change for result in results.values() for change in result.changed} == set(APPLIED_DIFFERENTLY)


def test_what_is_not_applied_is_still_in_an_example(cases: Cases) -> None:
    lowering = applying.Lowering(applying.provider_schema()) if NOT_APPLIED else None
    used = {
        lowering.resource(node)[0]
        for case in cases.examples.values()
        for node in case.nodes
        if lowering and node.type.startswith("aws:")
    }
    assert set(NOT_APPLIED) <= used


@pytest.mark.skipif(not_installed() is not None, reason=str(not_installed()))
def test_the_emulator_lists_what_is_left_behind() -> None:
    with Emulator() as emulator:
        before = emulator.things()
        vpc = emulator.call("ec2", "create_vpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        queue = emulator.call("sqs", "create_queue", QueueName="left")["QueueUrl"]
        emulator.call("ecs", "create_cluster", clusterName="gone")
        emulator.call("ecs", "delete_cluster", cluster="gone")
        left = emulator.things() - before
    assert {f"aws_vpc {vpc}", f"aws_sqs_queue {queue}"} <= left
    assert not any("gone" in each for each in left)
