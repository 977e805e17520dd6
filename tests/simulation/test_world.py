"""The mechanics of the simulation: what happens to requests, replicas and counts. Whether AWS does so is for docs/scaling.md to say."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

TOOLS = str(Path(__file__).resolve().parents[2] / "tools")


@pytest.fixture(autouse=True, scope="module")
def tools() -> Iterator[None]:
    """The tools are programs and no package: they find each other beside themselves."""
    sys.path.insert(0, TOOLS)
    yield
    sys.path.remove(TOOLS)


def run(requests: Sequence[tuple[float, float]], decide: Any = None, first: int = 1, **setting: Any) -> Any:
    from simulation.world import Request, Setting, World

    made = World(
        Setting(**{"slots": 1, "start_up": 120.0, "least": 1, "most": 10, **setting}),
        first,
        decide or (lambda _minutes, desired, _now: desired),
    )
    return made, made.run([Request(*each) for each in requests])


def minute(**given: Any) -> Any:
    from simulation.world import Minute

    return Minute(**{"requests": 0, "times": (), "healthy": 1, "busy": 0.0, "used": 0.0, **given})


def test_requests_go_to_whoever_has_the_fewest_and_wait_where_all_are_busy() -> None:
    _, outcome = run([(0, 10), (1, 10), (2, 10)], first=2)
    assert sorted(outcome.waits) == [0, 0, 8]


def test_a_request_that_waits_too_long_is_given_up_and_is_no_response_time() -> None:
    made, outcome = run([(0, 100), (1, 5), (200, 1)], gives_up=60)
    assert sorted(outcome.waits) == [0, 0, math.inf]
    assert sum(len(each.times) for each in made.minutes) == 1
    assert outcome.attained(1.0) == pytest.approx(2 / 3)


def test_a_replica_costs_from_when_it_is_asked_for_and_serves_when_it_has_started() -> None:
    def grow(_minutes: Any, _desired: int, _now: float) -> int:
        return 2

    made, outcome = run([(0, 1), (170, 30), (175, 30), (200, 30), (600, 1)], grow)
    assert sorted(outcome.waits) == [0, 0, 0, 0, 25]
    assert [each.healthy for each in made.minutes[:4]] == [1, 1, 2, 2]
    assert outcome.replica_hours == pytest.approx((600 + 540) / 3600)


def test_a_replica_that_is_taken_away_finishes_what_it_has_and_costs_until_then() -> None:
    def shrink(_minutes: Any, _desired: int, _now: float) -> int:
        return 1

    _, outcome = run([(50, 100), (51, 100), (300, 1)], shrink, first=2)
    assert sorted(outcome.waits) == [0, 0, 0]
    assert outcome.replica_hours == pytest.approx((300 + 151) / 3600, rel=0.01)


def test_what_is_seen_is_a_minute_old() -> None:
    seen: list[int] = []

    def look(minutes: Any, desired: int, _now: float) -> int:
        seen.append(len(minutes))
        return desired

    run([(0, 1), (200, 1)], look)
    assert seen == [0, 1, 2]


def test_littles_law_tells_how_many_are_in_flight() -> None:
    from simulation.scalers import in_flight

    # Ten a second for two seconds each, over four replicas: five in flight at each of them.
    made, _ = run([(n / 10, 2.0) for n in range(6000)], first=4, slots=8)
    values = [in_flight(each) for each in made.minutes[2:]]
    assert values == pytest.approx([5.0] * len(values), rel=0.02)


def test_a_minute_without_answers_is_no_quiet_one_and_one_without_requests_is() -> None:
    from simulation.scalers import clamped, in_flight

    assert in_flight(minute(requests=12, healthy=2)) == 6
    assert in_flight(minute()) == 0
    assert clamped(in_flight, 3.0)(minute(requests=12, healthy=2)) == 3


def busy(*values: float) -> list[Any]:
    return [minute(busy=each) for each in values]


def test_target_tracking_adds_in_proportion_after_three_minutes_above() -> None:
    from simulation.scalers import Tracking, cpu

    tracking = Tracking(cpu, 60)
    assert tracking.out(busy(0.9, 0.9), 4, 0) is None
    assert tracking.out(busy(0.5, 0.9, 0.9), 4, 0) is None
    assert tracking.out(busy(0.9, 0.9, 0.9), 4, 0) == 6


def test_within_the_cooldown_only_a_larger_step_goes_further() -> None:
    from simulation.scalers import Tracking, cpu

    tracking = Tracking(cpu, 60, out_cooldown=240)
    assert tracking.out(busy(0.9, 0.9, 0.9), 4, 0) == 6
    assert tracking.out(busy(0.9, 0.9, 0.9), 6, 60) is None
    assert tracking.out(busy(0.9, 0.9, 1.2), 6, 120) == 8
    assert tracking.out(busy(0.9, 0.9, 0.9), 8, 240) == 12, "then what runs is taken for granted"


def test_replicas_are_removed_after_fifteen_minutes_below_nine_tenths_and_only_if_all_agree() -> None:
    from simulation.scalers import Scaler, Tracking, cpu, gpu

    quiet = [minute(busy=0.3, used=0.3)] * 15
    assert Scaler([Tracking(cpu, 60)])(quiet[:14], 8, 0) == 8
    assert Scaler([Tracking(cpu, 60)])(quiet, 8, 0) == 4
    assert Scaler([Tracking(cpu, 60), Tracking(gpu, 32)])(quiet, 8, 0) == 8
    assert Scaler([Tracking(cpu, 60)])([minute(busy=0.55)] * 15, 8, 0) == 8


def test_the_guard_adds_a_share_and_never_removes() -> None:
    from simulation.scalers import Guard, Scaler, Tracking, cpu

    slow, slower, quick = minute(times=[1.5] * 40), minute(times=[3.0] * 40), minute(times=[0.1] * 40)
    assert Guard(1.0, 180).out([slow], 8, 0) is None
    assert Guard(1.0, 180).out([slow, slow], 8, 0) == 10
    assert Guard(1.0, 180).out([slow, slower], 8, 0) == 12
    assert Guard(1.0, 180).out([slow, quick], 8, 0) is None
    guard = Guard(1.0, 180)
    assert (guard.out([slow, slow], 1, 0), guard.out([slow, slow], 2, 120)) == (2, None)
    assert Scaler([Tracking(cpu, 60)], [Guard(1.0, 180)])([slow] * 3, 8, 0) == 10, "the largest wins"


def test_perfect_knowledge_asks_so_early_that_replicas_serve_in_time() -> None:
    from simulation.scalers import Foreseen

    foreseen = Foreseen([60, 60, 600, 60, 60], slots=1, start_up=60, load=1.0)
    assert [foreseen([], 0, 60.0 * n) for n in range(5)] == [10, 10, 10, 1, 1]


def test_the_default_is_made_of_the_numbers_that_the_library_ships() -> None:
    from simulation.strategies import OURS, scalers
    from simulation.traffic import Shape
    from simulation.world import Request

    from modelinfra.platforms.ecs.scaling_plan import LARGEST_STEP, SHARE_OF_ONE, SHARE_OF_SEVERAL

    for slots, share in ((1, SHARE_OF_ONE), (8, SHARE_OF_SEVERAL)):
        shape = Shape("test", [Request(0.0, 1.0)], slots, 1.0, "here")
        (tracking,) = scalers(shape, 200)[OURS].tracking
        assert (tracking.target, tracking.out_cooldown) == (share * slots, 240 + 180)
        assert tracking.metric(minute(requests=6000, times=[50.0])) == tracking.target * LARGEST_STEP


@pytest.mark.parametrize(
    ("name", "rate", "work"), [("burst", 2.57, 1.6), ("steady", 5.53, 6.5), ("long context", 3.4, 15.0)]
)
def test_generated_requests_have_the_published_rates_and_are_always_the_same(
    name: str, rate: float, work: float, tmp_path: Path
) -> None:
    from simulation.traffic import SHAPES

    one, other = (SHAPES[name](tmp_path, random.Random(7)) for _ in range(2))
    assert one.requests == other.requests
    assert "generated" in one.source
    assert len(one.requests) / one.requests[-1].at == pytest.approx(rate, rel=0.15)
    assert sum(each.work for each in one.requests) / len(one.requests) == pytest.approx(work, rel=0.3)


def test_the_least_that_keeps_the_objective_is_found() -> None:
    from simulation.strategies import _least
    from simulation.traffic import Shape
    from simulation.world import Outcome, Request

    shape = Shape("test", [Request(0.0, 1.0)], 1, 1.0, "here")
    tried: list[int] = []

    def run_with(count: int) -> Any:
        tried.append(count)
        return Outcome([0.0] if count >= 7 else [9.0], count, count)

    assert _least(range(2, 41), run_with, shape).most == 7
    assert len(tried) < 8
    assert _least(range(2, 6), run_with, shape).most == 5
