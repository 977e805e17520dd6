"""Whether what a tenant's endpoints ask for fits into its quota: pure arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from modelinfra.options.problems import Problem
from modelinfra.options.quantities import shown_bytes

_MIB = 2**20

# KServe's container that fetches models ends before the server begins: of both the larger counts (config/configmap of 0.20).
_FETCHING_CPU, _FETCHING_MIB = 0.1, 100


@dataclass(frozen=True)
class Takes:
    """What one set of replicas asks for. cpu, memory (bytes), accelerators, disk (bytes): of each replica."""

    cpu: float
    memory: float
    accelerators: int
    resource: str
    disk: float
    least: int
    most: int
    spare: int = 1
    """How many more there are while an update replaces one."""

    @classmethod
    def of(cls, replicas: Any) -> Takes:
        """Of planned `Replicas`."""
        sizing, scaling = replicas.sizing, replicas.scaling
        accelerated = sizing.accelerated
        return cls(
            cpu=max(sizing.cpu, _FETCHING_CPU),
            memory=max(sizing.memory_mib, _FETCHING_MIB) * _MIB,
            accelerators=accelerated.count if accelerated else 0,
            resource=accelerated.resource if accelerated else "",
            disk=max(sizing.disk_mib or 0, _FETCHING_MIB) * _MIB,
            least=scaling.least,
            most=scaling.most,
            spare=int(accelerated is None or accelerated.surges),
        )

    @classmethod
    def of_all(cls, replicas: Any) -> list[Takes]:
        """The same, with the transformer and the explainer beside them."""
        return [cls.of(replicas), *(cls._beside(each) for each in replicas.beside.values())]

    @classmethod
    def _beside(cls, beside: Any) -> Takes:
        options, scaling = beside.options, beside.scaling
        return cls(options.cpu, options.memory, 0, "", _FETCHING_MIB * _MIB, scaling.least, scaling.most)


@dataclass(frozen=True)
class _Counted:
    """One limit of a quota. key: its option. of: what a replica takes of it."""

    key: str
    limit: float
    of: Callable[[Takes], float]
    noun: str
    shown: Callable[[float], str]

    def least(self, asked: Sequence[Takes]) -> float:
        """What all endpoints take, each with as few replicas as it may have, while the largest replica of one is renewed."""
        renewed = max((each.spare * self.of(each) for each in asked), default=0)
        return sum(each.least * self.of(each) for each in asked) + renewed

    def most(self, asked: Sequence[Takes]) -> float:
        """What they take with as many as they may have, while each renews one."""
        return sum((each.most + each.spare) * self.of(each) for each in asked)


def _counted(quota: Any, resources: Sequence[str]) -> Iterator[_Counted]:
    def number(value: float) -> str:
        return f"{value:g}"

    if quota.cpu is not None:
        yield _Counted("cpu", quota.cpu, lambda each: each.cpu, "vCPU", number)
    if quota.memory is not None:
        yield _Counted("memory", quota.memory, lambda each: each.memory, "memory", _bytes)
    if quota.disk is not None:
        yield _Counted("disk", quota.disk, lambda each: each.disk, "disk", _bytes)
    if quota.pods is not None:
        yield _Counted("pods", quota.pods, lambda each: 1, "replicas", number)
    for resource in resources if quota.accelerators is not None else ():
        yield _Counted("accelerators", quota.accelerators, _devices(resource), resource, number)


def _devices(resource: str) -> Callable[[Takes], float]:
    return lambda each: each.accelerators if each.resource == resource else 0


def _bytes(value: float) -> str:
    return shown_bytes(round(value))


def exceeded(quota: Any, asked: Sequence[Takes], resources: Sequence[str]) -> Iterator[Problem]:
    """What never fits, with paths relative to the quota: replicas that cannot start, or cannot be renewed."""
    for each in _counted(quota, resources):
        needed = each.least(asked)
        if asked and needed > each.limit:
            reason = (
                f"its endpoints take {each.shown(needed)} {each.noun} with the fewest replicas that they may have, and one more "
                "while an update renews it"
            )
            yield Problem(each.key, reason, "Raise it, or make the endpoints smaller.", each.shown(each.limit))


def tight(quota: Any, asked: Sequence[Takes], resources: Sequence[str]) -> Iterator[str]:
    """What does not always fit, in words for the preview."""
    for each in _counted(quota, resources):
        needed = each.most(asked)
        if needed > each.limit >= each.least(asked):
            yield (
                f"quota of {each.shown(each.limit)} {each.noun}, and its endpoints may take {each.shown(needed)} {each.noun} with `max` "
                "replicas and one more of each during an update: where it is used up, no replica is added, and an update waits"
            )
