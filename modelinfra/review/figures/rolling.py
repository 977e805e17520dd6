"""How long deployments take at the most, and a cold start where the stack file says how fast images come."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from modelinfra.review.changes import Changes
from modelinfra.review.deployments import Deployment, deployments
from modelinfra.review.rollout import Rollout
from modelinfra.review.served import NotKnownError
from modelinfra.review.table import Table
from modelinfra.review.usage import Usage
from modelinfra.review.vllm_flags import Flags

_GB, _MIB = 10**9, 2**20
_NOT_KNOWN: Final = "not known"
_NOTE: Final = (
    "At the most: each wave starts for as long as failed checks are forgiven and until it is found healthy, then the old replicas drain and "
    "stop; traffic that is moved is watched for as long as it is told. One that starts faster is not waited for. Finding a machine is not in it. A cold start adds the pull of the image (`imageGb`) and, "
    "where `languageModel` states them, of the weights, one after the other at `pullMibPerSecond` of modelinfra:usage: an assumption, and too "
    "much where the weights are in the image."
)


def tables(changes: Changes, usage: Usage | None) -> Iterator[Table]:
    """Everything that this change deploys anew."""
    rows = tuple(_row(each, usage) for each in deployments(changes))
    head = ("Service", "Replicas", "Waves, at most", "Start, at most", "Drain and stop, at most", "Deployment, at most", "Cold start, at most")  # fmt: skip
    if rows:
        yield Table("How long deployments take", head, rows, (_NOTE,))


def _row(found: Deployment, usage: Usage | None) -> tuple[str, ...]:
    rollout = found.rollout
    replicas = " to ".join(dict.fromkeys(map(str, rollout.replicas))) if rollout.replicas else _NOT_KNOWN
    if rollout.stuck:
        whole = f"never ends with {rollout.stuck[0]}"
    else:
        whole = _NOT_KNOWN if rollout.seconds is None else _minutes(rollout.seconds)
    return (
        found.component, replicas, _waves(rollout), _seconds(rollout.start), _seconds(rollout.drain), whole,
        _cold(rollout.start, found.component, usage),
    )  # fmt: skip


def _waves(rollout: Rollout) -> str:
    if rollout.kind:
        return f"by {rollout.kind}"
    known = [each for each in rollout.waves.values() if each is not None]
    if known:
        return str(max(known))
    return "none" if rollout.stuck else _NOT_KNOWN


def _cold(start: int | None, component: str, usage: Usage | None) -> str:
    """Of one replica on a machine that has nothing of it."""
    if usage is None or start is None:
        return _NOT_KNOWN
    speed, _ = usage.of(component, "pull_mib_per_second")
    size, assumed = usage.of(component, "image_gb")
    if speed is None or assumed:
        return _NOT_KNOWN
    try:
        weights = _weights(component, usage)
    except NotKnownError:
        return _NOT_KNOWN
    return _minutes(start + math.ceil((size * _GB + weights) / _MIB / speed))


def _weights(component: str, usage: Usage) -> int:
    """Bytes of the model that is stated; none where none is."""
    own = usage.components.get(component)
    return own.language_model.weight_bytes(Flags()) if own is not None and own.language_model is not None else 0


def _seconds(count: int | None) -> str:
    return _NOT_KNOWN if count is None else f"{count} s"


def _minutes(seconds: int) -> str:
    return f"{math.ceil(seconds / 60)} min"
