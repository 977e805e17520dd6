"""Sizes and budgets of an endpoint on ECS: pure arithmetic over validated options."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modelinfra.catalog.fargate import (
    STOP_TIMEOUT_CEILING_SECONDS,
    TaskSize,
    remarks,
    smallest_size,
)
from modelinfra.options.asynchronous import is_asynchronous
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.quantities import shown_bytes, shown_seconds
from modelinfra.options.rollout import minutes
from modelinfra.options.server import CUSTOM
from modelinfra.platforms.ecs import capture, disk
from modelinfra.platforms.ecs.checks import check_minutes
from modelinfra.platforms.ecs.collector import memory_mib
from modelinfra.platforms.served_model import ServedModel

_MIB = 2**20

# How long ECS needs beside the container's own start: place the task, attach its network interface, pull the image.
_PLACEMENT_SECONDS = 300

_ALARM_PERIOD_SECONDS = 60

_DEFAULT_CPU = 1

# The worker of an asynchronous endpoint, with boto3 and some requests and answers of megabytes. An assumption: both clients of boto3 took 50 MiB when measured.
_WORKER_MIB = 256


@dataclass(frozen=True)
class EcsSizing:
    """What an endpoint needs of ECS. Times are in seconds unless the name says minutes."""

    task: TaskSize
    ephemeral_storage_gib: int | None
    startup: int
    longest_request: int
    stop_timeout: int
    min_replicas: int
    max_replicas: int
    watched_minutes: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    placement_seconds: int = _PLACEMENT_SECONDS
    """Until the container starts."""

    @property
    def unhealthy_periods(self) -> int:
        """Minutes of unhealthy targets that mean trouble: a replica that still loads is unhealthy, too, for as long as it may load."""
        return math.ceil(self.startup / _ALARM_PERIOD_SECONDS) + 2

    @property
    def update_minutes(self) -> int:
        """How long a deployment may take: the new replicas start, fail, are retried, are watched, and the old ones drain."""
        return (
            max(20, math.ceil((2 * self.startup + self.placement_seconds + self._drain) / 60) + 10)
            + self.watched_minutes
        )

    @property
    def delete_minutes(self) -> int:
        """How long a removal may take: every replica drains first."""
        return max(20, math.ceil(self._drain / 60) + 10)

    @property
    def _drain(self) -> int:
        return self.longest_request + self.stop_timeout


def size_endpoint(options: Any, served: ServedModel) -> EcsSizing:
    """Compute what an endpoint needs. Raises InvalidOptionsError when no Fargate task, or no disk of one, is large enough."""
    needed_mib = served.memory_mib + (_WORKER_MIB if is_asynchronous(options) else 0)
    asked_mib = math.ceil(options.memory / _MIB) if options.memory is not None else needed_mib
    cpu = options.cpu or _DEFAULT_CPU
    task = smallest_size(cpu * 1024, asked_mib + _beside_mib(options))
    if task is None:
        where, given = ("memory", options.memory) if options.memory is not None else (served.option, served.size_bytes)
        raise InvalidOptionsError(
            [
                Problem(
                    where,
                    f"no Fargate task has {cpu:g} vCPU and {shown_bytes(asked_mib * _MIB)}; the largest has 16 vCPU and 120 GiB",
                    "Ask for less."
                    if options.memory is not None
                    else "Serve a smaller model, or write a `memory` that you know to be enough.",
                    shown_bytes(given) if given else given,
                )
            ]
        )
    highest = options.scaling.max or options.scaling.min
    return EcsSizing(
        task=task,
        ephemeral_storage_gib=disk.ephemeral_storage_gib(options.ephemeral_storage, served),
        startup=served.startup_seconds,
        longest_request=served.longest_request_seconds,
        stop_timeout=options.stop_timeout or min(served.longest_request_seconds, STOP_TIMEOUT_CEILING_SECONDS),
        min_replicas=options.scaling.min,
        max_replicas=highest,
        watched_minutes=minutes(options.rollout) + check_minutes(served.samples),
        notes=(_choice(options, task, asked_mib), *_without(served), *fetching(options, served)),
        warnings=(
            *_warnings(served, asked_mib, assumed=options.memory is None, queued=is_asynchronous(options)),
            *too_short(options, served),
            *disk.warnings(options.ephemeral_storage, served),
            *capture.warnings(options),
        ),
    )


def _beside_mib(options: Any) -> int:
    return memory_mib(options) + capture.memory_mib(options)


def _choice(options: Any, task: TaskSize, asked_mib: int) -> str:
    asked = f"{options.cpu or _DEFAULT_CPU:g} vCPU and {shown_bytes(asked_mib * _MIB)}"
    whence = "asked for" if options.memory is not None else "needed"
    parts = {"the collector": memory_mib(options), "what captures": capture.memory_mib(options)}
    beside = "".join(f", and {shown_bytes(mib * _MIB)} for {what}" for what, mib in parts.items() if mib)
    return f"task size {task}: the smallest that Fargate offers with the {asked} {whence}{beside}"


def _without(served: ServedModel) -> Iterator[str]:
    missing = remarks(served.server)
    if missing:
        yield f"{served.server.title} runs without what its documentation gives it: {', '.join(missing)}"


def fetching(options: Any, served: ServedModel) -> Iterator[str]:
    """How long a replica fetches its model, in words for the preview."""
    for each in served.models:
        if each.remote is not None:
            yield from each.remote.notes(each.counted_bytes, options.startup_budget)


def too_short(options: Any, served: ServedModel) -> Iterator[str]:
    """What a start-up budget leaves no time for."""
    seconds = served.fetch_seconds
    if options.startup_budget is not None and options.startup_budget < seconds:
        yield (
            f"the whole start has {shown_seconds(options.startup_budget)}, and fetching {served.noun} alone is expected to take "
            f"{shown_seconds(seconds)}: replicas may be taken away before they are ready"
        )


# Whether requests come from a queue -> what becomes of one that takes longer than a stop.
_AT_A_STOP = {
    False: "the load balancer drains it before, a task that Fargate itself stops is cut off",
    True: "a worker is protected while it works, but what Fargate itself stops is cut off, and its message is tried again when it is visible "
    "again, with one attempt less",
}


def _warnings(served: ServedModel, asked_mib: int, assumed: bool, queued: bool) -> Iterator[str]:
    yield from served.assumptions()
    for remote in served.remotes:
        yield from remote.warnings()
    if assumed and served.server.name == CUSTOM:
        yield f"memory not given, {shown_bytes(asked_mib * _MIB)} assumed for a server that the catalogue does not know"
    if asked_mib < served.memory_mib:
        yield (
            f"memory is {shown_bytes(asked_mib * _MIB)}, and {served.server.title} with {served.this} is expected to need "
            f"{shown_bytes(served.memory_mib * _MIB)}: the task may be killed for lack of memory"
        )
    if served.longest_request_seconds > STOP_TIMEOUT_CEILING_SECONDS:
        yield (
            f"requests may take {shown_seconds(served.longest_request_seconds)}, and Fargate kills a stopping task after "
            f"{shown_seconds(STOP_TIMEOUT_CEILING_SECONDS)}: {_AT_A_STOP[queued]}"
        )
