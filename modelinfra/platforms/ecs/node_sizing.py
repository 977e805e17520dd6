"""Sizes and budgets of an endpoint whose replicas run on nodes: a share of the smallest node, where nothing else is asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from modelinfra.catalog.fargate import TaskSize
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.quantities import shown_bytes
from modelinfra.options.rollout import minutes
from modelinfra.platforms.ecs import capture
from modelinfra.platforms.ecs.checks import check_minutes
from modelinfra.platforms.ecs.collector import memory_mib
from modelinfra.platforms.ecs.placement import Placement
from modelinfra.platforms.ecs.sizing import EcsSizing, fetching, too_short
from modelinfra.platforms.served_model import ServedModel

_MIB, _GIB = 2**20, 2**30

# A GPU node is ready 80 to 120 s after it is asked for (facts serving.md section 7), and the group takes a minute to ask.
_NODE_SECONDS = 300

# An image of 10 GB takes 7 to 10 minutes, and one of 15 to 20 GB 4 to 6 with newer tools (facts serving.md section 7): unpacked it is
# about twice as large.
_PULL_SECONDS_PER_GIB = 30

# The machine image's own share of the disk (aws/amazon-ecs-ami, block_device_size_gb).
_SYSTEM_GIB = 30


def size_on_nodes(options: Any, served: ServedModel, placement: Placement) -> EcsSizing:
    """Compute what an endpoint needs of its nodes. Raises InvalidOptionsError when the smallest type of the pool has less."""
    pool = placement.pool
    cpu, memory = pool.room
    asked = (
        int(options.cpu * 1024) if options.cpu is not None else cpu // placement.per_node,
        math.ceil(options.memory / _MIB) if options.memory is not None else memory // placement.per_node,
    )
    problems = [*_too_large(options, placement, asked), *_too_small(options, asked[1]), *_disk(served, placement)]
    if problems:
        raise InvalidOptionsError(problems)
    size = TaskSize(*asked)
    return EcsSizing(
        task=size,
        ephemeral_storage_gib=None,
        startup=served.startup_seconds,
        longest_request=served.longest_request_seconds,
        # Instances have no ceiling as Fargate has.
        stop_timeout=options.stop_timeout or served.longest_request_seconds,
        min_replicas=options.scaling.min,
        max_replicas=placement.most,
        watched_minutes=minutes(options.rollout) + check_minutes(served.samples),
        notes=(*placement.notes, _choice(options, size, placement), *fetching(options, served)),
        warnings=(*_warnings(served, size), *too_short(options, served), *capture.warnings(options)),
        placement_seconds=_NODE_SECONDS + _PULL_SECONDS_PER_GIB * served.server.unpacked_image_gib,
    )


def _choice(options: Any, size: TaskSize, placement: Placement) -> str:
    smallest = min(placement.pool.types, key=lambda each: (each.memory_mib, each.vcpus))
    share = "what" if placement.per_node == 1 else f"one of {placement.per_node} parts of what"
    whence = f"{share} {smallest.name}, the smallest type of the pool, has for tasks"
    if options.cpu is not None or options.memory is not None:
        whence = "as asked for, where it was"
    return f"each replica has {size.cpu / 1024:g} vCPU and {shown_bytes(size.memory * _MIB)}: {whence}"


def _too_large(options: Any, placement: Placement, asked: tuple[int, int]) -> Iterator[Problem]:
    cpu, memory = placement.pool.room
    least = "Write less, or `instance_types` that are larger at the pool."
    named = f"the smallest type of the pool '{placement.pool.name}' has"
    if asked[0] > cpu:
        yield Problem("cpu", f"{named} {cpu / 1024:g} vCPU", least, f"{options.cpu:g}")
    if asked[1] > memory:
        has = f"{named} {shown_bytes(memory * _MIB)} for tasks"
        yield Problem("memory", has, least, shown_bytes(options.memory))


def _too_small(options: Any, asked_mib: int) -> Iterator[Problem]:
    """On nodes what stands beside the server is taken from its share, and ECS refuses containers that together have more than their task."""
    beside = memory_mib(options) + capture.memory_mib(options)
    if beside and asked_mib <= beside:
        reason = f"what stands beside the server has {shown_bytes(beside * _MIB)} of it, so that nothing is left for the server"
        yield Problem("memory", reason, "Write more.", shown_bytes(asked_mib * _MIB))


def _disk(served: ServedModel, placement: Placement) -> Iterator[Problem]:
    """Every replica of a node has a model of its own where it fetches it; the old image stays while the new one is pulled."""
    # The models of an endpoint all come in one way.
    model = served.disk_bytes * placement.per_node if served.fetched else 2 * served.counted_bytes
    needed = _SYSTEM_GIB + 2 * served.server.unpacked_image_gib + math.ceil(model / _GIB)
    disk = placement.pool.options.disk
    if needed * _GIB > disk:
        reason = (
            f"the nodes of the pool '{placement.pool.name}' have a disk of {shown_bytes(disk)}, and system, two images and model are "
            f"expected to need {needed} GiB"
        )
        yield Problem("accelerator", reason, f"Write `disk`: {needed}GiB at the pool.")


def _warnings(served: ServedModel, size: TaskSize) -> Iterator[str]:
    yield from served.assumptions()
    for remote in served.remotes:
        yield from remote.warnings()
    # With an unknown size this would be told of every node that is smaller than the largest model.
    if served.size_bytes is not None and size.memory < served.memory_mib:
        yield (
            f"memory is {shown_bytes(size.memory * _MIB)}, and {served.server.title} with {served.this} is expected to need "
            f"{shown_bytes(served.memory_mib * _MIB)} while it loads: the task may be killed for lack of memory"
        )
