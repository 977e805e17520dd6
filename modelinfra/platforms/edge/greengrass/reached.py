"""How far a bad revision gets in a ring before AWS IoT stops its deployment. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.fleet.jobs import Abort, Rate, Rollout, reach
from modelinfra.fleet.rings import Bad, Ring
from modelinfra.options.edge_dates import is_over

# aws-greengrass-nucleus, Lifecycle.java: a component that fails so often is broken, and its deployment has failed.
_STARTS: Final = 3

OUTCOMES: Final = {"all": "ALL", "failed": "FAILED", "timed-out": "TIMED_OUT", "rejected": "REJECTED"}
"""What `rollout.abort_on` says -> in the words of AWS IoT (AWS IoT API, AbortCriteria: failureType)."""


def notes(options: Any, rings: Mapping[str, int]) -> Iterator[str]:
    """Of a revision that does not start on any device, in a ring with as many devices as the claim lets in. rings: name -> seconds that a
    device takes to start its revision, at most."""
    if options.claim is None:
        return
    size = options.claim.devices
    for ring, seconds in rings.items():
        found = reach(_of_one_ring(options, seconds), size, failing(options, seconds))
        if found.ring is None:
            yield (
                f"ring '{ring}': a revision that starts on none of its devices reaches all of them: nothing in `rollout` stops it before, with "
                f"{size} devices, as many as may be enrolled"
            )
        else:
            yield (
                f"ring '{ring}': of {size} devices, as many as may be enrolled, a revision that starts on none of them reaches {found.devices} "
                f"at most before AWS IoT stops it, after {math.ceil(found.minutes or 0)} minutes at most"
            )


def warnings(options: Any) -> Iterator[str]:
    """Rings in which nothing ever stops a revision, and a day that lets nobody in."""
    if options.claim is not None and is_over(options.claim.expires):
        yield f"`claim.expires` ({options.claim.expires}) is over: no device can be enrolled with the claim"
    if options.claim is not None and options.claim.devices <= options.rollout.abort_after:
        yield (
            f"rings of {options.claim.devices} devices, as many as may be enrolled, are done before `rollout.abort_after` "
            f"({options.rollout.abort_after}) lets any failure count"
        )


def failing(options: Any, seconds: int) -> Bad:
    """A revision whose model is never ready: each device tries it until it is called broken, or until the time is up."""
    tried, most = _STARTS * seconds / 60, options.rollout.timeout / 60
    return Bad(1.0, min(tried, most), "TIMED_OUT" if tried > most else "FAILED")


def _of_one_ring(options: Any, seconds: int) -> Rollout:
    """What reaches a ring, since each has as many devices as are let in."""
    said = options.rollout
    grows = said.start < said.per_minute
    rate = (
        Rate(said.per_minute, said.start, said.factor, said.after, after_success=True)
        if grows
        else Rate(said.per_minute)
    )
    abort = Abort(said.abort_percent, said.abort_after, OUTCOMES[said.abort_on])
    return Rollout([Ring("one", 1.0)], rate, [abort], device_minutes=seconds / 60)
