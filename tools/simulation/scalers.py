"""How the number of replicas is decided: target tracking and step scaling as Application Auto Scaling documents them, and what to compare with.

Application Auto Scaling user guide, "How target tracking scaling works": alarms over one-minute periods, three of three above the target to
scale out, fifteen of fifteen below nine tenths of it to scale in; out in proportion to the metric; within the cooldown only by what
exceeds what has been added already. What it does not say is assumed: the count that a proportion is taken of is the number asked for, and
one that goes in is taken of the highest of the fifteen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simulation.world import MINUTE, Minute

Metric = Callable[[Minute], float | None]

_OUT, _IN, _SLACK = 3, 15, 0.9


def in_flight(minute: Minute) -> float | None:
    """Requests in flight per replica, by Little's law from what the load balancer counts: the expression of platforms/ecs/scaling.py."""
    mean = sum(minute.times) / len(minute.times) if minute.times else MINUTE
    return minute.requests / (minute.healthy or 1) * mean / MINUTE


def clamped(metric: Metric, most: float) -> Metric:
    """The same, and no more than that."""

    def found(minute: Minute) -> float | None:
        value = metric(minute)
        return None if value is None else min(value, most)

    return found


def cpu(minute: Minute) -> float | None:
    """Average CPU use, in percent."""
    return 100 * minute.busy


def gpu(minute: Minute) -> float | None:
    """Average utilisation of an accelerator, in percent: how much of the time it worked on anything at all."""
    return 100 * minute.used


def p95(minute: Minute) -> float | None:
    """In seconds; None where nothing was answered."""
    if not minute.times:
        return None
    ordered = sorted(minute.times)
    return ordered[min(len(ordered) - 1, math.ceil(0.95 * len(ordered)) - 1)]


@dataclass
class Tracking:
    """One policy of target tracking. wants_out, wants_in: what it asks for now, None where it asks for nothing."""

    metric: Metric
    target: float
    out_cooldown: float = 60.0
    in_cooldown: float = 300.0
    _since_out: float = -math.inf
    _before_out: int = 0

    def out(self, minutes: Sequence[Minute], desired: int, now: float) -> int | None:
        """More replicas, or None."""
        values = [self.metric(each) for each in minutes[-_OUT:]]
        if len(values) < _OUT or any(value is None or value <= self.target for value in values):
            return None
        cooling = now - self._since_out < self.out_cooldown
        # Within the cooldown what was added already counts: only a larger step goes further.
        base = self._before_out if cooling else desired
        wanted = math.ceil(base * (values[-1] or 0) / self.target)
        if wanted <= desired:
            return None
        if not cooling:
            self._before_out, self._since_out = desired, now
        return wanted

    def into(self, minutes: Sequence[Minute], desired: int) -> int | None:
        """As few replicas as it would be content with, or None where it wants to keep them."""
        values = [self.metric(each) for each in minutes[-_IN:]]
        known = [value for value in values if value is not None]
        if len(known) < _IN or any(value >= self.target * _SLACK for value in known):
            return None
        return math.ceil(desired * max(known) / self.target)


@dataclass
class Guard:
    """Step scaling that adds and never removes: `minutes` in a row above the threshold, by a share that grows with how far it is above."""

    threshold: float
    cooldown: float
    minutes: int = 2
    steps: Sequence[tuple[float, float]] = ((1.0, 0.25), (2.0, 0.5))
    _since: float = -math.inf

    def out(self, minutes: Sequence[Minute], desired: int, now: float) -> int | None:
        """More replicas, or None."""
        values = [p95(each) for each in minutes[-self.minutes :]]
        if len(values) < self.minutes or any(value is None or value <= self.threshold for value in values):
            return None
        if now - self._since < self.cooldown:
            return None
        self._since = now
        over = (values[-1] or 0) / self.threshold
        share = max(share for least, share in self.steps if over >= least)
        return desired + max(1, math.floor(desired * share))


@dataclass
class Scaler:
    """Policies together: the largest wins, and fewer replicas only where every tracking policy agrees."""

    tracking: Sequence[Tracking]
    guards: Sequence[Guard] = ()
    _since_in: float = field(default=-math.inf)

    def __call__(self, minutes: Sequence[Minute], desired: int, now: float) -> int:
        asked = [each.out(minutes, desired, now) for each in (*self.tracking, *self.guards)]
        more = [each for each in asked if each is not None]
        if more:
            return max(more)
        fewer = [each.into(minutes, desired) for each in self.tracking]
        cooldown = max((each.in_cooldown for each in self.tracking), default=0.0)
        if not fewer or None in fewer or now - self._since_in < cooldown:
            return desired
        wanted = max(each for each in fewer if each is not None)
        if wanted < desired:
            self._since_in = now
        return min(desired, wanted)


@dataclass
class Fixed:
    """As many as there are."""

    count: int

    def __call__(self, _minutes: Sequence[Minute], _desired: int, _now: float) -> int:
        return self.count


@dataclass
class Foreseen:
    """Knows each minute's work beforehand, and asks for replicas so early that they serve in time. load: how full they are to be."""

    work: Sequence[float]
    slots: int
    start_up: float
    load: float

    def __call__(self, _minutes: Sequence[Minute], _desired: int, now: float) -> int:
        first = int(now // MINUTE)
        ahead = self.work[first : first + math.ceil(self.start_up / MINUTE) + 2]
        return math.ceil(max(ahead, default=0.0) / (MINUTE * self.slots * self.load))
