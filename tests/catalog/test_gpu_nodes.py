"""Accelerators resolve to instance types, images and room for tasks."""

from __future__ import annotations

import pytest

from modelinfra.catalog.accelerators import ACCELERATORS, Accelerator, accelerator
from modelinfra.catalog.gpu_nodes import DEAREST, affordable, ami_parameter, counts, left_for_tasks
from modelinfra.catalog.instance_types import InstanceType, instance_type
from modelinfra.catalog.prices import price


def types(name: str, count: int) -> tuple[InstanceType, ...]:
    wanted = accelerator(name)
    assert wanted is not None
    return affordable(wanted, count)


def names(name: str, count: int) -> list[str]:
    return [each.name for each in types(name, count)]


def test_one_a10g_is_of_several_types_the_cheapest_first_and_none_far_dearer() -> None:
    assert names("A10G", 1) == ["g5.xlarge", "g5.2xlarge", "g5.4xlarge"]


def test_four_of_them_are_other_types() -> None:
    assert names("A10G", 4)[0] == "g5.12xlarge"


def test_what_no_type_has_resolves_to_none() -> None:
    assert names("A10G", 3) == []


@pytest.mark.parametrize("each", ACCELERATORS, ids=lambda each: each.name)
def test_every_accelerator_comes_in_some_count_of_one_architecture_within_the_price(each: Accelerator) -> None:
    assert counts(each)
    for count in counts(each):
        found = affordable(each, count)
        assert found
        assert len({one.architecture for one in found}) == 1
        prices = [known.usd for one in found if (known := price(f"ec2.{one.name}", "us-east-1")) is not None]
        assert prices == sorted(prices)
        assert not prices or prices[-1] <= prices[0] * DEAREST


@pytest.mark.parametrize(
    ("name", "kind"), [("g5.xlarge", "gpu"), ("inf2.xlarge", "neuron"), ("g5g.xlarge", None), ("m7i.large", None)]
)
def test_the_image_follows_vendor_and_architecture(name: str, kind: str | None) -> None:
    found = instance_type(name)
    assert found is not None
    path = f"/aws/service/ecs/optimized-ami/amazon-linux-2023/{kind}/recommended/image_id"
    assert ami_parameter(found) == (path if kind else None)


def test_tasks_get_what_the_smallest_type_has_without_the_agents_share() -> None:
    assert left_for_tasks(types("A10G", 1)) == (4 * 1024, 15155)  # 92.5 % of 16384 MiB
