"""Which pool of nodes an endpoint runs on: by the accelerator that it asks for, or by name. The same on ECS and on Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol, TypeVar

from modelinfra.catalog.accelerators import Accelerator, accelerator
from modelinfra.catalog.gpu_nodes import counts
from modelinfra.catalog.instance_types import InstanceType
from modelinfra.options.problems import InvalidOptionsError, Problem, did_you_mean
from modelinfra.options.quantities import shown_bytes
from modelinfra.options.rollout import shifts
from modelinfra.platforms.served_model import ServedModel

# Spare capacity is taken away two minutes after it was said (EC2 user guide, Spot Instance interruptions).
_SPOT_NOTICE_SECONDS: Final = 120


class Pool(Protocol):
    """A pool that was found to work. promised, relying: endpoints that count on its nodes, see `PlannedPool`."""

    name: str
    options: Any
    types: tuple[InstanceType, ...]
    promised: dict[str, int]
    relying: set[str]

    @property
    def accelerator(self) -> Accelerator:
        """What each node has."""

    @property
    def per_node(self) -> int:
        """How many of it."""


P = TypeVar("P", bound=Pool)


def pool_of(options: Any, pools: Mapping[str, P]) -> P:
    """The pool that an endpoint with an accelerator runs on.

    Raises InvalidOptionsError, with paths relative to the endpoint, where none has it, or several do and none is named.
    """
    asked, named = options.accelerator, options.node_pool
    if named is not None and named not in pools:
        remedy = did_you_mean(named, list(pools))
        raise InvalidOptionsError([Problem("node_pool", "the platform has no such pool", remedy, named)])
    fitting = {
        name: pool
        for name, pool in pools.items()
        if pool.accelerator.name.casefold() == asked.name.casefold() and pool.per_node >= asked.count
    }
    if named is not None:
        if named in fitting:
            return pools[named]
        has = f"{pools[named].per_node} of {pools[named].accelerator.name}"
        reason = f"its nodes have {has}, and `accelerator` asks for {asked.count} of {asked.name}"
        raise InvalidOptionsError([Problem("node_pool", reason, "Name another pool, or change `accelerator`.", named)])
    if not fitting:
        has = ", ".join(f"'{name}' ({pool.per_node} of {pool.accelerator.name} a node)" for name, pool in pools.items())
        reason = f"no pool of the platform has {asked.count} of it a node" + (f": there is {has}" if has else "")
        remedy = f"Add one to `gpu_node_pools` with `accelerator`: {_offered(asked)}."
        raise InvalidOptionsError([Problem("accelerator.name", reason, remedy, asked.name)])
    if len(fitting) > 1:
        remedy = f"Write one of: {', '.join(sorted(fitting))}."
        raise InvalidOptionsError([Problem("node_pool", "several pools have the accelerator", remedy)])
    return next(iter(fitting.values()))


def _offered(asked: Any) -> str:
    """The least of an accelerator that an instance type has and that is enough."""
    kind = accelerator(asked.name)
    assert kind is not None, "the options' rules know the names"
    enough = [count for count in counts(kind) if count >= asked.count]
    return f"{{name: {kind.name}, count: {min(enough, default=max(counts(kind)))}}}"


def misfits(options: Any, served: ServedModel, pool: Pool, part_mib: int | None = None) -> Iterator[Problem]:
    """Why replicas of an endpoint cannot run on the nodes of a pool, whatever starts these. part_mib: memory of a part, where the pool has
    parts of its accelerator."""
    devices, kind = options.accelerator.count, pool.accelerator
    total = devices * (part_mib or kind.memory_mib) * 2**20
    if served.size_bytes is not None and served.size_bytes > total:
        what = f"a part of {kind.name}" if part_mib else f"{devices} x {kind.name}"
        reason = (
            f"the weights alone take {shown_bytes(served.size_bytes)}, and the memory of {what} is {shown_bytes(total)}"
        )
        remedy = "Take more accelerators a replica, larger ones, or a smaller (quantised) model."
        yield Problem("accelerator", reason, remedy, f"{devices} x {kind.name}")
    if served.server.needs_gpu and kind.vendor != "NVIDIA":
        reason = f"the image of {served.server.title} is built for NVIDIA's GPUs"
        yield Problem("accelerator.name", reason, "Take a GPU, or describe a `server` of your own.", kind.name)
    architecture = pool.types[0].architecture
    if options.architecture != architecture:
        reason = f"the nodes of the pool '{pool.name}' are {architecture}"
        yield Problem("architecture", reason, f"Write {architecture}.", options.architecture)


def crowded(options: Any, pool: Pool, most: int, left: int) -> Problem:
    """That a pool has too little room. most: the replicas asked for. left: those that it has room for."""
    beside = f" beside {', '.join(sorted(pool.promised))}" if pool.promised else ""
    if pool.relying:
        beside += ", and one node to deploy them,"
    if shifts(options.rollout):
        beside += f" in two sets, as `rollout.strategy`: {options.rollout.strategy} needs them"
    where = "scaling.max" if options.scaling.max is not None else "scaling.min"
    return Problem(
        where,
        f"the pool '{pool.name}', with {pool.options.max_nodes} nodes at most, has room for {max(left, 0)} such replicas{beside}".rstrip(
            ","
        ),
        "Raise the pool's `max_nodes`, or write a smaller number.",
        most,
    )


def cut_off(pool: Pool, served: ServedModel) -> Iterator[str]:
    """That requests may end with the node that answers them."""
    if pool.options.spot and served.longest_request_seconds > _SPOT_NOTICE_SECONDS:
        yield f"nodes of the pool '{pool.name}' are taken away within two minutes, and requests may take longer: such ones are cut off"
