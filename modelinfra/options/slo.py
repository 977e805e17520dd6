"""What an endpoint promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, NotRequired, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import ALARM, COMPOSITE_ALARM, DASHBOARD_BODY, GRAPHS_OF_GRAFANA, RULES, STEPS, TRIGGERS
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Duration

_LATENCY = Option(
    at_least=1,
    at_most=3_600_000,
    lands=(f"{ALARM}.threshold", f"{ALARM}.alarmDescription", DASHBOARD_BODY, RULES, GRAPHS_OF_GRAFANA),
)


class SloOptions(TypedDict):
    """Service level objectives. Each becomes alarms; none of them takes a deployment back, `rollback` does."""

    availability: NotRequired[
        Annotated[
            float,
            Option(
                at_least=90,
                at_most=99.99,
                lands=(
                    f"{ALARM}.metricQueries",
                    f"{ALARM}.alarmDescription",
                    f"{COMPOSITE_ALARM}.alarmDescription",
                    RULES,
                ),
                example=99.5,
            ),
        ]
    ]
    """Share of requests, in percent, that are not answered with 5xx, over 30 days. Told when errors use what is left of it up too fast: 14.4
    times faster than it lasts, for an hour and still now, or 6 times faster for six hours. Left out, it is not watched."""

    p95_latency_ms: NotRequired[
        Annotated[float, replace(_LATENCY, lands=(*_LATENCY.lands, f"{STEPS}.stepAdjustments", TRIGGERS), example=150)]
    ]
    """Within so many milliseconds 95 of 100 requests are answered; while they are not, replicas are added up to `scaling.max`. Left out, it is
    not watched."""

    p99_latency_ms: NotRequired[Annotated[float, replace(_LATENCY, example=400)]]
    """Within so many milliseconds 99 of 100 requests are answered. Left out, it is not watched."""

    oldest_message: NotRequired[
        Annotated[
            Duration,
            Option(
                at_least=60,
                at_most=14 * 86400,
                lands=(f"{ALARM}.threshold", f"{ALARM}.alarmDescription", DASHBOARD_BODY),
                example="1h",
            ),
        ]
    ]
    """How long a message of an asynchronous endpoint waits at the most. Left out, it is not watched."""


@rule(SloOptions, "availability", "p95_latency_ms", "p99_latency_ms", "oldest_message")
def objectives_are_ones(slo: Mapping[str, Any]) -> Iterable[Problem]:
    if all(value is None for value in slo.values()):
        yield Problem("", "nothing is promised here", "Write for example `availability`: 99.9.")
    p95, p99 = slo["p95_latency_ms"], slo["p99_latency_ms"]
    if p95 is not None and p99 is not None and p99 < p95:
        yield Problem(
            "p99_latency_ms", f"this is less than `p95_latency_ms`, which is {p95:g}", f"Write {p95:g} or more.", p99
        )
