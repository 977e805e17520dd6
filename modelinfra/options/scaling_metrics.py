"""Metrics of CloudWatch that replicas follow: towards a target, or in steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict

from pulumi import Input

from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import ADDED, ALARM, SCALING_POLICY, STEPS, TRACKING
from modelinfra.options.problems import Problem

Statistic = Literal["Average", "Maximum", "Minimum", "Sum", "SampleCount"]

# CloudWatch API, Metric: 255 characters, and a namespace of one's own begins with no colon.
_WORD = Option(
    pattern=r"[^:\s][^\x00-\x1f]{0,254}", pattern_text="a name of 255 characters at most, without a colon before it"
)
_IN_TRACKING = f"{TRACKING}.customizedMetricSpecification"


class TrackedMetricOptions(TypedDict):
    """A metric that autoscaling holds at a target. It must fall in proportion when replicas are added."""

    namespace: Required[
        Annotated[str, replace(_WORD, pattern_example="Acme/Chat", lands=(_IN_TRACKING,), example="Acme/Other")]
    ]
    """Write where CloudWatch keeps the metric, for example Acme/Chat or AWS/SQS."""

    name: Required[
        Annotated[str, replace(_WORD, pattern_example="QueuedRequests", lands=(_IN_TRACKING,), example="Waiting")]
    ]
    """Write what CloudWatch calls the metric, for example QueuedRequests."""

    dimensions: NotRequired[
        Annotated[Mapping[str, Input[str]], Option(lands=(_IN_TRACKING,), example={"Service": "other"})]
    ]
    """Dimensions of the metric, all that it is reported with: with fewer CloudWatch finds nothing. None otherwise."""

    statistic: NotRequired[Annotated[Statistic, Option(default="Average", lands=(_IN_TRACKING,), example="Maximum")]]
    """What is made of the values of a minute."""

    target: NotRequired[Annotated[float, Option(at_least=0.0001, lands=(f"{TRACKING}.targetValue",), example=7)]]
    """Target for the metric as it is: an average over replicas, or a share. Left out, `target_per_replica` says it."""

    target_per_replica: NotRequired[
        Annotated[
            float,
            Option(at_least=0.0001, lands=(f"{TRACKING}.targetValue",), example=3),
        ]
    ]
    """Target for the metric over the number of running replicas: for a total, such as the length of one queue. Container Insights of the
    platform counts them (`container_insights`). Left out, `target` says it."""


class AddStepOptions(TypedDict):
    """Replicas that are added above a value."""

    above: Required[float]
    """Write the value of the metric above which it counts."""

    replicas: Required[Annotated[int, Option(at_least=1, at_most=1000)]]
    """Write how many are added."""


class RemoveStepOptions(TypedDict):
    """Replicas that are removed below a value."""

    below: Required[float]
    """Write the value of the metric below which it counts."""

    replicas: Required[Annotated[int, Option(at_least=1, at_most=1000)]]
    """Write how many are removed."""


class StepScalingOptions(TypedDict):
    """A metric by which replicas are added, or removed, in steps that you state."""

    namespace: Required[
        Annotated[str, replace(_WORD, pattern_example="Acme/Chat", lands=(f"{ALARM}.namespace",), example="Acme/Other")]
    ]
    """Write where CloudWatch keeps the metric, for example Acme/Chat or AWS/SQS."""

    name: Required[
        Annotated[
            str,
            replace(
                _WORD,
                pattern_example="QueuedRequests",
                lands=(f"{ALARM}.metricName", f"{ALARM}.alarmDescription"),
                example="Waiting",
            ),
        ]
    ]
    """Write what CloudWatch calls the metric, for example QueuedRequests."""

    dimensions: NotRequired[
        Annotated[Mapping[str, Input[str]], Option(lands=(f"{ALARM}.dimensions",), example={"Service": "other"})]
    ]
    """Dimensions of the metric, all that it is reported with: with fewer CloudWatch finds nothing. None otherwise."""

    statistic: NotRequired[
        Annotated[
            Statistic,
            Option(
                default="Average", lands=(f"{ALARM}.statistic", f"{STEPS}.metricAggregationType"), example="Maximum"
            ),
        ]
    ]
    """What is made of the values of a minute."""

    minutes: NotRequired[
        Annotated[int, Option(default=2, at_least=1, at_most=60, lands=(f"{ALARM}.evaluationPeriods",), example=5)]
    ]
    """How many minutes in a row it must be above, or below."""

    add: NotRequired[
        Annotated[
            Sequence[AddStepOptions],
            Option(
                at_least=1,
                at_most=20,
                lands=(f"{STEPS}.stepAdjustments", f"{ALARM}.threshold", f"{ALARM}.alarmDescription"),
                example=[{"above": 20, "replicas": 3}],
            ),
        ]
    ]
    """Steps upwards; the highest that it is above counts. None otherwise."""

    remove: NotRequired[
        Annotated[
            Sequence[RemoveStepOptions],
            Option(
                at_least=1,
                at_most=20,
                lands=(f"{STEPS}.stepAdjustments", f"{ALARM}.threshold", f"{ALARM}.alarmDescription"),
                example=[{"below": 2, "replicas": 2}],
            ),
        ]
    ]
    """Steps downwards; the lowest that it is below counts. Not beside a target, which removes replicas by itself. None otherwise."""


METRICS_EXAMPLE = {"waiting": {"namespace": "Acme/Chat", "name": "Waiting", "target": 5}}
STEPS_EXAMPLE = {"rush": {"namespace": "Acme/Chat", "name": "Waiting", "add": [{"above": 10, "replicas": 2}]}}
ADDS_A_POLICY = (f"{ADDED}{SCALING_POLICY}",)
ADDS_STEPS = (f"{ADDED}{SCALING_POLICY}", f"{ADDED}{ALARM}")


@rule(TrackedMetricOptions, "target", "target_per_replica")
def one_target_is_stated(metric: Mapping[str, Any]) -> Iterable[Problem]:
    target, each = metric["target"], metric["target_per_replica"]
    if target is None and each is None:
        yield Problem("target", "nothing says where the metric is to be held", "Write it, or `target_per_replica`.")
    if target is not None and each is not None:
        reason = "`target` says already where the metric is to be held"
        yield Problem("target_per_replica", reason, "Remove one of the two.", each)


@rule(StepScalingOptions, "add", "remove")
def steps_lead_somewhere(steps: Mapping[str, Any]) -> Iterable[Problem]:
    add, remove = steps["add"], steps["remove"]
    if not add and not remove:
        yield Problem("add", "nothing is added or removed here", "Write it, or `remove`.")
    for key, word, each in (("add", "above", add or ()), ("remove", "below", remove or ())):
        values = [getattr(step, word) for step in each]
        for index, value in enumerate(values):
            if value in values[:index]:
                yield Problem(f"{key}[{index}].{word}", "another step begins there", "Write another value.", value)
    if add and remove:
        lowest, highest = min(step.above for step in add), max(step.below for step in remove)
        if highest > lowest:
            reason = f"replicas are added above {lowest:g} already: what is between would be added and removed at once"
            yield Problem("remove", reason, f"Write `below` {lowest:g} or less.", highest)
