"""Task sizes that Fargate offers. Source: ECS developer guide, "Task size" (facts `serving.md` 2b)."""

from __future__ import annotations

from dataclasses import dataclass

from modelinfra.catalog.servers.row import ModelServer

_GIB = 1024

SIZES: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1 * _GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}
"""CPU units (1024 are one vCPU) -> memory sizes in MiB."""

STOP_TIMEOUT_CEILING_SECONDS = 120
"""The longest stop time-out of a container on Fargate (botocore ecs, ContainerDefinition; facts `serving.md` 2a)."""

EPHEMERAL_STORAGE_DEFAULT_GIB = 20
EPHEMERAL_STORAGE_LEAST_GIB = 21
EPHEMERAL_STORAGE_MOST_GIB = 200


@dataclass(frozen=True)
class TaskSize:
    """A size that Fargate offers: `cpu` in units of 1/1024 vCPU, `memory` in MiB."""

    cpu: int
    memory: int

    def __str__(self) -> str:
        return f"{self.cpu / 1024:g} vCPU, {self.memory / _GIB:g} GiB"


def smallest_size(cpu: float, memory: int) -> TaskSize | None:
    """The smallest size with at least `cpu` units and `memory` MiB: the least CPU first, since CPU costs most. None if there is none."""
    for units, sizes in SIZES.items():
        fitting = [size for size in sizes if size >= memory]
        if units >= cpu and fitting:
            return TaskSize(units, fitting[0])
    return None


def refusals(server: ModelServer) -> tuple[str, ...]:
    """Why no Fargate task can run this server, whatever its model (facts `serving.md` 2b, 9.1); empty when one can."""
    reasons = []
    if server.needs_gpu:
        reasons.append(f"{server.title} needs a GPU, and Fargate has none")
    if server.needs_shared_memory:
        reasons.append(
            f"{server.title} needs {_shown(server.shared_memory_mib)} of shared memory, and {NO_SHARED_MEMORY}"
        )
    return tuple(reasons)


NO_SHARED_MEMORY = "Fargate has no setting for /dev/shm"


def remarks(server: ModelServer) -> tuple[str, ...]:
    """What its documentation asks for and Fargate does not give, though the server runs without."""
    found = []
    if server.shared_memory_mib and not server.needs_shared_memory:
        found.append(f"{_shown(server.shared_memory_mib)} of shared memory ({NO_SHARED_MEMORY})")
    limits = [name for name in server.ulimits if name not in ULIMITS]
    if limits:
        found.append(f"ulimits {' and '.join(limits)} (Fargate sets nofile only)")
    return tuple(found)


ULIMITS = ("nofile",)
"""The limits that a task definition can set on Fargate (ECS developer guide, task definition differences)."""


def _shown(mib: int) -> str:
    return f"{mib / _GIB:g} GiB"
