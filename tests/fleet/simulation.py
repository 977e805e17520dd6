"""Rollouts device by device and event by event, with random times and failures: what the bounds are held against."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass

from modelinfra.fleet import daemon, ecs, jobs
from modelinfra.fleet.rings import Bad, sizes


@dataclass(frozen=True)
class Reading:
    """What AWS's pages leave open: whether a criterion looks at devices done or notified, whether it must be exceeded, and early: each device is
    notified as its minute begins. late: each takes as long as it may, and what is known so late."""

    of_done: bool
    exceeded: bool
    early: bool
    late: bool


def jobs_reach(rollout: jobs.Rollout, devices: int, bad: Bad, reading: Reading, seed: int) -> tuple[int, str | None]:
    """Devices that had the version, and the ring in which it was stopped."""
    chance = random.Random(seed)
    before = 0
    for ring, size in zip(rollout.rings, sizes(rollout.rings, devices), strict=True):
        reached, stopped = _job(rollout, size, bad, reading, chance)
        before += reached
        if stopped:
            return before, ring.name
    return before, None


def _job(rollout: jobs.Rollout, size: int, bad: Bad, reading: Reading, chance: random.Random) -> tuple[int, bool]:
    events: list[tuple[float, int, str]] = [(0.0, 0, "minute")]
    notified = succeeded = failed = 0
    planned = order = 0
    end = float("inf")
    while events:
        at, _, kind = heapq.heappop(events)
        if at > end:
            break
        if kind == "minute":
            now = min(rollout.rate.at(planned, succeeded), size - planned)
            for _ in range(now):
                order += 1
                heapq.heappush(events, (at if reading.early else at + chance.random(), order, "device"))
            planned += now
            if planned < size:
                order += 1
                heapq.heappush(events, (at + 1, order, "minute"))
        elif kind == "device":
            notified += 1
            order += 1
            if chance.random() < bad.share:
                heapq.heappush(
                    events, (at + (bad.minutes if reading.late else chance.uniform(0, bad.minutes)), order, "failed")
                )
            else:
                heapq.heappush(events, (at + chance.uniform(0, rollout.device_minutes), order, "succeeded"))
        else:
            failed, succeeded = failed + (kind == "failed"), succeeded + (kind == "succeeded")
            if end == float("inf") and any(
                _met(each, notified, succeeded, failed, bad, reading) for each in rollout.abort
            ):
                end = at + (rollout.soon_minutes if reading.late else chance.uniform(0, rollout.soon_minutes))
    return notified, end < float("inf")


def _met(abort: jobs.Abort, notified: int, succeeded: int, failed: int, bad: Bad, reading: Reading) -> bool:
    if not abort.counts(bad.outcome):
        return False
    looked_at = succeeded + failed if reading.of_done else notified
    if reading.exceeded:
        return looked_at > abort.least and failed * 100 > abort.percent * looked_at
    return looked_at >= abort.least and failed * 100 >= abort.percent * looked_at


def ecs_reach(rollout: ecs.Rollout, devices: int, bad: Bad, seed: int, *, same_device: bool) -> tuple[int, str | None]:
    """same_device: a task that failed starts again where it was; else on another device, where there is one."""
    chance = random.Random(seed)
    before = 0
    for ring, size in zip(rollout.rings, sizes(rollout.rings, devices), strict=True):
        reached, stopped = _update(rollout, size, bad, chance, same_device)
        before += reached
        if stopped:
            return before, ring.name
    return before, None


def _update(rollout: ecs.Rollout, size: int, bad: Bad, chance: random.Random, same_device: bool) -> tuple[int, bool]:
    fails_on = [chance.random() < bad.share for _ in range(size)]
    batch = size - -(-size * rollout.healthy_percent // 100)
    wanted = min(max(-(-size // 2), 3), 200)
    untouched, seen, healthy, failures = list(range(size)), set[int](), 0, 0
    running: list[tuple[float, int]] = []

    def start(at: float, device: int) -> None:
        seen.add(device)
        limit = bad.minutes if fails_on[device] else rollout.device_minutes
        heapq.heappush(running, (at + chance.uniform(0, limit), device))

    for _ in range(min(batch, size)):
        start(0.0, untouched.pop())
    steps = 0
    while running and healthy < size and steps < 50_000:
        steps += 1
        at, device = heapq.heappop(running)
        if fails_on[device]:
            failures += 1
            if failures >= wanted:
                return len(seen), True
            if same_device or not untouched:
                start(at, device)
            else:
                untouched.insert(0, device)
                start(at, untouched.pop())
        else:
            healthy += 1
            if rollout.reset_on_healthy:
                failures = 0
            if untouched:
                start(at, untouched.pop())
    return len(seen), False


def daemon_reach(
    rollout: daemon.Rollout, devices: int, bad: Bad, seed: int, *, counts_old: bool
) -> tuple[int, str | None, float]:
    """Devices that had the version, the ring in which it stopped, and how many minutes it went on getting there.

    counts_old: whether a node whose old pod is not available takes a place of maxUnavailable at once, which releases of Kubernetes do or not.
    """
    chance = random.Random(seed)
    before, began = 0, 0.0
    for ring, size in zip(rollout.rings, sizes(rollout.rings, devices), strict=True):
        reached, stopped, minutes = _daemon_set(rollout, size, bad, chance, counts_old)
        before += reached
        if stopped:
            return before, ring.name, began + minutes
        began += size * rollout.device_minutes + rollout.bake_minutes
    return before, None, began


def _daemon_set(
    rollout: daemon.Rollout, size: int, bad: Bad, chance: random.Random, counts_old: bool
) -> tuple[int, bool, float]:
    """The controller looks at all nodes after each event: a pod that becomes ready, a device that falls silent or is back."""
    fails_on = [chance.random() < bad.share for _ in range(size)]
    most = max(1, -(-size * (100 - rollout.healthy_percent) // 100))
    has_new, ready = [False] * size, [True] * size
    events: list[tuple[float, int, str]] = []
    for node in chance.sample(range(size), min(rollout.away, size)):
        # Some are silent from the beginning, others fall silent later; each is back after a while.
        falls = chance.choice((0.0, chance.uniform(0, 60)))
        heapq.heappush(events, (falls, node, "silent"))
        heapq.heappush(events, (falls + chance.uniform(1, 200), node, "back"))
    heapq.heappush(events, (0.0, -1, "begin"))
    last = 0.0
    while events:
        at, node, kind = heapq.heappop(events)
        if kind == "silent":
            ready[node] = False
        elif kind == "back":
            # Its new pod starts now, or it has the old one still.
            if not has_new[node]:
                ready[node] = True
            elif not fails_on[node]:
                heapq.heappush(events, (at + chance.uniform(0, rollout.device_minutes), node, "ready"))
        elif kind == "ready":
            ready[node] = True
        if at == 0.0 and events and events[0][0] == 0.0:
            continue  # what is so at the beginning
        unavailable = sum(not ready[each] for each in range(size) if has_new[each] or counts_old)
        waiting = [each for each in range(size) if not has_new[each]]
        at_once = [each for each in waiting if not ready[each]]
        candidates = [each for each in waiting if ready[each]]
        chance.shuffle(candidates)
        for each in [*at_once, *candidates[: max(0, most - unavailable)]]:
            silent = not ready[each]
            has_new[each], ready[each], last = True, False, at
            if not silent and not fails_on[each]:
                heapq.heappush(events, (at + chance.uniform(0, rollout.device_minutes), each, "ready"))
    return sum(has_new), not all(has_new) or not all(ready), last
