"""The alarms of a fleet's rings. They tell, and take nothing back: ECS does that where containers do not start or are not ready."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi_aws as aws
from pulumi import Input

from modelinfra.children import Children
from modelinfra.platforms.ecs.metrics import errors_and_requests
from modelinfra.platforms.edge.base import of_ring
from modelinfra.platforms.edge.planner import FleetPlan, PlannedRing
from modelinfra.platforms.edge.telemetry import NAMESPACE, dimensions, figures

_WINDOW: Final = 300
"""In seconds: five lines of each device."""

_QUARTER: Final = 3
"""Windows of a quarter of an hour: what passes by itself is no alarm."""


@dataclass(frozen=True)
class RingAlarm:
    """One kind. said: what is told, with a place for `most`. windows: one after the other. statistic: of `figure`; empty for its share in all
    answers."""

    kind: str
    most: float
    said: str
    figure: str
    statistic: str
    windows: int


def ring_alarms(plan: FleetPlan, ring: PlannedRing) -> list[RingAlarm]:
    """Those of a ring that are not switched off."""
    told = plan.options.alarms
    slow = patience_ms(plan, ring)
    alarms = (
        RingAlarm("handed-over", told.handed_over_percent, "the cloud answers more than {:g} % of the requests", "HandedOver", "", _QUARTER),
        RingAlarm("refused", told.refused_percent, "nobody answers more than {:g} % of the requests", "Refused", "", 1),
        RingAlarm("lost", told.lost, "more than {:g} requests that should go up to the cloud are gone", "Lost", "Sum", 1),
        RingAlarm("latency", slow / 1000, "p99 of answers takes longer than {:g} s", "AnswerSeconds", "p99", _QUARTER),
        RingAlarm("store", told.store_percent, "what waits for the cloud takes more than {:g} % of a device's room", "StoredPercent", "Maximum", 1),
        RingAlarm("temperature", told.temperature_celsius, "a device has more than {:g} degrees Celsius", "Temperature", "Maximum", _QUARTER),
    )  # fmt: skip
    there = figures(plan)
    return [each for each in alarms if each.kind not in told.off and each.figure in there]


def patience_ms(plan: FleetPlan, ring: PlannedRing) -> float:
    """The longest that 99 of 100 answers may take: left out, what the light model has for one."""
    said = plan.options.alarms.p99_latency_ms
    patience = plan.options.router.timeout or plan.revisions[ring.revision].served.longest_request_seconds
    return float(said if said is not None else 1000 * patience)


def register_alarms(children: Children, plan: FleetPlan) -> list[aws.cloudwatch.MetricAlarm]:
    """Of every ring. children: the fleet's. Made where somebody is told, or where somebody has said what is too much."""
    topic: Input[str] | None = plan.options.alarm_topic_arn
    if not plan.tells or (topic is None and not plan.options.alarms.model_fields_set):
        return []
    return [
        _registered(children, ring.name, each, None if topic is None else [topic])
        for ring in plan.rings
        for each in ring_alarms(plan, ring)
    ]


def _registered(
    children: Children, ring: str, alarm: RingAlarm, actions: Sequence[Input[str]] | None
) -> aws.cloudwatch.MetricAlarm:
    own = of_ring(children, ring)
    return aws.cloudwatch.MetricAlarm(
        own.named(alarm.kind, "alarm"),
        alarm_description=f"Fleet {children.name}, ring {ring}: {alarm.said.format(alarm.most)}",
        comparison_operator="GreaterThanThreshold",
        threshold=alarm.most,
        evaluation_periods=alarm.windows,
        # A ring without devices, or whose devices are all offline, tells nothing; that they are silent is told elsewhere.
        treat_missing_data="notBreaching",
        alarm_actions=actions,
        ok_actions=actions,
        opts=own.opts(f"{alarm.kind}-alarm"),
        **_looked_at(alarm, dimensions(children, ring)),
    )


def _looked_at(alarm: RingAlarm, of: Mapping[str, str]) -> dict[str, Any]:
    if not alarm.statistic:
        share: aws.cloudwatch.MetricAlarmMetricQueryArgsDict = {
            "id": "share",
            "expression": "IF(requests > 0, 100 * errors / requests, 0)",
            "label": f"{alarm.kind}, percent",
            "return_data": True,
        }
        asked = errors_and_requests(of, _WINDOW, namespace=NAMESPACE, errors=alarm.figure, requests="Answers")
        return {"metric_queries": [share, *asked]}
    one: dict[str, Any] = {
        "namespace": NAMESPACE,
        "metric_name": alarm.figure,
        "dimensions": dict(of),
        "period": _WINDOW,
    }
    if alarm.statistic.startswith("p"):
        # Of a handful of requests the slowest is no percentile.
        return one | {"extended_statistic": alarm.statistic, "evaluate_low_sample_count_percentiles": "ignore"}
    return one | {"statistic": alarm.statistic}
