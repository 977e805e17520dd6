"""Where the replicas of an endpoint run, and how they are deployed there: on Fargate, or on the nodes of a pool."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelinfra.catalog.managed_instances import NO_SHARED_MEMORY
from modelinfra.options.managed_instances import GROUP
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.quantities import shown_bytes
from modelinfra.options.rollout import shifts
from modelinfra.platforms.ecs.node_pools import PlannedPool
from modelinfra.platforms.pool_choice import crowded, cut_off, misfits, pool_of
from modelinfra.platforms.served_model import ServedModel


@dataclass(frozen=True)
class Placement:
    """On which nodes, and how a deployment goes.

    name: of the endpoint. devices: accelerators of each replica. per_node: replicas that a node has room for. least, most: replicas.
    """

    name: str
    pool: PlannedPool
    served: ServedModel
    devices: int
    per_node: int
    least: int
    most: int

    @property
    def spare(self) -> bool:
        """Whether there is room for one replica more than the most: see `PlannedPool.spare`."""
        return self.pool.spare(self.name, self.per_node, self.most)

    @property
    def minimum_healthy_percent(self) -> int:
        """Without room for one more replica than run, the old one must go first: else none could ever come (facts serving.md 8 row 4).

        Whatever number of replicas run, at least one may stop, and no more than one of the fewest. Where none need run, none need stay.
        """
        return 100 if self.spare else max(self.least - 1, 0) * 100 // max(self.least, 1)

    @property
    def maximum_percent(self) -> int:
        """How many replicas old and new ones may be together, in percent of those asked for."""
        return 200 if self.spare else 100

    @property
    def compatibility(self) -> str:
        """For what the task definition is written."""
        return "MANAGED_INSTANCES" if self.pool.managed else "EC2"

    @property
    def requirements(self) -> dict[str, Any]:
        """What the server's container says to have the accelerators."""
        if self.pool.accelerator.vendor == "NVIDIA":
            return {"resourceRequirements": [{"type": "GPU", "value": str(self.devices)}]}
        # ECS API, ResourceRequirement: managed instances only, and nothing but all of them.
        return {"resourceRequirements": [{"type": "NeuronDevice", "value": "ALL"}]} if self.pool.managed else {}

    @property
    def linux_parameters(self) -> dict[str, Any]:
        """Neuron devices are the host's, by path (ECS developer guide, "Amazon ECS task definitions for AWS Neuron")."""
        if self.pool.accelerator.vendor == "NVIDIA" or self.pool.managed:
            return {}
        paths = [f"/dev/neuron{index}" for index in range(self.devices)]
        devices = [{"hostPath": path, "containerPath": path, "permissions": ["read", "write"]} for path in paths]
        return {"devices": devices, "capabilities": {"add": ["IPC_LOCK"]}}

    @property
    def notes(self) -> Iterator[str]:
        """What was chosen, in words for the preview."""
        pool = self.pool
        types = ", ".join(each.name for each in pool.types)
        yield (
            f"runs on nodes of the pool '{pool.name}' ({types}): {self.devices} of the {pool.per_node} {pool.accelerator.name} of a node "
            f"each, {self.per_node} a node"
        )
        if pool.managed:
            yield (
                f"nothing limits the nodes of the pool '{pool.name}' but its endpoints' `scaling.max`: this one takes "
                f"{pool.promised[self.name]}, and in a deployment up to twice as many; ECS replaces each every two to three weeks"
            )

    def rely(self) -> None:
        """From now on no other endpoint may take the room that deployments of this one count on."""
        if self.spare:
            self.pool.relying.add(self.name)

    @property
    def warnings(self) -> Iterator[str]:
        """What may go wrong, in words for the preview."""
        pool, served = self.pool, self.served
        total = self.devices * pool.accelerator.memory_mib * 2**20
        if served.size_bytes is None:
            yield (
                f"whether the model fits is not known: its size is not given, and {self.devices} x {pool.accelerator.name} have "
                f"{shown_bytes(total)} of memory"
            )
        elif served.size_bytes > 0.9 * total:
            yield (
                f"the weights take {served.size_bytes / total:.0%} of the {shown_bytes(total)} that {self.devices} x "
                f"{pool.accelerator.name} have: little is left for what the server computes"
            )
        if pool.managed and served.server.shared_memory_mib:
            yield (
                f"{served.server.title} goes without the {shown_bytes(served.server.shared_memory_mib * 2**20)} of shared memory that its "
                f"documentation gives it: {NO_SHARED_MEMORY}"
            )
        if not self.spare:
            stopped = "the only replica stops" if self.least <= 1 else "one replica after the other stops"
            yield (
                f"a deployment interrupts: the pool '{pool.name}' has no room for one more replica than {self.most}, so {stopped} before "
                "a new one starts; a higher `max_nodes` of the pool avoids that"
            )
        yield from cut_off(pool, served)


def place(name: str, options: Any, served: ServedModel, pools: Mapping[str, PlannedPool]) -> Placement | None:
    """Where an endpoint's replicas run; None on Fargate. What they take is promised to it.

    Raises InvalidOptionsError, with paths relative to the endpoint, where no pool has it, or not enough of it.
    """
    if options.accelerator is None:
        return None
    pool = pool_of(options, pools)
    problems = list(_misfits(options, served, pool))
    if problems:
        raise InvalidOptionsError(problems)
    devices = options.accelerator.count
    most = options.scaling.max or options.scaling.min
    per_node = pool.per_node // devices
    # Two sets of replicas run while traffic moves from the one to the other.
    sets = 2 if shifts(options.rollout) else 1
    # Whole nodes are promised: replicas of two endpoints, half a node each, may not find each other.
    nodes = math.ceil(sets * most / per_node)
    free = pool.free(but_for=name)
    left = None if free is None else free - (1 if pool.relying - {name} else 0)
    if left is not None and nodes > left:
        raise InvalidOptionsError([crowded(options, pool, most, left * per_node // sets)])
    pool.promised[name] = nodes
    return Placement(name, pool, served, devices, per_node, options.scaling.min, most)


def _misfits(options: Any, served: ServedModel, pool: PlannedPool) -> Iterator[Problem]:
    yield from misfits(options, served, pool)
    devices = options.accelerator.count
    if pool.accelerator.vendor != "NVIDIA" and devices != pool.per_node:
        reason = f"ECS does not count these devices: a replica has all {pool.per_node} of a node, or they would be shared unseen"
        yield Problem("accelerator.count", reason, f"Write {pool.per_node}.", devices)
    if pool.managed:
        yield from _without_shared_memory(served)


def _without_shared_memory(served: ServedModel) -> Iterator[Problem]:
    remedy = f"Take a pool with `capacity`: {GROUP}, or another server."
    if served.server.needs_shared_memory:
        reason = f"{served.server.title} needs {shown_bytes(served.server.shared_memory_mib * 2**20)} of shared memory, and {NO_SHARED_MEMORY}"
        yield Problem("server", reason, remedy, served.server.name)
    for model in served.models:
        if model.shared_memory_because and not served.server.needs_shared_memory:
            yield Problem(model.where, f"{model.shared_memory_because}, and {NO_SHARED_MEMORY}", remedy, model.name)
