"""Rings of devices, and a version that is bad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ring:
    """share: of all devices, above 0 and at most 1."""

    name: str
    share: float


@dataclass(frozen=True)
class Bad:
    """A version that fails on some devices. share: of devices on which it fails, 0 to 1. minutes: at most, until the runtime knows of a
    failure. outcome: what the runtime calls it: FAILED, TIMED_OUT or REJECTED (AWS IoT Jobs)."""

    share: float = 1.0
    minutes: float = 10.0
    outcome: str = "FAILED"


@dataclass(frozen=True)
class Reach:
    """devices: that have a bad version at most before it is stopped; of all devices. ring: in which it is stopped; None: it is not.
    minutes: until then, at most."""

    devices: int
    of: int
    ring: str | None
    minutes: float | None

    def told(self) -> str:
        """One sentence for people."""
        if self.ring is None:
            return f"a bad model is not stopped by itself: it reaches all {self.of:,} devices"
        return f"a bad model reaches at most {self.devices:,} of {self.of:,} devices: it is stopped in ring {self.ring} after {self.minutes:,.0f} minutes at most"


def sizes(rings: Sequence[Ring], devices: int) -> list[int]:
    """Devices of each ring: all of them together, none twice. Raises ValueError."""
    if not rings or any(not 0 < each.share <= 1 for each in rings) or abs(sum(each.share for each in rings) - 1) > 1e-9:
        raise ValueError("the shares of all rings are above 0 and 1 together")
    found, before, share = [], 0, 0.0
    for each in rings:
        share += each.share
        found.append(round(devices * share) - before)
        before = round(devices * share)
    return found
