"""On which nodes with accelerators replicas run: those of a pool that is made here, or those that the platform describes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from modelinfra.catalog.accelerators import accelerator
from modelinfra.catalog.gpu_sharing import SHARED
from modelinfra.options.kubernetes import makes_eks
from modelinfra.options.problems import InvalidOptionsError, Problem, did_you_mean
from modelinfra.options.quantities import shown_bytes
from modelinfra.platforms.ecs.node_pools import PlannedPool
from modelinfra.platforms.eks.gpu_way import EksGpuNodes, way_of
from modelinfra.platforms.kubernetes.node_room import (
    is_managed,
    room,
    too_large_for_pool,
    too_large_for_system_nodes,
)  # fmt: skip
from modelinfra.platforms.pool_choice import crowded, cut_off, misfits, pool_of
from modelinfra.platforms.served_model import ServedModel

_MIB = 2**20


@dataclass(frozen=True)
class Share:
    """What replicas take of a pool. name: of the endpoint, and of its revision. per_node: replicas that a node has room for. most: replicas."""

    name: str
    pool: PlannedPool
    per_node: int
    most: int

    @property
    def spare(self) -> bool:
        """Whether there is room for one replica more than the most: see `PlannedPool.spare`."""
        return self.pool.spare(self.name, self.per_node, self.most)

    def rely(self) -> None:
        """From now on no other endpoint may take the room that deployments of this one count on."""
        if self.spare:
            self.pool.relying.add(self.name)


@dataclass(frozen=True)
class Accelerated:
    """Where the accelerators of a replica are. name: as the catalogue has it; resource: what the device plugin calls one. share: None where
    the nodes are not made here. memory_mib: what comes with one, where that is a part of an accelerator."""

    name: str
    resource: str
    count: int
    node_selector: dict[str, str]
    tolerations: list[dict[str, str]]
    share: Share | None = None
    memory_mib: int | None = None
    notes: tuple[str, ...] = ()
    _warnings: tuple[str, ...] = field(default=())

    @property
    def surges(self) -> bool:
        """Whether a deployment starts a new replica before an old one stops: else, where no node more may come, it would wait for ever."""
        return self.share is None or self.share.spare

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may go wrong."""
        return (*self._of_deployments, *self._of_neighbours)

    @property
    def _of_neighbours(self) -> tuple[str, ...]:
        """Others are on the same GPU, and nothing keeps their memory apart."""
        if self.resource != SHARED:
            return ()
        part = f"its share ({shown_bytes(self.memory_mib * _MIB)})" if self.memory_mib else "its share"
        return (
            (
                "each replica shares a GPU, whose memory nothing divides: a server that takes most of it by default, such as vLLM, leaves none to the "
                f"next, which then does not start; tell it to take {part}, vLLM by --gpu-memory-utilization"
            ),
        )

    @property
    def _of_deployments(self) -> tuple[str, ...]:
        if self.share is None:
            return (
                (
                    "a rollout starts a new replica before an old one stops: without accelerators for one more, it waits, and the "
                    "old replicas serve on"
                ),
            )
        if self.surges:
            return self._warnings
        stopped = "the only replica stops" if self.share.most <= 1 else "one replica after the other stops"
        pool = self.share.pool.name
        return (
            *self._warnings,
            (
                f"a deployment interrupts: the pool '{pool}' has no room for one more replica than {self.share.most}, so {stopped} before a new "
                "one starts; a higher `max_nodes` of the pool avoids that"
            ),
        )


def place(
    name: str,
    options: Any,
    served: ServedModel,
    size: tuple[float, int],
    platform: Any,
    pools: Mapping[str, PlannedPool],
) -> Accelerated | None:
    """Where an endpoint's replicas have their accelerators; None without. size: CPU and MiB of a replica.

    Raises InvalidOptionsError, with paths relative to the endpoint, where nobody says which nodes have it, or they have too little room.
    """
    asked = options.accelerator
    if asked is None:
        if served.server.needs_gpu:
            reason = f"{served.server.title} does not start without a GPU"
            raise InvalidOptionsError([Problem("accelerator", reason, "Write for example accelerator: {name: A10G}.")])
        problems = list(too_large_for_system_nodes(options, size, platform))
        if problems:
            raise InvalidOptionsError(problems)
        return None
    described = {each.casefold(): (each, nodes) for each, nodes in platform.accelerators.items()}
    found = described.get(asked.name.casefold())
    if found is not None and options.node_pool is None:
        nodes = found[1]
        if nodes.memory is not None or nodes.resource == SHARED:
            _one_part(asked)
        tolerations = [{"key": nodes.resource, "operator": "Exists"}]
        memory = None if nodes.memory is None else nodes.memory // _MIB
        return Accelerated(
            _named(asked), nodes.resource, asked.count, dict(nodes.node_selector), tolerations, memory_mib=memory
        )
    if pools or makes_eks(platform):
        found_there = _in_pool(name, options, served, size, pools, managed=is_managed(platform))
        return replace(found_there, _warnings=(*found_there._warnings, *_unstarted(found_there, platform)))
    reason = "the platform's `accelerators` do not say which nodes have it"
    names = [each for each, _ in described.values()]
    remedy = did_you_mean(asked.name, names) if names else "Add it there, with `node_selector`."
    raise InvalidOptionsError([Problem("accelerator.name", reason, remedy, asked.name)])


