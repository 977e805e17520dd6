"""The alarms of one revision as rules of Prometheus: the same names as ECS gives its alarms, and the same meaning. Pure data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.platforms.burns import BURNS, Burn
from modelinfra.platforms.kubernetes.measured import Measured, Source
from modelinfra.platforms.kubernetes.promql import answered, available, quantile, share_of_errors

CRITICAL: Final = "critical"
WARNING: Final = "warning"
"""Severities as the rules of kube-prometheus have them: somebody is called; somebody looks at it today."""

# KServe's Deployments (progressDeadlineSeconds, which cannot be set); the controller of Deployments then says Progressing: False.
_PROGRESS_SECONDS: Final = 600

# Latency is told when it is too high in three of five minutes: one slow minute is no pattern.
_OF_MINUTES: Final = 3

# "Percentile-based alarms and low data samples" of CloudWatch: fewer than ten requests beyond the percentile say nothing.
BEYOND: Final = 10

_PERCENTILES: Final = {"p95": 0.95, "p99": 0.99}


@dataclass(frozen=True)
class Alarm:
    """name: after the endpoint's. seconds: for how long the question is answered. remedy: what to do."""

    name: str
    question: str
    seconds: int
    severity: str
    summary: str
    remedy: str


def alarms(measured: Measured, options: Any, startup: int) -> tuple[Alarm, ...]:
    """All alarms of a revision. options: the endpoint's. startup: seconds that a replica may take."""
    return (
        *_errors(measured, options),
        _unhealthy(measured, startup),
        *_objectives(measured, options.slo),
        Alarm(
            "no-replica",
            f"{available(measured)} < 1",
            180,
            CRITICAL,
            "no replica serves, or nothing says so",
            "Look for capacity, image and network: kubectl describe the pods. Without kube-state-metrics it is told, too.",
        ),
        Alarm(
            "deployment",
            f'max(kube_deployment_status_condition{{{measured.deployment},condition="Progressing",status="false"}}) == 1',
            max(0, startup - _PROGRESS_SECONDS) + 60,
            WARNING,
            "a deployment does not come to an end; the replicas before it serve on",
            "Read the log of the new replicas, or take the last change back.",
        ),
    )


def rule(given: Mapping[str, str], name: str, found: tuple[Alarm, ...], named: Callable[[str], str]) -> dict[str, Any]:
    """Spec of a PrometheusRule. given: labels of each alarm beside its own; the endpoint's name among them. named: an alarm's whole name."""
    return {"groups": [group(name, found, given, f"Endpoint {given['endpoint']}", named)]}


def group(
    name: str, found: tuple[Alarm, ...], given: Mapping[str, str], subject: str, named: Callable[[str], str]
) -> dict[str, Any]:
    """A group of a PrometheusRule. subject: whose alarms these are, in words."""
    return {
        "name": name,
        # Minute by minute, as alarms of CloudWatch are.
        "interval": "1m",
        "rules": [
            {
                "alert": named(each.name),
                "expr": each.question,
                "for": f"{each.seconds}s",
                "labels": {**given, "severity": each.severity},
                "annotations": {"summary": f"{subject}: {each.summary}", "description": each.remedy},
            }
            for each in found
        ],
    }


def _errors(measured: Measured, options: Any) -> Iterator[Alarm]:
    source = measured.errors
    if source is None:
        return
    percent = options.rollback.error_percent
    yield Alarm(
        "target-5xx",
        f"100 * {share_of_errors(source, '1m')} > {percent:g}",
        60,
        CRITICAL,
        f"more than {percent:g} % of the requests were answered with 5xx, two minutes in a row",
        "Read the log, or take the last change back.",
    )


def _unhealthy(measured: Measured, startup: int) -> Alarm:
    ready = f'max by (pod) (kube_pod_status_ready{{{measured.pods},condition="true"}}) == 0'
    running = f'max by (pod) (kube_pod_status_phase{{{measured.pods},phase="Running"}}) == 1'
    return Alarm(
        "unhealthy-hosts",
        f"({ready}) and on (pod) ({running})",
        60 * (math.ceil(startup / 60) + 2),
        WARNING,
        "replica {{ $labels.pod }} is unhealthy for longer than a start may take",
        "Read its log: memory, the model's place.",
    )


def _objectives(measured: Measured, slo: Any) -> Iterator[Alarm]:
    if slo is None:
        return
    for percentile, most in (("p95", slo.p95_latency_ms), ("p99", slo.p99_latency_ms)):
        if most is not None and measured.latency is not None:
            yield _slow(measured.latency, percentile, most)
    if slo.availability is not None and measured.errors is not None:
        for burn in BURNS:
            yield _burning(measured.errors, slo.availability, burn)


def _slow(source: Source, percentile: str, most: float) -> Alarm:
    share = _PERCENTILES[percentile]
    slow = f"{quantile(source, share)} > {most / 1000 * source.unit:g}"
    enough = f"{answered(source, '5m')} >= {round(BEYOND / (1 - share))}"
    return Alarm(
        percentile,
        f"(count_over_time(({slow})[5m:1m]) >= {_OF_MINUTES}) and ({enough})",
        0,
        WARNING,
        f"{percentile} of answers takes longer than {most:g} ms",
        "More replicas, or a smaller target of autoscaling.",
    )


def _burning(source: Source, promised: float, burn: Burn) -> Alarm:
    most = burn.factor * (100 - promised) / 100
    windows = [f"({share_of_errors(source, f'{seconds // 60}m')} > {most:.6g})" for seconds in (burn.long, burn.short)]
    return Alarm(
        f"availability-{burn.name}",
        " and ".join(windows),
        0,
        CRITICAL if burn.name == "fast" else WARNING,
        f"errors use up what is left of {promised:g} % availability {burn.factor:g} times faster than it lasts",
        "Now: a whole month's errors are gone in two days." if burn.name == "fast" else "Today.",
    )
