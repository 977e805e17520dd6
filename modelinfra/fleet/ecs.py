"""A rolling update of an ECS service, as ECS Anywhere deploys: one service for each ring, one task on each device, a circuit breaker.

Semantics (Amazon ECS API reference: ServiceDeploymentCircuitBreaker, ThresholdConfiguration, DeploymentCircuitBreaker,
DeploymentConfiguration): at least a percentage of tasks keeps running, rounded up; the deployment fails when as many tasks failed as half
of the desired count, but not less than 3 nor more than 200; a task that becomes healthy sets that number back to 0, unless
resetOnHealthyTask is false. Then no new tasks are started. Left out is that ECS starts a task that fails again and again ever more slowly:
it makes the minutes longer, and the devices no more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from modelinfra.fleet.chance import at_least
from modelinfra.fleet.rings import Bad, Reach, Ring, sizes

_LEAST_FAILURES: Final = 3
_MOST_FAILURES: Final = 200


@dataclass(frozen=True)
class Rollout:
    """healthy_percent: of a ring's tasks that keep running. reset_on_healthy: see above; ECS's default. device_minutes: until a task is
    healthy, at most. bake_minutes: after a ring is done, before the next one is promoted."""

    rings: Sequence[Ring]
    healthy_percent: int = 90
    reset_on_healthy: bool = True
    device_minutes: float = 10.0
    bake_minutes: float = 0.0


def at_once(rollout: Rollout, size: int) -> int:
    """Tasks of a ring that are replaced at a time; 0: the update never begins."""
    return size - math.ceil(size * rollout.healthy_percent / 100)


def failures(size: int) -> int:
    """Tasks that fail before the circuit breaker stops an update of so many."""
    return min(max(math.ceil(size / 2), _LEAST_FAILURES), _MOST_FAILURES)


def reach(rollout: Rollout, devices: int, bad: Bad) -> Reach:
    """How many devices have a bad version at most before the circuit breaker stops it. A ring that was not stopped is promoted.

    Raises ValueError for a ring so small that no task may be stopped.
    """
    before, began = 0, 0.0
    for ring, size in zip(rollout.rings, sizes(rollout.rings, devices), strict=True):
        batch = _batch(rollout, ring, size)
        found = _stopped_after(rollout, size, bad)
        if found is not None:
            # Those that were started beside the last failure.
            reached = min(size, found + batch)
            # A round may bring one failure only where tasks fail one after the other.
            slowest = bad.minutes if bad.share >= 1 else max(bad.minutes, rollout.device_minutes)
            minutes = began + math.ceil(reached / batch) * slowest
            minutes += max(0, failures(size) - reached) * bad.minutes
            return Reach(before + reached, devices, ring.name, minutes)
        before += size
        began += math.ceil(size / batch) * max(bad.minutes, rollout.device_minutes) + rollout.bake_minutes
    return Reach(devices, devices, None, None)


def full_minutes(rollout: Rollout, devices: int) -> float:
    """How long a good version takes until it runs on all devices. Raises ValueError, as `reach`."""
    total = rollout.bake_minutes * (len(rollout.rings) - 1)
    for ring, size in zip(rollout.rings, sizes(rollout.rings, devices), strict=True):
        total += math.ceil(size / _batch(rollout, ring, size)) * rollout.device_minutes
    return total


def _batch(rollout: Rollout, ring: Ring, size: int) -> int:
    batch = at_once(rollout, size)
    if batch < 1:
        raise ValueError(
            f"ring {ring.name} has {size} devices: none of them may be stopped while {rollout.healthy_percent} % keep running. "
            "Make the ring larger, or the percentage smaller"
        )
    return batch


def _stopped_after(rollout: Rollout, size: int, bad: Bad) -> int | None:
    """Devices of a ring that had it when the last failure came that the breaker needs; None where it need not ever come."""
    wanted = failures(size)
    if bad.share >= 1:
        # A task that fails is started anew, perhaps on the same device: never more devices than failures.
        return wanted - 1
    if rollout.reset_on_healthy or bad.share <= 0:
        return None
    # A device on which it fails counts once at least.
    for reached in range(1, size + 1):
        if at_least(reached, bad.share) >= wanted:
            return reached
    # All devices have it; those on which it fails go on failing.
    return size if at_least(size, bad.share) >= 1 else None
