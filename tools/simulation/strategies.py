"""What is compared: the library's default with the numbers that it ships, what others do, and two that know more than anybody can."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from modelinfra.platforms.ecs import scaling_plan as shipped
from simulation.scalers import Fixed, Foreseen, Guard, Scaler, Tracking, clamped, cpu, gpu, in_flight
from simulation.traffic import Shape
from simulation.world import MINUTE, Outcome, Setting, World

OBJECTIVE: Final = 0.99
"""Share of requests that must not wait longer than the shape's patience: what a fixed number and perfect knowledge are measured by."""

START_UPS: Final = (60, 240, 900)
LEAST: Final = 2
"""Replicas at least, where nothing else is asked for: the library's default."""

MOST: Final = 40

OURS, UNGUARDED, CPU, CPU_WAITS, GPU, FIXED, FORESEEN = (
    "modelinfra's default",
    "the same without its guard",
    "CPU 60 %, a step a minute",
    "CPU 60 %, our wait between steps",
    "GPU use 70 %",
    "fixed",
    "perfect knowledge",
)


@dataclass(frozen=True)
class Result:
    """attained: share of requests within the objective. hours: replica-hours. most: replicas at one time."""

    shape: str
    start_up: int
    strategy: str
    attained: float
    hours: float
    most: int


def simulated(shape: Shape, least: int = LEAST) -> Iterator[Result]:
    """Every strategy at every start-up time. least: replicas that those which look at metrics keep."""
    fixed = _least(range(LEAST, MOST + 1), lambda count: _run(shape, 60, Fixed(count), count), shape)
    for start_up in START_UPS:
        for name, scaler in scalers(shape, start_up).items():
            yield _result(shape, start_up, name, _run(shape, start_up, scaler, least=least))
        yield _result(shape, start_up, FIXED, fixed)
        yield _result(shape, start_up, FORESEEN, _foreseen(shape, start_up))


def scalers(shape: Shape, start_up: int) -> dict[str, Scaler]:
    """Those that look at metrics. The default and its guard are made of the numbers in modelinfra/platforms/ecs/scaling_plan.py."""
    patience = shipped.patience_seconds(start_up)
    target = shape.slots * shipped.default_share(shape.slots)
    metric = clamped(in_flight, target * shipped.LARGEST_STEP)

    def guard() -> Guard:
        steps = ((1.0, shipped.GUARD_PERCENT / 100), (2.0, shipped.GUARD_PERCENT_ABOVE_TWICE / 100))
        return Guard(shape.p95_work + shape.patience, patience, shipped.GUARD_MINUTES, steps)

    return {
        OURS: Scaler([Tracking(metric, target, patience)], [guard()]),
        UNGUARDED: Scaler([Tracking(metric, target, patience)]),
        CPU: Scaler([Tracking(cpu, 60)]),
        CPU_WAITS: Scaler([Tracking(cpu, 60, patience)]),
        GPU: Scaler([Tracking(gpu, 70)]),
    }


def _foreseen(shape: Shape, start_up: int) -> Outcome:
    """The fullest replicas with which the objective holds."""
    work = shape.work_by_minute

    def run(load: int) -> Outcome:
        scaler = Foreseen(work, shape.slots, start_up, load / 100)
        return _run(shape, start_up, scaler, scaler([], 0, 0.0))

    return _least(range(100, 9, -5), run, shape)


def _least(values: range, run: Callable[[int], Outcome], shape: Shape) -> Outcome:
    """Of the first value with which the objective holds (each means more replicas than the one before); of the last where it never does."""
    low, high = 0, len(values) - 1
    found = run(values[high])
    while low < high:
        middle = (low + high) // 2
        outcome = run(values[middle])
        if outcome.attained(shape.patience) >= OBJECTIVE:
            found, high = outcome, middle
        else:
            low = middle + 1
    return found


def _run(shape: Shape, start_up: float, scaler: Callable[..., int], first: int = 0, least: int = LEAST) -> Outcome:
    """first: replicas in the beginning; what the first five minutes need at 70 % load where that is more."""
    needed = math.ceil(sum(shape.work_by_minute[:5]) / (5 * MINUTE * shape.slots * 0.7))
    return World(Setting(shape.slots, start_up, least, MOST), max(first or needed, least), scaler).run(shape.requests)


def _result(shape: Shape, start_up: int, name: str, outcome: Outcome) -> Result:
    attained = outcome.attained(shape.patience)
    return Result(shape.name, start_up, name, attained, outcome.replica_hours, outcome.most)
