"""How many nodes a bad revision of a DaemonSet reaches at most: the bound holds in every simulated update, and is not idle."""

from __future__ import annotations

import itertools
import math

import pytest

from modelinfra.fleet.daemon import Rollout, at_once, full_minutes, reach
from modelinfra.fleet.rings import Bad, Reach, Ring
from tests.fleet.simulation import daemon_reach

RINGS = (Ring("canary", 0.05), Ring("early", 0.2), Ring("all", 0.75))


@pytest.mark.parametrize("healthy_percent", [0, 50, 90])
@pytest.mark.parametrize("away", [0, 7, 60])
@pytest.mark.parametrize("share", [1.0, 0.5, 0.1])
def test_no_simulated_update_reaches_more_nodes_than_said_in_any_release(
    healthy_percent: int, away: int, share: float
) -> None:
    rollout = Rollout(RINGS, healthy_percent, away)
    most = reach(rollout, 600, Bad(share))
    for seed, counts_old in itertools.product(range(6), (True, False)):
        reached, _, _ = daemon_reach(rollout, 600, Bad(share), seed, counts_old=counts_old)
        assert reached <= most.devices, (seed, counts_old)


@pytest.mark.parametrize("share", [1.0, 0.6])
def test_where_all_answer_it_stops_within_the_minutes_that_are_said(share: float) -> None:
    rollout = Rollout((Ring("one", 1.0),), 90)
    most = reach(rollout, 300, Bad(share))
    assert most.minutes is not None
    for seed in range(12):
        _, ring, minutes = daemon_reach(rollout, 300, Bad(share), seed, counts_old=False)
        assert ring == "one"
        assert minutes <= most.minutes


def test_a_revision_that_is_ready_nowhere_reaches_exactly_what_may_change_at_a_time() -> None:
    rollout = Rollout(RINGS, 90)
    assert reach(rollout, 10_000, Bad()) == Reach(50, 10_000, "canary", 0.0)
    assert daemon_reach(rollout, 10_000, Bad(), 1, counts_old=True)[:2] == (50, "canary")


def test_devices_that_do_not_answer_get_it_whatever_may_change_at_a_time() -> None:
    ring = (Ring("one", 1.0),)
    assert reach(Rollout(ring, 90, away=30), 100, Bad()).devices == 40
    assert (
        max(daemon_reach(Rollout(ring, 90, away=30), 100, Bad(), seed, counts_old=False)[0] for seed in range(20)) > 30
    )


def test_one_that_fails_on_few_stops_when_as_many_have_failed_or_never() -> None:
    stopped = reach(Rollout(RINGS, 90), 10_000, Bad(share=0.5))
    assert stopped.ring == "canary"
    assert 100 <= stopped.devices < 250, "half of the devices that have it fail, and chance may have it worse"
    assert reach(Rollout(RINGS, 90), 10_000, Bad(share=0.01)).ring is None


def test_one_node_at_least_changes_and_a_ring_of_one_changes_always() -> None:
    assert [
        at_once(Rollout(RINGS, healthy), size) for healthy, size in ((90, 1), (90, 11), (90, 200), (0, 7), (50, 5))
    ] == [
        1,
        2,
        20,
        7,
        3,
    ]


def test_a_good_revision_waits_for_devices_that_are_away_when_as_many_are_as_may_change() -> None:
    ring = (Ring("one", 1.0),)
    assert full_minutes(Rollout(ring, 90), 200) == 100
    assert full_minutes(Rollout(ring, 90, away=10), 200) == 200
    assert full_minutes(Rollout(ring, 90, away=20), 200) == math.inf
