"""How many replicas of an endpoint run, and what makes them more or fewer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import ADDED, SCALING_POLICY, SCALING_TARGET, STEPS, TRACKING
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Duration

_METRICS = ("requests_per_second_per_replica", "cpu_percent", "memory_percent", "backlog_per_replica")


class ScalingOptions(TypedDict):
    """Replicas and autoscaling of an endpoint."""

    min: NotRequired[
        Annotated[int, Option(default=2, at_least=0, at_most=5000, lands=(f"{SCALING_TARGET}.minCapacity",), example=3)]
    ]
    """Fewest replicas. Two replicas run in two zones, so that the loss of one zone leaves one serving. 0 goes with
    `mode: async` only, where the queue holds the requests until a replica is there."""

    max: NotRequired[
        Annotated[
            int,
            Option(
                default_text="`min`", at_least=1, at_most=5000, lands=(f"{SCALING_TARGET}.maxCapacity",), example=12
            ),
        ]
    ]
    """Most replicas. More than `min` turns autoscaling on."""

    requests_per_second_per_replica: NotRequired[
        Annotated[float, Option(at_least=0.02, lands=(f"{TRACKING}.targetValue",), example=25)]
    ]
    """Target of autoscaling: requests each replica answers per second. The load balancer counts per minute; the conversion is done here."""

    cpu_percent: NotRequired[
        Annotated[float, Option(at_least=1, at_most=100, lands=(f"{ADDED}{SCALING_POLICY}",), example=55)]
    ]
    """Target of autoscaling: average CPU use of the replicas, in percent. 60 when `max` exceeds `min` and no target is given."""

    memory_percent: NotRequired[
        Annotated[float, Option(at_least=1, at_most=100, lands=(f"{ADDED}{SCALING_POLICY}",), example=70)]
    ]
    """Target of autoscaling: average memory use of the replicas, in percent."""

    backlog_per_replica: NotRequired[
        Annotated[
            int,
            Option(
                default_text="10 with `mode: async`",
                at_least=1,
                at_most=100_000,
                lands=(f"{STEPS}.stepAdjustments",),
                example=40,
            ),
        ]
    ]
    """Target of autoscaling with `mode: async`: messages for each replica, those that wait and those that are worked on. The longest wait
    that is acceptable, divided by how long one message takes and times `queue.concurrency`."""

    scale_out_cooldown: NotRequired[
        Annotated[
            Duration,
            Option(default_text="60s", at_most=3600, lands=(f"{TRACKING}.scaleOutCooldown",), example="2m"),
        ]
    ]
    """How long autoscaling waits after adding replicas before it adds more."""

    scale_in_cooldown: NotRequired[
        Annotated[Duration, Option(default="5m", at_most=3600, lands=(f"{TRACKING}.scaleInCooldown",), example="10m")]
    ]
    """How long autoscaling waits after removing replicas before it removes more. With `mode: async` also how long the queue is empty
    before the replicas above `min` go."""


@rule(ScalingOptions, "min", "max")
def max_is_not_below_min(scaling: Mapping[str, Any]) -> Iterable[Problem]:
    if scaling["max"] is not None and scaling["max"] < scaling["min"]:
        yield Problem(
            "max",
            f"this is less than `min`, which is {scaling['min']}",
            f"Write {scaling['min']} or more.",
            scaling["max"],
        )


@rule(ScalingOptions, "min", "max", *_METRICS)
def a_target_needs_room_to_scale(scaling: Mapping[str, Any]) -> Iterable[Problem]:
    highest = scaling["min"] if scaling["max"] is None else scaling["max"]
    for metric in _METRICS:
        if scaling[metric] is not None and highest == scaling["min"]:
            yield Problem(
                metric,
                "a target has no effect while `max` equals `min`",
                f"Write a `max` above {scaling['min']}.",
                scaling[metric],
            )
