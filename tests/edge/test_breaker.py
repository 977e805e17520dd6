"""When the cloud counts as away, and when it is tried again."""

from __future__ import annotations

import pytest

from modelinfra.router.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock, scatter=lambda: 0.5)


def test_it_is_away_after_three_bad_answers_in_a_row_or_one_connection_that_failed(breaker: Breaker) -> None:
    breaker.failed()
    breaker.failed()
    breaker.answered()
    breaker.failed()
    breaker.failed()
    assert not breaker.away
    breaker.failed()
    assert breaker.away
    breaker.answered()
    breaker.failed(at_once=True)
    assert breaker.away


def test_each_probe_that_fails_makes_the_pause_twice_as_long_up_to_a_minute(breaker: Breaker, clock: Clock) -> None:
    breaker.failed(at_once=True)
    pauses = []
    for _ in range(9):
        since = clock.now
        while not breaker.due:
            clock.now += 0.25
        pauses.append(clock.now - since)
        breaker.failed(at_once=True)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_those_that_were_on_their_way_do_not_make_it_longer(breaker: Breaker, clock: Clock) -> None:
    for _ in range(50):
        breaker.failed(at_once=True)
    clock.now = 1.0
    assert breaker.due


def test_it_waits_as_long_as_the_cloud_asks(breaker: Breaker, clock: Clock) -> None:
    breaker.failed(seconds=30)
    clock.now = 29.9
    assert breaker.away
    assert not breaker.due
    clock.now = 30
    assert breaker.due


def test_a_probe_alone_does_not_shorten_the_next_pause(breaker: Breaker, clock: Clock) -> None:
    breaker.failed(at_once=True)
    clock.now = 1.0
    breaker.back()
    assert not breaker.away
    breaker.failed()  # the prediction fails where the probe did not
    clock.now = 2.5
    assert not breaker.due
    clock.now = 3.0
    assert breaker.due
