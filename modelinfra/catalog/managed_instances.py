"""ECS Managed Instances: which instance types they can be of, and what tasks on them lack."""

from __future__ import annotations

from typing import Final

from modelinfra.catalog.instance_types import InstanceType

FAMILIES: Final = frozenset(
    (
        "g4dn",
        "g5",
        "g5g",
        "g6",
        "g6e",
        "g7e",
        "gr6",
        "inf2",
        "p3dn",
        "p4d",
        "p4de",
        "p5",
        "p5en",
        "p6-b200",
        "p6-b300",
        "trn1",
    )
)
"""Families with accelerators, of those that the catalogue knows, in AWS's list (ECS developer guide, "Amazon ECS Managed Instances instance
types", as it stood on 2026-07-10 in what others quote of it: the page itself was not read here). p5e, trn1n and trn2 are not in it."""

NO_SHARED_MEMORY: Final = "tasks on ECS Managed Instances have no setting for /dev/shm"
"""ECS developer guide, "Amazon ECS task definition differences for Amazon ECS Managed Instances": `sharedMemorySize`, `tmpfs` and `ipcMode`
are not valid there."""

NO_PRICE_PROTECTION: Final = 999_999
"""EC2 API, InstanceRequirementsRequest: so many percent above the lowest price rule no type out. The types are chosen by price here."""


def is_offered(type_: InstanceType) -> bool:
    """Whether ECS Managed Instances can be of a type."""
    return type_.name.partition(".")[0] in FAMILIES
