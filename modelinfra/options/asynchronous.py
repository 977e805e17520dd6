"""What goes with `mode: async`, and what goes without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from modelinfra.options.exposure import exposed
from modelinfra.options.problems import NOTHING, Problem
from modelinfra.options.quantities import shown_seconds
from modelinfra.options.queue import DEFAULT_RETENTION
from modelinfra.options.rollout import shifts
from modelinfra.options.scaling import TARGETS

DEFAULT_BACKLOG = 10
"""Messages for each replica. A round figure to be replaced."""


def is_asynchronous(options: Any) -> bool:
    """Whether requests lie in a queue."""
    return bool(options.mode == "async")


_NO_BALANCER = "an asynchronous endpoint has no load balancer: its requests come from a queue"

_IN_NO_LOAD_BALANCER = ("load_balancer", "path", "rule_priority")

# What the load balancer counts, and what says nothing of a queue; a number of replicas has one owner.
_OTHER_TARGETS = (*TARGETS, "steps", "p95_latency_ms", "scale_out_cooldown")

_PROMISES_OF_ANSWERS = ("availability", "p95_latency_ms", "p99_latency_ms")


def nothing_balances_a_queue(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `mode` and everything that stands before replicas."""
    if endpoint["mode"] != "async":
        return
    for key in _IN_NO_LOAD_BALANCER:
        if endpoint[key] is not None:
            yield Problem(key, _NO_BALANCER, "Remove it.", endpoint[key])
    if exposed(endpoint["exposure"]):
        remedy = "Remove it: who may send messages and read results says IAM, with the output client_policy."
        yield Problem("exposure", _NO_BALANCER, remedy)
    if shifts(endpoint["rollout"]):
        reason = "there is no traffic to move: old and new replicas take messages from the same queue"
        yield Problem("rollout.strategy", reason, "Write rolling, or remove it.", endpoint["rollout"].strategy)
    if endpoint["revisions"]:
        reason = "there is no traffic to divide: whoever is idle takes the next message from the queue"
        yield Problem("revisions", reason, "Remove it, or make an endpoint of each, with a queue of its own.")


def a_queue_is_scaled_by_its_backlog(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `mode` and `scaling`."""
    scaling = endpoint["scaling"]
    if endpoint["mode"] == "async":
        for key in _OTHER_TARGETS:
            if getattr(scaling, key) is not None:
                reason = (
                    "the number of replicas of an asynchronous endpoint follows from the backlog of its queue alone"
                )
                given = getattr(scaling, key)
                shown = NOTHING if isinstance(given, Mapping) else given
                yield Problem(f"scaling.{key}", reason, "Write `backlog_per_replica`, or remove it.", shown)
        if scaling.min == 0 and scaling.max is None:
            reason = "with `min`: 0 and nothing more no message would ever be taken from the queue"
            yield Problem("scaling.max", reason, "Write how many replicas there may be, for example 4.")
        return
    if scaling.backlog_per_replica is not None:
        reason = "only an asynchronous endpoint has a queue with a backlog"
        remedy = "Write `mode: async`, or `requests_per_second_per_replica`."
        yield Problem("scaling.backlog_per_replica", reason, remedy, scaling.backlog_per_replica)


def promises_are_ones_that_are_counted(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `mode` and `slo`."""
    slo = endpoint["slo"]
    if slo is None:
        return
    if endpoint["mode"] == "async":
        for key in _PROMISES_OF_ANSWERS:
            if getattr(slo, key) is not None:
                reason = "nobody waits for the answer of an asynchronous endpoint, and no load balancer counts it"
                yield Problem(
                    f"slo.{key}", reason, "Write `oldest_message`: how long a message may wait.", getattr(slo, key)
                )
        retention = getattr(endpoint["queue"], "retention", DEFAULT_RETENTION)
        if slo.oldest_message is not None and slo.oldest_message >= retention:
            reason = (
                f"SQS drops a message after {shown_seconds(retention)} (`queue.retention`), so that none is ever so old"
            )
            yield Problem(
                "slo.oldest_message", reason, "Write less, or a longer `queue.retention`.", slo.oldest_message
            )
    elif slo.oldest_message is not None:
        reason = "only an asynchronous endpoint has messages that wait"
        yield Problem("slo.oldest_message", reason, "Write `mode: async`, or `p99_latency_ms`.", slo.oldest_message)


def a_queue_belongs_to_an_asynchronous_endpoint(endpoint: Mapping[str, Any]) -> Iterator[Problem]:
    """Rule over `mode` and `queue`."""
    if endpoint["mode"] != "async" and endpoint["queue"] is not None:
        yield Problem("queue", "a synchronous endpoint has no queue", "Write `mode: async`, or remove it.")


RULES: Final[tuple[tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Iterable[Problem]]], ...]] = (
    (("mode", "exposure", "rollout", "revisions", *_IN_NO_LOAD_BALANCER), nothing_balances_a_queue),
    (("mode", "slo", "queue"), promises_are_ones_that_are_counted),
    (("mode", "queue"), a_queue_belongs_to_an_asynchronous_endpoint),
)
"""The keys that a rule reads -> the rule."""
