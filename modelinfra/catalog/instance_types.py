"""EC2 instance types: those with accelerators, and the usual ones without. The data is instance_types.tsv, made by tools/refresh_instance_types.py."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal, cast

from modelinfra.catalog.accelerators import Accelerator, accelerator
from modelinfra.catalog.table import rows

Architecture = Literal["x86_64", "arm64"]


@dataclass(frozen=True)
class InstanceType:
    """What an instance of the type has."""

    name: str
    """Such as g5.xlarge."""
    vcpus: int
    memory_mib: int
    architecture: Architecture
    accelerator: Accelerator | None
    """What it has one or several of; None without."""
    accelerators: int
    """How many; 0 without."""


@functools.cache
def instance_types() -> dict[str, InstanceType]:
    """Name -> type; families together, sizes from small to large."""
    found = {}
    for name, vcpus, memory, architecture, device, count in rows("instance_types.tsv"):
        known = accelerator(device) if device else None
        kind = cast(Architecture, architecture)
        found[name] = InstanceType(name, int(vcpus), int(memory), kind, known, int(count))
    return found


def instance_type(name: str) -> InstanceType | None:
    """The type of that name; None when the catalogue does not know it, which does not mean that EC2 has none."""
    return instance_types().get(name)


def with_accelerators(wanted: Accelerator, count: int) -> tuple[InstanceType, ...]:
    """The types that have exactly `count` of an accelerator, those with the fewest vCPUs first."""
    found = [each for each in instance_types().values() if each.accelerator == wanted and each.accelerators == count]
    return tuple(sorted(found, key=lambda each: (each.vcpus, each.memory_mib, each.name)))
