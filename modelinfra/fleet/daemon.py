"""A rolling update of a DaemonSet: one for each ring, one pod on each node, and nothing that takes a bad version back.

Semantics (Kubernetes API, RollingUpdateDaemonSet; kubernetes/kubernetes, pkg/controller/daemon/update.go): the old pod of a node is ended, and
its successor started, only while fewer nodes than maxUnavailable (a percentage of the ring, rounded up) have a new pod that is not
available, or none. A node whose old pod is not available gets the new one at once, whatever maxUnavailable says. Releases differ in
whether such a node takes the place of another; what is reckoned here holds for either.

So a version that is ready on no device stops at maxUnavailable, and one that fails on some of them when as many have failed. Until somebody
acts these devices stay without an answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from modelinfra.fleet.chance import at_least
from modelinfra.fleet.rings import Bad, Reach, Ring, sizes


@dataclass(frozen=True)
class Rollout:
    """healthy_percent: of a ring's devices that stay available; what is left of the ring is its maxUnavailable. away: of all devices, how many
    at most do not answer at some time while it lasts, offline or broken. device_minutes: until a pod is available, at most. bake_minutes:
    after a ring is done, before the next one is promoted."""

    rings: Sequence[Ring]
    healthy_percent: int = 90
    away: int = 0
    device_minutes: float = 10.0
    bake_minutes: float = 0.0


def at_once(rollout: Rollout, size: int) -> int:
    """Devices of a ring that may be without an answer at a time: one at least."""
    return max(1, math.ceil(size * (100 - rollout.healthy_percent) / 100))


def reach(rollout: Rollout, devices: int, bad: Bad) -> Reach:
    """How many devices have a bad version at most before no other gets it. A ring in which it did not stop is promoted.

    Holds for devices that fail independently of each other, but for a chance of one in ten thousand (`chance.DOUBT`). The minutes are those
    while none is away: devices that are may hold the others up for as long as they please.
    """
    before, began = 0, 0.0
    for ring, size in zip(rollout.rings, sizes(rollout.rings, devices), strict=True):
        most = at_once(rollout, size)
        found = next((reached for reached in range(1, size + 1) if at_least(reached, bad.share) >= most), None)
        if found is not None:
            # One place at least is free until the last: those on which it works pass it one after the other.
            minutes = began + (found - most) * rollout.device_minutes
            return Reach(min(devices, before + min(size, found + rollout.away)), devices, ring.name, minutes)
        before += size
        began += size * rollout.device_minutes + rollout.bake_minutes
    return Reach(devices, devices, None, None)


def full_minutes(rollout: Rollout, devices: int) -> float:
    """How long a good version takes until it runs on all devices that answer; for ever where as many are away as may change at a time."""
    total = rollout.bake_minutes * (len(rollout.rings) - 1)
    for size in sizes(rollout.rings, devices):
        places = at_once(rollout, size) - rollout.away
        total += math.ceil(size / places) * rollout.device_minutes if places > 0 else math.inf
    return total
