"""Sizes and budgets of an endpoint on Kubernetes: pure arithmetic over validated options."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modelinfra.options.problems import InvalidOptionsError, Problem, did_you_mean
from modelinfra.options.quantities import shown_bytes, shown_seconds
from modelinfra.options.server import CUSTOM
from modelinfra.platforms.kubernetes.sources import of_initializer
from modelinfra.platforms.served_model import ServedModel

_MIB = 2**20
_DEFAULT_CPU = 1

# Beside the cluster's own pods, on the smallest instances with one accelerator, which have 4 vCPU (g5.xlarge, g2-standard-4, NC4as_T4_v3).
_CPU_BESIDE_AN_ACCELERATOR = 3

_DRAIN_SECONDS = 15
"""How long a replica that is taken away still serves, until the cluster sends it nothing new. KServe's own LLMInferenceService waits as long
(config/llmisvcconfig)."""

_SPARE_SECONDS = 5

# A node that is made for the pod, and an image of ten gigabytes. An assumption, as on ECS.
_PLACEMENT_SECONDS = 600


@dataclass(frozen=True)
class Accelerated:
    """Where the accelerators of a replica are. resource: what the device plugin calls one."""

    resource: str
    count: int
    node_selector: dict[str, str]


@dataclass(frozen=True)
class PodSizing:
    """What a replica needs. Times are in seconds."""

    cpu: float
    memory_mib: int
    accelerated: Accelerated | None
    startup: int
    longest_request: int
    stop: int
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def drain(self) -> int:
        """Before the server is asked to end."""
        return _DRAIN_SECONDS

    @property
    def grace(self) -> int:
        """From the beginning of the end to the kill: the drain, and then the server's own time."""
        return self.drain + self.stop + _SPARE_SECONDS

    @property
    def ready_minutes(self) -> int:
        """How long Pulumi waits for replicas: they are placed, start, fail once, and start again."""
        return math.ceil((_PLACEMENT_SECONDS + 2 * self.startup) / 60) + 5


def size_pod(options: Any, served: ServedModel, platform: Any) -> PodSizing:
    """Compute what a replica needs. Raises InvalidOptionsError when the platform does not say where its accelerators are."""
    memory = math.ceil(options.memory / _MIB) if options.memory is not None else served.memory_mib
    return PodSizing(
        cpu=_cpu(options),
        memory_mib=memory,
        accelerated=_accelerated(options.accelerator, served, platform),
        startup=served.startup_seconds,
        longest_request=served.longest_request_seconds,
        stop=options.stop_timeout or served.longest_request_seconds,
        notes=tuple(_notes(options, memory)),
        warnings=tuple(_warnings(options, served, memory)),
    )


def _accelerated(accelerator: Any, served: ServedModel, platform: Any) -> Accelerated | None:
    if accelerator is None:
        if served.server.needs_gpu:
            reason = f"{served.server.title} does not start without a GPU"
            raise InvalidOptionsError([Problem("accelerator", reason, "Write for example accelerator: {name: A10G}.")])
        return None
    known = {name.casefold(): (name, each) for name, each in platform.accelerators.items()}
    found = known.get(accelerator.name.casefold())
    if found is None:
        reason = "the platform's `accelerators` do not say which nodes have it"
        names = [name for name, _ in known.values()]
        remedy = did_you_mean(accelerator.name, names) if names else "Add it there, with `node_selector`."
        raise InvalidOptionsError([Problem("accelerator.name", reason, remedy, accelerator.name)])
    _, nodes = found
    return Accelerated(nodes.resource, accelerator.count, dict(nodes.node_selector))


def _cpu(options: Any) -> float:
    default = _DEFAULT_CPU if options.accelerator is None else _CPU_BESIDE_AN_ACCELERATOR
    return options.cpu or default


def _notes(options: Any, memory: int) -> Iterator[str]:
    whence = "asked for" if options.memory is not None else "needed"
    yield f"each replica has {_cpu(options):g} CPU and {shown_bytes(memory * _MIB)}, as {whence}"


def _warnings(options: Any, served: ServedModel, memory: int) -> Iterator[str]:
    server = served.server
    yield from served.assumptions()
    if served.remote is not None:
        yield from of_initializer(served.remote)
    if options.memory is None and server.name == CUSTOM:
        yield f"memory not given, {shown_bytes(memory * _MIB)} assumed for a server that the catalogue does not know"
    if memory < served.memory_mib:
        yield (
            f"memory is {shown_bytes(memory * _MIB)}, and {server.title} with this model is expected to need "
            f"{shown_bytes(served.memory_mib * _MIB)}: the pod may be killed for lack of memory"
        )
    if server.ulimits:
        yield f"{server.title}'s documentation sets {', '.join(sorted(server.ulimits))}, which a pod takes from its node"
    if options.accelerator is not None:
        yield (
            "a rollout starts a new replica before an old one stops: without accelerators for one more, it waits, and the "
            "old replicas serve on"
        )
    if served.startup_seconds > 600:
        # pkg/controller/v1beta1/inferenceservice/reconcilers/deployment: progressDeadlineSeconds is 600 and cannot be set.
        yield (
            f"a start may take {shown_seconds(served.startup_seconds)}, and KServe calls a Deployment failed after 10 minutes "
            "without progress: its status says so until the replica is ready"
        )
