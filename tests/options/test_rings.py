"""Which ring a device belongs to: the same whoever asks, in the shares that are declared, and moved by an edit no more than that asks for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modelinfra.options.rings import ring_of, shares

DEVICES = [f"till-{number:05}" for number in range(10_000)]


class _Ring:
    def __init__(self, name: str, share: float | None) -> None:
        self.name, self.share = name, share


def test_devices_are_divided_as_the_shares_say() -> None:
    divided = {"canary": 0.05, "early": 0.25, "rest": 0.7}
    drawn = [ring_of(device, "stores", divided) for device in DEVICES]
    for ring, share in divided.items():
        # Of 10,000 draws the share lies within four standard deviations of the one that is declared.
        assert abs(drawn.count(ring) / len(DEVICES) - share) < 4 * (share * (1 - share) / len(DEVICES)) ** 0.5


def test_another_fleet_draws_anew() -> None:
    divided = {"canary": 0.5, "rest": 0.5}
    same = sum(ring_of(each, "stores", divided) == ring_of(each, "depots", divided) for each in DEVICES)
    assert 0.45 < same / len(DEVICES) < 0.55


@given(st.floats(0.01, 0.4), st.floats(0.01, 0.4))
def test_a_larger_first_ring_takes_devices_and_gives_none_away(small: float, more: float) -> None:
    before = {"canary": small, "rest": 1 - small}
    after = {"canary": small + more, "rest": 1 - small - more}
    for device in DEVICES[:500]:
        if ring_of(device, "stores", before) == "canary":
            assert ring_of(device, "stores", after) == "canary"


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=8), st.text(min_size=1))
def test_every_device_is_in_a_ring_whatever_the_shares_round_to(parts: list[float], device: str) -> None:
    whole = sum(parts)
    divided = {f"ring-{place}": part / whole for place, part in enumerate(parts)}
    assert ring_of(device, "stores", divided) in divided


def test_the_ring_without_a_share_takes_what_the_others_leave() -> None:
    divided = shares([_Ring("canary", 0.05), _Ring("rest", None)])
    assert divided == {"canary": 0.05, "rest": 0.95}
