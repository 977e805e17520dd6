"""Replicas behind a load balancer that sends each request to whoever has the fewest in flight; a heap of events, nothing random within.

A replica works on `slots` requests at once and lets the others wait in order. It counts, and costs, from when it is asked for; it serves
from `start_up` seconds later. One that is taken away finishes what it has. A request that waits longer than `gives_up` is answered 504 by
the load balancer, which is then no response time at all.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MINUTE = 60.0


class Request(NamedTuple):
    """When it comes, and how long a replica works on it, in seconds."""

    at: float
    work: float


@dataclass(slots=True)
class Replica:
    """asked, ready, gone: when; `gone` is None while it is there."""

    asked: float
    ready: float
    busy: int = 0
    waiting: deque[Request] = field(default_factory=deque)
    draining: bool = False
    gone: float | None = None
    work_done: float = 0.0
    used: float = 0.0
    since: float = 0.0

    @property
    def in_flight(self) -> int:
        """Requests that it works on, and those that wait in it."""
        return self.busy + len(self.waiting)

    def account(self, now: float) -> None:
        """Add up what it was busy with until now."""
        passed = now - self.since
        self.work_done += self.busy * passed
        self.used += passed if self.busy else 0.0
        self.since = now


@dataclass(frozen=True)
class Minute:
    """What is measured of one minute. requests: that arrived. times: of the answers that began in it, in seconds; empty where there were none.

    healthy: replicas that serve at its end. busy: share of the slots of serving replicas that worked, as their CPU says. used: share of
    the minute in which a replica worked on something, as an accelerator's utilisation says.
    """

    requests: int
    times: Sequence[float]
    healthy: int
    busy: float
    used: float


Decide = Callable[[Sequence[Minute], int, float], int]
"""(minutes that are visible, replicas that are asked for, now) -> replicas to ask for."""


@dataclass(frozen=True)
class Outcome:
    """waits: of each request until it is worked on, in seconds; infinite for one that was given up. replica_hours: paid for."""

    waits: Sequence[float]
    replica_hours: float
    most: int

    def attained(self, patience: float) -> float:
        """Share of requests that waited no longer than that."""
        return sum(wait <= patience for wait in self.waits) / len(self.waits) if self.waits else 1.0


@dataclass(frozen=True)
class Setting:
    """slots: requests that a replica works on at once. start_up: seconds until it serves. delay: seconds until a minute's metrics are seen."""

    slots: int
    start_up: float
    least: int
    most: int
    delay: float = 60.0
    gives_up: float = 60.0


class World:
    """One run. `run` consumes requests in the order in which they come."""

    def __init__(self, setting: Setting, first: int, decide: Decide) -> None:
        self.setting, self.decide = setting, decide
        self.desired = first
        self.replicas = [Replica(0.0, 0.0) for _ in range(first)]
        self.minutes: list[Minute] = []
        self.waits: list[float] = []
        self.gone: list[Replica] = []
        self._most = first
        self._events: list[tuple[float, int, Replica, Request]] = []
        self._number = 0
        self._arrived = 0
        self._times: list[float] = []

    def run(self, requests: Iterable[Request]) -> Outcome:
        """Let all of them come, and finish what is in flight."""
        tick, now = MINUTE, 0.0
        for request in requests:
            while tick <= request.at:
                self._finish_until(tick)
                self._minute(tick)
                tick += MINUTE
            self._finish_until(request.at)
            now = request.at
            self._arrive(request)
        end = now
        self._finish_until(float("inf"))
        seconds = sum(
            min(each.gone if each.gone is not None else end, end) - each.asked for each in (*self.replicas, *self.gone)
        )
        return Outcome(self.waits, seconds / 3600, self._most)

    def _arrive(self, request: Request) -> None:
        self._arrived += 1
        serving = [each for each in self.replicas if not each.draining and each.ready <= request.at]
        if not serving:
            self.waits.append(float("inf"))
            return
        chosen = min(serving, key=lambda each: each.busy + len(each.waiting))
        if chosen.busy < self.setting.slots:
            self._start(chosen, request, request.at)
        else:
            chosen.waiting.append(request)

    def _start(self, replica: Replica, request: Request, now: float) -> None:
        replica.account(now)
        replica.busy += 1
        self.waits.append(now - request.at)
        self._number += 1
        heapq.heappush(self._events, (now + request.work, self._number, replica, request))

    def _finish_until(self, until: float) -> None:
        events = self._events
        while events and events[0][0] <= until:
            now, _, replica, request = heapq.heappop(events)
            replica.account(now)
            replica.busy -= 1
            if now - request.at <= self.setting.gives_up + request.work:
                self._times.append(now - request.at)
            while replica.waiting and replica.busy < self.setting.slots:
                following = replica.waiting.popleft()
                if now - following.at > self.setting.gives_up:
                    self.waits.append(float("inf"))
                else:
                    self._start(replica, following, now)
            if replica.draining and not replica.in_flight:
                self._leave(replica, now)

    def _minute(self, now: float) -> None:
        serving = [each for each in self.replicas if not each.draining and each.ready <= now]
        for each in self.replicas:
            each.account(now)
        over = len(serving) * MINUTE
        self.minutes.append(
            Minute(
                self._arrived,
                self._times,
                len(serving),
                sum(each.work_done for each in serving) / (over * self.setting.slots) if over else 0.0,
                sum(each.used for each in serving) / over if over else 0.0,
            )
        )
        self._arrived, self._times = 0, []
        for each in self.replicas:
            each.work_done = each.used = 0.0
        unseen = int(self.setting.delay // MINUTE)
        visible = self.minutes[: len(self.minutes) - unseen] if unseen else self.minutes
        wanted = min(self.setting.most, max(self.setting.least, self.decide(visible, self.desired, now)))
        self._change(wanted, now)

    def _change(self, wanted: int, now: float) -> None:
        staying = [each for each in self.replicas if not each.draining]
        for _ in range(wanted - len(staying)):
            self.replicas.append(Replica(now, now + self.setting.start_up, since=now))
        # ECS takes those first that do not serve yet.
        for each in (
            sorted(staying, key=lambda each: -each.ready)[: len(staying) - wanted] if wanted < len(staying) else ()
        ):
            each.draining = True
            if not each.in_flight:
                self._leave(each, now)
        self.desired = wanted
        self._most = max(self._most, wanted)

    def _leave(self, replica: Replica, now: float) -> None:
        replica.gone = now
        self.replicas.remove(replica)
        self.gone.append(replica)
