"""Sizes and budgets of an endpoint on Kubernetes: pure arithmetic over validated options."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.quantities import shown_bytes, shown_seconds
from modelinfra.options.server import CUSTOM
from modelinfra.platforms.ecs.node_pools import PlannedPool
from modelinfra.platforms.kubernetes import agent
from modelinfra.platforms.kubernetes.placement import Accelerated, place
from modelinfra.platforms.kubernetes.servings import KSERVE, SELDON
from modelinfra.platforms.kubernetes.sources import of_initializer, of_volume
from modelinfra.platforms.served_model import ServedModel

_MIB = 2**20
_DEFAULT_CPU = 1

# Beside the cluster's own pods, on the smallest instances with one accelerator, which have 4 vCPU (g5.xlarge, g2-standard-4, NC4as_T4_v3).
_CPU_BESIDE_AN_ACCELERATOR = 3

_DRAIN_SECONDS = 15
"""How long a replica that is taken away still serves, until the cluster sends it nothing new. KServe's own LLMInferenceService waits as long
(config/llmisvcconfig)."""

_SPARE_SECONDS = 5

# What a server writes beside its model: logs, caches, files of its own. An assumption.
_SCRATCH_MIB = 1024

# A node that is made for the pod, and an image of ten gigabytes. An assumption, as on ECS.
_PLACEMENT_SECONDS = 600


@dataclass(frozen=True)
class PodSizing:
    """What a replica needs. Times are in seconds. cpu: 0: as much as there is. disk_mib: of its node's disk, None where nobody knows.
    disk_limit: whether it may take no more. drain: before the server is asked to end."""

    cpu: float
    memory_mib: int
    accelerated: Accelerated | None
    disk_mib: int | None
    disk_limit: bool
    startup: int
    longest_request: int
    stop: int
    _notes: tuple[str, ...] = ()
    _warnings: tuple[str, ...] = ()
    drain: int = _DRAIN_SECONDS

    @property
    def notes(self) -> tuple[str, ...]:
        """What was chosen, and why."""
        return (*self._notes, *(self.accelerated.notes if self.accelerated else ()))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was assumed, or may go wrong; known when every endpoint that is planned together is."""
        return (*self._warnings, *(self.accelerated.warnings if self.accelerated else ()))

    @property
    def grace(self) -> int:
        """From the beginning of the end to the kill: the drain, and then the server's own time."""
        return self.drain + self.stop + _SPARE_SECONDS

    @property
    def start_seconds(self) -> int:
        """From nothing to a replica that serves: a node, the image, and the server with its model."""
        return _PLACEMENT_SECONDS + self.startup

    @property
    def ready_minutes(self) -> int:
        """How long Pulumi waits for replicas: they are placed, start, fail once, and start again."""
        return math.ceil((_PLACEMENT_SECONDS + 2 * self.startup) / 60) + 5


def size_pod(
    name: str, options: Any, served: ServedModel, platform: Any, pools: Mapping[str, PlannedPool]
) -> PodSizing:
    """Compute what a replica needs. name: of the endpoint, and of its revision. pools: the platform's own, by name.

    Raises InvalidOptionsError when nobody says where its accelerators are, or they have no room for it.
    """
    memory = math.ceil(options.memory / _MIB) if options.memory is not None else served.memory_mib
    return PodSizing(
        cpu=_cpu(options),
        memory_mib=memory,
        accelerated=place(name, options, served, (_cpu(options), memory), platform, pools),
        disk_mib=_disk_mib(options, served),
        disk_limit=options.ephemeral_storage is not None,
        startup=served.startup_seconds,
        longest_request=served.longest_request_seconds,
        stop=options.stop_timeout or served.longest_request_seconds,
        _notes=tuple(_notes(options, served, memory)),
        _warnings=tuple(_warnings(options, served, memory, platform.serving)),
    )


def _disk_mib(options: Any, served: ServedModel) -> int | None:
    """Models lie on the node's disk, with the logs and what the server writes; images do not count there. A request only, where nobody asked:
    a replica is not ended for an estimate. Raises InvalidOptionsError when the models alone are larger."""
    fetched = served.models if options.model_volume is None else ()
    models = sum(each.remote.disk_bytes(each.counted_bytes) for each in fetched if each.remote and each.fetched)
    asked: int | None = options.ephemeral_storage
    if asked is not None:
        if served.size_bytes is not None and asked < models:
            reason = f"{served.noun} alone take{'' if served.several else 's'} {shown_bytes(models)}"
            remedy = f"Remove it, or write {math.ceil(models / _MIB) + _SCRATCH_MIB}MiB or more."
            raise InvalidOptionsError([Problem("ephemeral_storage", reason, remedy, shown_bytes(asked))])
        return math.ceil(asked / _MIB)
    return None if served.size_bytes is None or not models else math.ceil(models / _MIB) + _SCRATCH_MIB


def _cpu(options: Any) -> float:
    default = _DEFAULT_CPU if options.accelerator is None else _CPU_BESIDE_AN_ACCELERATOR
    return options.cpu or default


def _notes(options: Any, served: ServedModel, memory: int) -> Iterator[str]:
    for each in served.models:
        if each.remote is not None and each.remote.baked:
            yield from each.remote.notes(each.counted_bytes, options.startup_budget)
    whence = "asked for" if options.memory is not None else "needed"
    yield f"each replica has {_cpu(options):g} CPU and {shown_bytes(memory * _MIB)}, as {whence}"


def _warnings(options: Any, served: ServedModel, memory: int, serving: str) -> Iterator[str]:
    server = served.server
    yield from served.assumptions()
    yield from agent.warnings(options, served)
    for remote in served.remotes if serving != SELDON else ():
        if remote.baked:
            yield from remote.warnings()
        elif options.model_volume is not None:
            yield from of_volume(remote, options.model_volume)
        else:
            yield from of_initializer(remote)
    several = server.several if served.several else None
    if several is not None and several.names_itself:
        for each in served.models:
            if each.fetched:
                yield f"nothing looks before the server starts whether {several.names_itself} of {each.name} says this name, too"
    if options.memory is None and server.name == CUSTOM:
        yield f"memory not given, {shown_bytes(memory * _MIB)} assumed for a server that the catalogue does not know"
    if memory < served.memory_mib:
        yield (
            f"memory is {shown_bytes(memory * _MIB)}, and {server.title} with this model is expected to need "
            f"{shown_bytes(served.memory_mib * _MIB)}: the pod may be killed for lack of memory"
        )
    if server.ulimits:
        yield f"{server.title}'s documentation sets {', '.join(sorted(server.ulimits))}, which a pod takes from its node"
    if served.startup_seconds > 600 and serving == KSERVE:
        # pkg/controller/v1beta1/inferenceservice/reconcilers/deployment: progressDeadlineSeconds is 600 and cannot be set.
        yield (
            f"a start may take {shown_seconds(served.startup_seconds)}, and KServe calls a Deployment failed after 10 minutes "
            "without progress: its status says so until the replica is ready"
        )
