"""Rings of a fleet: which devices get a revision before the others, and which ring a device belongs to."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, NotRequired, TypedDict

from modelinfra.options.declare import Option
from modelinfra.options.landing import DEVICES, TASK
from modelinfra.options.names import Name
from modelinfra.options.problems import Problem, did_you_mean
from modelinfra.options.revisions import STABLE

ONLY: Final = "all"
"""The ring of a fleet that names none."""

# Positions that a device can have between 0 and 1: more than any fleet has devices.
_PLACES: Final = 2**32


class RingOptions(TypedDict):
    """Some of a fleet's devices, which get a revision together."""

    name: Name
    """What it is called: `canary`, `stores`."""

    share: NotRequired[Annotated[float, Option(default_text="what the others leave", at_least=0.0001, at_most=1)]]
    """Share of the devices that belong to it, 0.05 for one in twenty. It is drawn from a device's name when the device is enrolled; an
    edit moves no device by itself: `modelinfra fleet status` lists those that would be elsewhere now."""

    revision: NotRequired[
        Annotated[
            str,
            Option(
                default=STABLE, lands=(f"{TASK}.containerDefinitions", f"{DEVICES}.spec.template"), example="candidate"
            ),
        ]
    ]
    """Which of the fleet's `revisions` its devices run; `stable` is the one of the fleet's own keys. An edit of this one line promotes a
    revision to the ring, and takes it back."""


def rings_divide_the_fleet(fleet: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `rings` and `revisions`: names of their own, shares that are the whole together, revisions that there are."""
    rings, known = fleet["rings"], (STABLE, *fleet["revisions"])
    if not rings:
        yield Problem("rings", "there is none, and no device would run anything", "Remove it to have one ring.")
    counted = Counter(ring.name for ring in rings)
    for place, ring in enumerate(rings):
        if counted[ring.name] > 1:
            yield Problem(f"rings[{place}].name", "two rings have this name", "Write another one.", ring.name)
        if ring.revision not in known:
            remedy = did_you_mean(ring.revision, known)
            yield Problem(f"rings[{place}].revision", "there is no such revision", remedy, ring.revision)
    open_ended = [ring.name for ring in rings if ring.share is None]
    whole = sum(ring.share for ring in rings if ring.share is not None)
    said = ", ".join(f"{ring.name} {ring.share:g}" for ring in rings if ring.share is not None)
    if len(open_ended) > 1:
        reason = f"one ring may take what the others leave, and {' and '.join(open_ended)} say no share"
        yield Problem("rings", reason, "Write `share` of all of them but one.")
    elif open_ended and whole >= 1:
        reason = f"the others leave nothing for {open_ended[0]} ({said})"
        yield Problem("rings", reason, "Make their shares less than 1 together.")
    elif rings and not open_ended and not math.isclose(whole, 1, abs_tol=1e-9):
        reason = f"the shares are {whole:g} together ({said})"
        yield Problem("rings", reason, "Make them 1, or leave one of them out: it takes what the others leave.")


def shares(rings: Sequence[Any]) -> dict[str, float]:
    """Ring -> its share of the devices, with that of the one that says none."""
    said = {ring.name: ring.share for ring in rings}
    rest = 1 - sum(share for share in said.values() if share is not None)
    return {name: rest if share is None else share for name, share in said.items()}


def ring_of(device: str, fleet: str, divided: Mapping[str, float]) -> str:
    """Which ring a device belongs to: drawn from the names of fleet and device, so that whoever asks is told the same.

    divided: ring -> share, in the order of the stack file. Making the first ring larger moves devices into it and none out of it.
    """
    digest = hashlib.sha256(f"{fleet}/{device}".encode()).digest()
    place = int.from_bytes(digest[:4], "big") / _PLACES
    reached = 0.0
    for name, share in divided.items():
        reached += share
        if place < reached:
            return name
    return list(divided)[-1]  # what rounding leaves