def _named(asked: Any) -> str:
    found = accelerator(asked.name)
    assert found is not None, "the options' rules know the names"
    return found.name


def _one_part(asked: Any) -> None:
    if asked.count > 1:
        reason = "there are parts of it, and several of these are no larger one"
        raise InvalidOptionsError([Problem("accelerator.count", reason, "Write 1.", asked.count)])


def _in_pool(
    name: str,
    options: Any,
    served: ServedModel,
    size: tuple[float, int],
    pools: Mapping[str, PlannedPool],
    *,
    managed: bool,
) -> Accelerated:
    pool = pool_of(options, pools)
    way = way_of(pool.name, pool.options)
    if way.is_part:
        _one_part(options.accelerator)
    problems = [
        *misfits(options, served, pool, way.memory_mib if way.is_part else None),
        *too_large_for_pool(options, size, pool, managed=managed),
    ]
    if problems:
        raise InvalidOptionsError(problems)
    devices = options.accelerator.count
    per_node = _per_node(devices, size, room(pool.types, managed=managed), way)
    most = options.scaling.max or options.scaling.min
    # Whole nodes are promised: replicas of two endpoints, half a node each, may not find each other.
    nodes = math.ceil(most / per_node)
    free = pool.free(but_for=name)
    left = None if free is None else free - (1 if pool.relying - {name} else 0)
    if left is not None and nodes > left:
        raise InvalidOptionsError([crowded(options, pool, most, left * per_node)])
    pool.promised[name] = nodes
    return Accelerated(
        pool.accelerator.name,
        way.resource,
        devices,
        way.node_selector,
        way.tolerations,
        Share(name, pool, per_node, most),
        way.memory_mib if way.is_part else None,
        tuple(_notes(pool, way, devices, per_node)),
        tuple(_warnings(served, pool, way, devices)),
    )


def _unstarted(placed: Accelerated, platform: Any) -> Iterator[str]:
    """Nothing that is made here starts nodes of a managed group for pods that wait."""
    share = placed.share
    if share is None or not is_managed(platform):
        return
    nodes, there = share.pool.promised[share.name], share.pool.options.min_nodes
    if nodes > there:
        yield (
            f"its most replicas take {nodes} nodes, and the managed group of the pool '{share.pool.name}' has {there}: those beyond wait "
            "until an autoscaler of your own starts nodes, or `min_nodes` is raised"
        )


def _per_node(devices: int, size: tuple[float, int], node: tuple[int, int], way: EksGpuNodes) -> int:
    cpu, memory = node
    return max(1, min(way.per_node // devices, math.floor(cpu / size[0]), memory // size[1]))


def _notes(pool: PlannedPool, way: EksGpuNodes, devices: int, per_node: int) -> Iterator[str]:
    types = ", ".join(each.name for each in pool.types)
    what = (
        f"{way.per_node} parts of {pool.accelerator.name}"
        if way.is_part
        else f"{pool.per_node} {pool.accelerator.name}"
    )
    yield (
        f"runs on nodes of the pool '{pool.name}' ({types}): {devices} of the {what} of a node each, {per_node} a node at most"
    )


def _warnings(served: ServedModel, pool: PlannedPool, way: EksGpuNodes, devices: int) -> Iterator[str]:
    total = devices * way.memory_mib * _MIB
    what = f"{'a part' if way.is_part else devices} {'of' if way.is_part else 'x'} {pool.accelerator.name}"
    have = "has" if way.is_part else "have"
    if served.size_bytes is None:
        yield (
            f"whether the model fits is not known: its size is not given, and {what} {have} {shown_bytes(total)} of memory"
        )
    elif served.size_bytes > 0.9 * total:
        yield (
            f"the weights take {served.size_bytes / total:.0%} of the {shown_bytes(total)} that {what} {have}: "
            "little is left for what the server computes"
        )
    yield from cut_off(pool, served)
