"""How many replicas of an endpoint run, and what makes them more or fewer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    ALARM,
    POD_AUTOSCALER,
    SCALED_OBJECT,
    SCALING_POLICY,
    SCALING_TARGET,
    SCHEDULED_ACTION,
    STEPS,
    TRACKING,
)  # fmt: skip
from modelinfra.options.names import Name
from modelinfra.options.problems import NOTHING, Problem
from modelinfra.options.quantities import Duration
from modelinfra.options.scaling_metrics import (
    ADDS_A_POLICY,
    ADDS_STEPS,
    METRICS_EXAMPLE,
    STEPS_EXAMPLE,
    StepScalingOptions,
    TrackedMetricOptions,
)
from modelinfra.options.scaling_schedule import SCHEDULE_EXAMPLE, ScheduleOptions, problems_of_schedule

VALUES = ("concurrency", "requests_per_second_per_replica", "cpu_percent", "memory_percent")
"""Keys of targets that are one number."""

TARGETS = (*VALUES, "metrics")
"""Keys that say when there are more or fewer replicas; without any of them the platform decides."""

_OTHERS = ("steps", "schedule", "p95_latency_ms", "backlog_per_replica")


class ScalingOptions(TypedDict):
    """Replicas and autoscaling of an endpoint."""

    min: NotRequired[
        Annotated[
            int,
            Option(
                default=2,
                at_least=0,
                at_most=5000,
                lands=(f"{SCALING_TARGET}.minCapacity", f"{POD_AUTOSCALER}.spec.minReplicas"),
                example=3,
            ),
        ]
    ]
    """Fewest replicas. Two replicas run in two zones, so that the loss of one zone leaves one serving. 0 goes with
    `mode: async`, where the queue holds the requests until a replica is there, and with `serving: kserve-knative`, where Knative does."""

    max: NotRequired[
        Annotated[
            int,
            Option(
                default_text="`min`",
                at_least=1,
                at_most=5000,
                lands=(f"{SCALING_TARGET}.maxCapacity", f"{POD_AUTOSCALER}.spec.maxReplicas"),
                example=12,
            ),
        ]
    ]
    """Most replicas. More than `min` turns autoscaling on."""

    concurrency: NotRequired[
        Annotated[
            float,
            Option(
                at_least=0.1,
                at_most=10_000,
                lands=(f"{ADDED}{SCALING_POLICY}", f"{ADDED}{SCALED_OBJECT}", f"{ADDED}{POD_AUTOSCALER}"),
                example=4,
            ),
        ]
    ]
    """Target of autoscaling: requests in flight at each replica, those that wait included. The default target when `max` exceeds `min` and
    no other is given: most of what the server works on at once. Where answers are streamed it counts until they begin."""

    requests_per_second_per_replica: NotRequired[
        Annotated[
            float,
            Option(
                at_least=0.02,
                lands=(f"{TRACKING}.targetValue", f"{ADDED}{SCALED_OBJECT}", f"{ADDED}{POD_AUTOSCALER}"),
                example=25,
            ),
        ]
    ]
    """Target of autoscaling: requests each replica answers per second. The load balancer counts per minute; the conversion is done here. On Kubernetes
    with `serving: kserve-knative` only."""

    cpu_percent: NotRequired[
        Annotated[
            float,
            Option(
                at_least=1,
                at_most=100,
                lands=(f"{ADDED}{SCALING_POLICY}", f"{POD_AUTOSCALER}.spec.metrics"),
                example=55,
            ),
        ]
    ]
    """Target of autoscaling: average CPU use of the replicas, in percent. 60 when `max` exceeds `min`, no target is given,
    and answers are streamed."""

    memory_percent: NotRequired[
        Annotated[
            float,
            Option(
                at_least=1,
                at_most=100,
                lands=(f"{ADDED}{SCALING_POLICY}", f"{POD_AUTOSCALER}.spec.metrics"),
                example=70,
            ),
        ]
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

    metrics: NotRequired[
        Annotated[Mapping[Name, TrackedMetricOptions], Option(lands=ADDS_A_POLICY, example=METRICS_EXAMPLE)]
    ]
    """Further targets: any metrics of CloudWatch, under names of your own. None otherwise."""

    steps: NotRequired[Annotated[Mapping[Name, StepScalingOptions], Option(lands=ADDS_STEPS, example=STEPS_EXAMPLE)]]
    """Steps of your own by metrics of CloudWatch, under names of your own. None otherwise. Steps that remove replicas, too, take the place of
    a target; steps that only add stand beside one."""

    schedule: NotRequired[
        Annotated[
            Mapping[Name, ScheduleOptions],
            Option(
                lands=(
                    f"{ADDED}{SCHEDULED_ACTION}",
                    f"{SCALING_TARGET}.options.ignoreChanges",
                    f"{ADDED}{SCALED_OBJECT}",
                    f"{ADDED}{POD_AUTOSCALER}",
                ),
                example=SCHEDULE_EXAMPLE,
            ),
        ]
    ]
    """Points in time, under names of your own, from which other limits hold, within `min` and `max`. None otherwise. What it writes (`min`,
    `max` or both) it owns: an edit of that limit reaches AWS with the next point in time that does not state another."""

    p95_latency_ms: NotRequired[
        Annotated[
            float,
            Option(
                default_text="`slo.p95_latency_ms`",
                at_least=1,
                at_most=3_600_000,
                lands=(
                    f"{ADDED}{SCALING_POLICY}",
                    f"{ADDED}{ALARM}",
                    f"{ADDED}{SCALED_OBJECT}",
                    f"{ADDED}{POD_AUTOSCALER}",
                ),
                example=300,
            ),
        ]
    ]
    """Latency guard, in milliseconds: while 95 of 100 answers take longer than that, two minutes in a row, replicas are added, whatever the
    targets say. It never removes any. Without an objective there is none."""

    scale_out_cooldown: NotRequired[
        Annotated[
            Duration,
            Option(
                default_text="as long as a replica may take to start (`startup_budget`), and 3m to be seen",
                at_most=3600,
                lands=(f"{TRACKING}.scaleOutCooldown", f"{POD_AUTOSCALER}.spec.behavior"),
                example="2m",
            ),
        ]
    ]
    """How long autoscaling waits for the replicas that it added before it adds to them. A larger step is taken at once."""

    scale_in_cooldown: NotRequired[
        Annotated[
            Duration,
            Option(
                default="5m",
                at_most=3600,
                lands=(f"{TRACKING}.scaleInCooldown", f"{POD_AUTOSCALER}.spec.behavior"),
                example="10m",
            ),
        ]
    ]
    """How long autoscaling waits after removing replicas before it removes more. With `mode: async` also how long the queue is empty
    before the replicas above `min` go."""


def named(scaling: Any) -> list[str]:
    """The targets that a user named, and steps where they remove what they add."""
    both_ways = any(each.remove for each in (scaling.steps or {}).values())
    return [key for key in TARGETS if getattr(scaling, key)] + (["steps"] if both_ways else [])


def guard_ms(scaling: Any, slo: Any) -> float | None:
    """The limit of the latency guard in milliseconds; None where there is no guard."""
    if not varies(scaling):
        return None
    promised = slo.p95_latency_ms if slo is not None else None
    limit: float | None = promised if scaling.p95_latency_ms is None else scaling.p95_latency_ms
    return limit


def varies(scaling: Any) -> bool:
    """Whether the number of replicas may change."""
    return scaling.max is not None and scaling.max > scaling.min


@rule(ScalingOptions, "min", "max")
def max_is_not_below_min(scaling: Mapping[str, Any]) -> Iterable[Problem]:
    if scaling["max"] is not None and scaling["max"] < scaling["min"]:
        yield Problem(
            "max",
            f"this is less than `min`, which is {scaling['min']}",
            f"Write {scaling['min']} or more.",
            scaling["max"],
        )


@rule(ScalingOptions, "min", "max", *TARGETS, *_OTHERS)
def a_target_needs_room_to_scale(scaling: Mapping[str, Any]) -> Iterable[Problem]:
    highest = scaling["min"] if scaling["max"] is None else scaling["max"]
    for key in (*TARGETS, *_OTHERS):
        if scaling[key] is not None and highest == scaling["min"]:
            what = "a target has" if key in TARGETS else "this has"
            yield Problem(
                key,
                f"{what} no effect while `max` equals `min`",
                f"Write a `max` above {scaling['min']}.",
                NOTHING if isinstance(scaling[key], Mapping) else scaling[key],
            )


@rule(ScalingOptions, "min", "max", "schedule")
def a_schedule_stays_within_the_limits(scaling: Mapping[str, Any]) -> Iterable[Problem]:
    yield from problems_of_schedule(scaling["min"], scaling["max"], scaling["schedule"] or {})


@rule(ScalingOptions, *TARGETS, "steps")
def one_of_them_removes(scaling: Mapping[str, Any]) -> Iterable[Problem]:
    targets = [key for key in TARGETS if scaling[key] is not None]
    for name, each in (scaling["steps"] or {}).items():
        if targets and each.remove:
            reason = (
                f"`{targets[0]}` removes replicas when all targets agree, and this would remove those that they keep"
            )
            yield Problem(f"steps.{name}.remove", reason, "Remove it, or the targets.")
