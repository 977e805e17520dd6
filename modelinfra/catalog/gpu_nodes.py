"""Nodes with accelerators: which instance types have what is asked for, the image that ECS starts them with, what is left for tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from modelinfra.catalog.accelerators import Accelerator
from modelinfra.catalog.instance_types import InstanceType, instance_types, with_accelerators
from modelinfra.catalog.prices import price

_PRICED_IN = "us-east-1"

DEAREST = 2
"""A pool takes types up to this many times the cheapest one's price: more types find capacity more often, the dearest are a waste.
A judgement of this project."""

RESERVED_SHARE = 0.075
"""Share of an instance's memory that tasks do not get: firmware, kernel, Docker and the ECS agent. EC2 publishes no number; this is
what Karpenter takes off until it has seen the node (VM_MEMORY_OVERHEAD_PERCENT, default 0.075)."""

_AMI = "/aws/service/ecs/optimized-ami/amazon-linux-2023/{kind}/recommended/image_id"


def counts(wanted: Accelerator) -> tuple[int, ...]:
    """How many of an accelerator an instance can have, ascending."""
    return tuple(sorted({each.accelerators for each in instance_types().values() if each.accelerator == wanted}))


def affordable(wanted: Accelerator, count: int) -> tuple[InstanceType, ...]:
    """The types with exactly `count` of an accelerator, the cheapest first, without those far dearer than it.

    List prices in us-east-1 decide, on demand; a type without one comes last and is taken only where no type has one. Empty when
    EC2 has no such type that the catalogue knows.
    """
    found = with_accelerators(wanted, count)
    priced = sorted(((usd, each) for each in found if (usd := _usd(each)) is not None), key=lambda pair: pair[0])
    if not priced:
        return found
    # An instance runs one architecture's images: the cheapest decides where an accelerator comes with both.
    cheapest, first = priced[0]
    return tuple(each for usd, each in priced if usd <= cheapest * DEAREST and each.architecture == first.architecture)


def ami_parameter(type_: InstanceType) -> str | None:
    """The public SSM parameter with ECS's newest image for an accelerated type; None where ECS publishes no image.

    ECS developer guide, "Retrieving Amazon ECS-optimized Linux AMI metadata" (facts serving.md 2a). Its GPU image is of x86_64 alone:
    the releases of aws/amazon-ecs-ami (20261030) name no other, and neither do its recipes.
    """
    if type_.architecture != "x86_64" or type_.accelerator is None:
        return None
    return _AMI.format(kind="gpu" if type_.accelerator.vendor == "NVIDIA" else "neuron")


def left_for_tasks(types: Sequence[InstanceType]) -> tuple[int, int]:
    """CPU units (1024 are one vCPU) and MiB that tasks have on every one of these types: what the smallest has."""
    memory = min(each.memory_mib for each in types)
    return min(each.vcpus for each in types) * 1024, math.floor(memory * (1 - RESERVED_SHARE))


def _usd(type_: InstanceType) -> Decimal | None:
    found = price(f"ec2.{type_.name}", _PRICED_IN)
    return found.usd if found is not None else None
