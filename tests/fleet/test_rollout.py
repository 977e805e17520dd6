"""How many devices a bad version reaches at most: the bound holds in every simulated rollout, and is not idle."""

from __future__ import annotations

import itertools

import pytest

from modelinfra.fleet import ecs, jobs
from modelinfra.fleet.chance import at_least
from modelinfra.fleet.jobs import Abort, Rate, Rollout, full_minutes, reach
from modelinfra.fleet.rings import Bad, Reach, Ring, sizes
from tests.fleet.simulation import Reading, ecs_reach, jobs_reach

RINGS = (Ring("canary", 0.05), Ring("early", 0.2), Ring("all", 0.75))
ABORT = (Abort(percent=20, least=20),)
READINGS = [Reading(*each) for each in itertools.product((True, False), repeat=4)]
RATES = {
    "slow": Rate(per_minute=10),
    "constant": Rate(per_minute=50),
    "as fast as may be": Rate(),
    "growing": Rate(base=10, factor=2.0, every=50),
    "growing after success": Rate(base=10, factor=2.0, every=50, after_success=True),
}
BADS = {
    "on each": Bad(),
    "on each, told late": Bad(minutes=45, outcome="TIMED_OUT"),
    "on half": Bad(share=0.5),
    "on half, told late": Bad(share=0.5, minutes=30),
    "on a third": Bad(share=0.33),
    "on few": Bad(share=0.02),
}


@pytest.mark.parametrize("bad", BADS.values(), ids=BADS)
@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_no_simulated_job_reaches_more_devices_than_said_however_aws_is_read(rate: Rate, bad: Bad) -> None:
    rollout = Rollout(RINGS, rate, ABORT)
    most = reach(rollout, 3000, bad)
    for seed, reading in enumerate(READINGS * 3):
        reached, _ = jobs_reach(rollout, 3000, bad, reading, seed)
        assert reached <= most.devices, (reading, seed)


@pytest.mark.parametrize(("rate", "most"), [("slow", 1.3), ("constant", 1.3), ("growing after success", 1.3)])
def test_the_bound_is_near_to_the_worst_that_is_simulated(rate: str, most: float) -> None:
    """Within a third of it: between them lie the minute in which a device is notified, and what AWS's pages leave open."""
    rollout = Rollout(RINGS, RATES[rate], ABORT)
    worst = max(jobs_reach(rollout, 10_000, Bad(), reading, seed)[0] for seed, reading in enumerate(READINGS))
    assert worst <= reach(rollout, 10_000, Bad()).devices <= most * worst


@pytest.mark.parametrize("healthy_percent", [50, 90, 98])
@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("share", [1.0, 0.6, 0.1])
def test_no_simulated_update_of_ecs_reaches_more_devices_than_said(
    healthy_percent: int, reset: bool, share: float
) -> None:
    rollout = ecs.Rollout(RINGS, healthy_percent, reset)
    bad = Bad(share)
    most = ecs.reach(rollout, 1000, bad)
    for seed, same in itertools.product(range(6), (True, False)):
        reached, _ = ecs_reach(rollout, 1000, bad, seed, same_device=same)
        assert reached <= most.devices, (seed, same)


def test_ten_thousand_devices_a_bad_model_and_a_canary_of_five_percent() -> None:
    rollout = Rollout(RINGS, Rate(per_minute=20), ABORT, bake_minutes=60)
    found = reach(rollout, 10_000, Bad(minutes=5))
    assert found == Reach(devices=180, of=10_000, ring="canary", minutes=8.0)
    assert found.told() == (
        "a bad model reaches at most 180 of 10,000 devices: it is stopped in ring canary after 8 minutes at most"
    )
    assert full_minutes(rollout, 10_000) == 500 + 3 * 10 + 2 * 60


def test_a_ring_that_is_smaller_than_the_criterion_stops_nothing() -> None:
    rollout = Rollout((Ring("one", 0.001), Ring("all", 0.999)), Rate(per_minute=20), ABORT)
    assert reach(rollout, 10_000, Bad()).ring == "all"


def test_failures_that_no_criterion_counts_stop_nothing_but_somebody_who_notices_does() -> None:
    unseen = Rollout(RINGS, Rate(per_minute=10), [Abort(20, 20, "FAILED")])
    bad = Bad(outcome="TIMED_OUT")
    assert reach(unseen, 10_000, bad).told() == "a bad model is not stopped by itself: it reaches all 10,000 devices"
    noticed = Rollout(RINGS, Rate(per_minute=10), [Abort(20, 20, "FAILED")], notice_minutes=30)
    assert reach(noticed, 10_000, bad) == Reach(310, 10_000, "canary", 30)
    # A model that answers wrongly and fails nowhere is seen by no criterion, either.
    assert reach(noticed, 10_000, Bad(share=0.0)).devices == 310


def test_a_slower_rate_and_a_sooner_failure_never_reach_more() -> None:
    def devices(per_minute: int, minutes: float) -> int:
        return reach(Rollout(RINGS, Rate(per_minute=per_minute), ABORT), 10_000, Bad(minutes=minutes)).devices

    assert [devices(rate, 10) for rate in (5, 20, 80)] == sorted(devices(rate, 10) for rate in (5, 20, 80))
    assert [devices(20, minutes) for minutes in (1, 10, 60)] == sorted(devices(20, minutes) for minutes in (1, 10, 60))


def test_a_circuit_breaker_needs_half_of_the_tasks_within_its_limits() -> None:
    assert [ecs.failures(size) for size in (1, 4, 10, 399, 10_000)] == [3, 3, 5, 200, 200]


def test_healthy_tasks_between_keep_the_circuit_breaker_from_ever_stopping() -> None:
    assert ecs.reach(ecs.Rollout(RINGS), 10_000, Bad(share=0.5)).ring is None
    kept = ecs.reach(ecs.Rollout(RINGS, reset_on_healthy=False), 10_000, Bad(share=0.9))
    assert kept.ring == "canary"


def test_a_ring_of_which_no_task_may_stop_is_refused() -> None:
    with pytest.raises(
        ValueError, match="ring canary has 5 devices: none of them may be stopped while 90 % keep running"
    ):
        ecs.reach(ecs.Rollout(RINGS), 100, Bad())


def test_rings_divide_all_devices_and_none_twice() -> None:
    assert sizes(RINGS, 10_000) == [500, 2000, 7500]
    assert [sum(sizes(RINGS, devices)) for devices in range(1, 200)] == list(range(1, 200))
    for shares in ((0.5, 0.6), (0.0, 1.0), ()):
        with pytest.raises(ValueError, match="1 together"):
            sizes([Ring("a", each) for each in shares], 10)


def test_the_bound_of_chance_holds_for_the_binomial_distribution() -> None:
    from math import comb

    for devices, share in itertools.product((1, 10, 60, 200), (0.05, 0.3, 0.5, 0.9, 0.99)):
        least = at_least(devices, share)
        below = sum(comb(devices, k) * share**k * (1 - share) ** (devices - k) for k in range(least))
        assert below <= 1e-4
    assert at_least(1000, 0.5) > 400
    assert jobs.PER_MINUTE == 1000
