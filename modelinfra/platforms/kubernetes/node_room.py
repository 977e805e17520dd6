"""How much room a node has for a replica, of nodes that are made here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from modelinfra.catalog.gpu_nodes import RESERVED_SHARE
from modelinfra.catalog.instance_types import InstanceType, instance_type
from modelinfra.options.eks_nodes import DEFAULT_SYSTEM_TYPES
from modelinfra.options.kubernetes import makes_eks
from modelinfra.options.problems import NOTHING, Problem
from modelinfra.options.quantities import shown_bytes
from modelinfra.platforms.ecs.node_pools import PlannedPool

_MIB = 2**20


def is_managed(platform: Any) -> bool:
    """Whether managed node groups alone have nodes: whichever of its types such a group starts, pods must fit."""
    return makes_eks(platform) and platform.cluster.eks.nodes == "managed"


def room(types: Sequence[InstanceType], *, managed: bool) -> tuple[int, int]:
    """CPU and MiB for pods: of the smallest type in a managed group, and else of the largest, since Karpenter takes one that has room."""
    least = min if managed else max
    return least(each.vcpus for each in types), least(_memory_mib(each) for each in types)


def too_large_for_pool(options: Any, size: tuple[float, int], pool: PlannedPool, *, managed: bool) -> Iterator[Problem]:
    """What of a replica no node of the pool has, or not each. size: its CPU and MiB."""
    larger = f"name larger `instance_types` of the pool '{pool.name}'"
    fitting = [each.name for each in pool.types if size[0] < each.vcpus and size[1] <= _memory_mib(each)]
    if managed and fitting:
        larger = f"`instance_types: [{', '.join(fitting)}]` of the pool '{pool.name}'"
    yield from _too_large(options, size, pool.types, f"the pool '{pool.name}'", larger, managed=managed)


def too_large_for_system_nodes(options: Any, size: tuple[float, int], platform: Any) -> Iterator[Problem]:
    """What of a replica without accelerator not each system node has, where there are no other nodes."""
    if not is_managed(platform):
        return
    system = platform.cluster.eks.system_nodes
    named = (system.instance_types if system is not None else None) or DEFAULT_SYSTEM_TYPES
    types = [found for each in named if (found := instance_type(each)) is not None]
    larger = "larger types as `cluster.eks.system_nodes.instance_types` of the platform, or `nodes: karpenter` there"
    yield from _too_large(options, size, types, "`system_nodes`", larger, managed=True)


def _too_large(
    options: Any, size: tuple[float, int], types: Sequence[InstanceType], where: str, larger: str, *, managed: bool
) -> Iterator[Problem]:
    """larger: what to write instead, beside less."""
    cpu, memory = room(types, managed=managed)
    names = ", ".join(each.name for each in types)
    which = f"no type of {where} ({names}) has more than"
    if managed and len(types) > 1:
        which = f"any type of {where} may come ({names}), and the smallest has no more than"
    remedy = f"Write less, or {larger}."
    if size[0] >= cpu:
        reason = f"{which} {cpu} vCPU, of which the node itself takes some"
        yield Problem("cpu", reason, remedy, options.cpu if options.cpu is not None else NOTHING)
    if size[1] > memory:
        asked = options.memory is not None
        said = "" if asked else f"a replica needs {shown_bytes(size[1] * _MIB)}, and "
        given = shown_bytes(size[1] * _MIB) if asked else NOTHING
        yield Problem("memory", f"{said}{which} {shown_bytes(memory * _MIB)} for its pods", remedy, given)


def _memory_mib(kind: InstanceType) -> int:
    """For pods."""
    return math.floor(kind.memory_mib * (1 - RESERVED_SHARE))
