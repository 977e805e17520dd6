"""How far a bad revision gets in a ring before ECS takes it back. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modelinfra.fleet.ecs import Rollout, at_once, reach
from modelinfra.fleet.rings import Bad, Ring
from modelinfra.options.edge_dates import days_ahead, is_over
from modelinfra.options.edge_runtimes import healthy_percent

# SSM API, CreateActivation: ExpirationDate.
_MOST_DAYS: Final = 30


def notes(options: Any, rings: Sequence[str]) -> Iterator[str]:
    """Of a revision that does not start on any device, in a ring with as many devices as its activation lets in."""
    if options.activation is None:
        return
    size, rollout = options.activation.devices, _of_one_ring(options)
    if at_once(rollout, size) < 1:
        return
    reached = reach(rollout, size, Bad()).devices
    for ring in rings:
        yield (
            f"ring '{ring}': of {size} devices, as many as may be enrolled, a revision that starts on none of them reaches {reached} at "
            "most before ECS takes it back"
            + ("; `minimum_healthy_percent` keeps some from it" if reached == size else "")
        )


def warnings(options: Any) -> Iterator[str]:
    """Rings that never get another revision, and a day that lets nobody in."""
    if options.activation is not None:
        if is_over(options.activation.expires):
            yield (
                f"`activation.expires` ({options.activation.expires}) is over: no device can be enrolled, and Systems Manager refuses an "
                "activation that would have to be made with it"
            )
        elif days_ahead(options.activation.expires) > _MOST_DAYS:
            yield (
                f"`activation.expires` ({options.activation.expires}) is more than {_MOST_DAYS} days ahead, and Systems Manager refuses such an "
                "activation"
            )
        size, kept = options.activation.devices, healthy_percent(options)
        if at_once(_of_one_ring(options), size) < 1:
            yield f"rings of {size} device{'' if size == 1 else 's'}, as many as may be enrolled, would never get a new revision: `minimum_healthy_percent` {kept} keeps all of them from it"


def _of_one_ring(options: Any) -> Rollout:
    """What reaches a ring, since each has as many devices as are let in."""
    return Rollout([Ring("one", 1.0)], healthy_percent=healthy_percent(options))
