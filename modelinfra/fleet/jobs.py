"""A rollout by AWS IoT Jobs, as Greengrass deploys: one job for each ring's thing group, with a rate and with criteria to abort it.

Semantics (AWS IoT API reference: JobExecutionsRolloutConfig, ExponentialRolloutRate, AbortCriteria; CloudFormation reference:
AWS::GreengrassV2::Deployment IoTJobAbortCriteria): so many devices are notified in a minute; the rate is multiplied whenever so many more
were notified, or succeeded; the job is cancelled when more devices than a least number were reached and more than a percentage of them
failed. AWS's pages do not say of which number the percentage is taken (devices notified, or devices done), nor how soon it is looked at.
What is reckoned here holds for either: only what both readings call met is counted as met.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from modelinfra.fleet.chance import at_least
from modelinfra.fleet.rings import Bad, Reach, Ring, sizes

PER_MINUTE: Final = 1000
"""Notifications a minute at most, and where nothing is said (AWS IoT developer guide, job configurations)."""

SOON_MINUTES: Final = 1.0
"""An assumption: how long after a criterion is met devices are still notified."""


@dataclass(frozen=True)
class Rate:
    """per_minute: devices notified in a minute at most. base: of the first minute; it is multiplied by `factor` whenever `every` more
    devices were notified (or, with after_success, succeeded). base None: per_minute from the start."""

    per_minute: int = PER_MINUTE
    base: int | None = None
    factor: float = 1.0
    every: int = 1
    after_success: bool = False

    def at(self, notified: int, succeeded: int) -> int:
        """Devices in the next minute."""
        if self.base is None:
            return self.per_minute
        steps = (succeeded if self.after_success else notified) // self.every
        # So large a power is beyond any rate.
        grown = self.base * self.factor ** min(steps, 200)
        return min(self.per_minute, math.floor(grown))


@dataclass(frozen=True)
class Abort:
    """percent: of failures above which the job is cancelled. least: devices that must be reached before. outcome: failures that count,
    FAILED, TIMED_OUT, REJECTED or ALL."""

    percent: float
    least: int
    outcome: str = "ALL"

    def counts(self, outcome: str) -> bool:
        """Whether a failure of this kind counts."""
        return self.outcome in ("ALL", outcome)


@dataclass(frozen=True)
class Rollout:
    """rings: in the order in which they are promoted, each when the one before it is done and bake_minutes are over. device_minutes: until
    a good version runs on a device, at most. soon_minutes: see SOON_MINUTES. notice_minutes: after which somebody, or an alarm, stops what
    the job itself does not see; None: nobody does."""

    rings: Sequence[Ring]
    rate: Rate
    abort: Sequence[Abort]
    bake_minutes: float = 0.0
    device_minutes: float = 10.0
    soon_minutes: float = SOON_MINUTES
    notice_minutes: float | None = None


@dataclass(frozen=True)
class _Minute:
    """At the end of a minute. least, most: devices notified."""

    at: int
    least: int
    most: int


def reach(rollout: Rollout, devices: int, bad: Bad) -> Reach:
    """How many devices have a bad version at most before it is stopped. A ring whose job met no criterion is promoted.

    Holds for devices that fail independently of each other, but for a chance of two in ten thousand (`chance.DOUBT`), and where AWS notifies
    as fast as it may. Later rings are not reached once one was stopped.
    """
    before, began = 0, 0.0
    for ring, size in zip(rollout.rings, sizes(rollout.rings, devices), strict=True):
        minutes = list(_minutes(rollout.rate, size, bad.share))
        done = minutes[-1].at + max(rollout.device_minutes, bad.minutes)
        stopped = _stopped(rollout, minutes, bad)
        if rollout.notice_minutes is not None:
            noticed = max(0.0, rollout.notice_minutes - began)
            if noticed <= done + rollout.bake_minutes or ring is rollout.rings[-1]:
                stopped = noticed if stopped is None else min(stopped, noticed)
        if stopped is not None:
            return Reach(before + _most(minutes, stopped), devices, ring.name, began + stopped)
        before, began = before + size, began + done + rollout.bake_minutes
    return Reach(devices, devices, None, None)


def full_minutes(rollout: Rollout, devices: int) -> float:
    """How long a good version takes until it runs on all devices."""
    total = 0.0
    for size in sizes(rollout.rings, devices):
        *_, last = _minutes(rollout.rate, size, 0.0)
        total += last.at + rollout.device_minutes
    return total + rollout.bake_minutes * (len(rollout.rings) - 1)


def _minutes(rate: Rate, size: int, failing: float) -> Iterator[_Minute]:
    """How many are notified: at most where the rate grows as soon as it can and a minute's devices come at once, at least where late."""
    least = most = at = 0
    yield _Minute(0, 0, 0)
    while least < size:
        succeeded = most - at_least(most, failing)
        now = rate.at(most, succeeded)
        # It may grow in the midst of a minute.
        grown = rate.at(most + now, succeeded + now if failing < 1 else 0)
        # Where devices succeed is known later; that none has is the slowest.
        slow = rate.at(least, 0 if failing > 0 else least)
        most, least, at = min(size, most + max(now, grown)), min(size, least + max(1, slow)), at + 1
        yield _Minute(at, least, most)


def _stopped(rollout: Rollout, minutes: Sequence[_Minute], bad: Bad) -> float | None:
    """The minute in which the job is surely cancelled."""
    if not any(each.counts(bad.outcome) for each in rollout.abort):
        return None
    # A criterion looks at devices that are done: those that succeed are so, too, after a while.
    slowest = max(bad.minutes, rollout.device_minutes if bad.share < 1 else 0.0)
    for at in range(math.ceil(minutes[-1].at + slowest) + 1):
        done, failed = _least(minutes, at - slowest), at_least(_least(minutes, at - bad.minutes), bad.share)
        notified = _most(minutes, at)
        for each in rollout.abort:
            if each.counts(bad.outcome) and done > each.least and failed * 100 > each.percent * notified:
                return at + rollout.soon_minutes
    return None


def _least(minutes: Sequence[_Minute], at: float) -> int:
    """Devices that surely were notified by a time."""
    return minutes[min(max(math.floor(at), 0), len(minutes) - 1)].least


def _most(minutes: Sequence[_Minute], at: float) -> int:
    """Devices that may have been: also those of the minute that runs."""
    return minutes[min(max(math.floor(at) + 1, 0), len(minutes) - 1)].most
