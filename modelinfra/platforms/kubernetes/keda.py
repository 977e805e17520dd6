"""A ScaledObject of KEDA: what Prometheus, and what the calendar says of the number of replicas. Pure data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelinfra.platforms.kubernetes.autoscaling import Autoscaling, behavior, target
from modelinfra.platforms.kubernetes.measured import Measured, Source
from modelinfra.platforms.kubernetes.promql import counted_per_second, quantile, steady

_POLL_SECONDS = 15
_FAILED_POLLS = 4

_WINDOW = "3m"
"""Over which requests are counted: enough for a Prometheus that asks once a minute."""

# As on ECS (scaling_plan): a quarter above the limit, half above twice the limit, two minutes in a row.
_STEP = 0.25
_SLOW_FOR = "2m"

# And as there, a step waits until the replicas of the one before serve, and three minutes have seen them.
_STEADY_FOR = "3m"


def scaled_object(deployment: str, plan: Autoscaling, measured: Measured, scope: str) -> dict[str, Any]:
    """scope: matchers of what the server itself tells."""
    spec: dict[str, Any] = {
        "scaleTargetRef": target(deployment),
        "minReplicaCount": plan.least,
        "maxReplicaCount": plan.most,
        "pollingInterval": _POLL_SECONDS,
    }
    if plan.in_flight is not None or plan.per_second is not None:
        # Where Prometheus is silent, as many replicas stay as there are.
        spec["fallback"] = {
            "failureThreshold": _FAILED_POLLS,
            "replicas": plan.least,
            "behavior": "currentReplicasIfHigher",
        }
    return {
        **spec,
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior(plan)}},
        "triggers": [*_asked(plan, measured, scope), *_used(plan), *_timed(plan)],
    }


def in_flight(metrics: tuple[str, ...], scope: str) -> str:
    """PromQL: what waits and what is worked on, at all replicas together."""
    return " + ".join(f"sum({metric}{{{scope}}})" for metric in metrics)


def added(measured: Measured, source: Source, most_ms: float) -> str:
    """PromQL: how many times the replicas of now there should be while answers take too long; 0 where they do not.

    It asks for more only when all replicas of the step before serve, and until then for those that there are.
    """
    limit = most_ms / 1000 * source.unit
    p95 = quantile(source, 0.95)
    slow, very = (f"min_over_time(({p95} > bool {times * limit:g})[{_SLOW_FOR}:1m])" for times in (1, 2))
    step = f"{steady(measured, _STEADY_FOR)} * ({_STEP} + {_STEP} * {very})"
    return f"({slow} * (1 + {step})) or vector(0)"


def _asked(plan: Autoscaling, measured: Measured, scope: str) -> Iterator[dict[str, Any]]:
    if plan.in_flight is not None:
        yield _prometheus(plan, "in-flight", in_flight(plan.metrics, scope), f"{plan.in_flight:g}")
    if plan.per_second is not None:
        assert measured.requests is not None, "refused otherwise"
        question = counted_per_second(measured.requests, _WINDOW)
        yield _prometheus(plan, "requests-per-second", question, f"{plan.per_second:g}")
    if plan.guard_ms is not None:
        assert measured.latency is not None, "refused otherwise"
        yield _prometheus(plan, "p95", added(measured, measured.latency, plan.guard_ms), "1", each=False)


def _used(plan: Autoscaling) -> Iterator[dict[str, Any]]:
    for kind, percent in (("cpu", plan.cpu_percent), ("memory", plan.memory_percent)):
        if percent is not None:
            yield {"type": kind, "metricType": "Utilization", "metadata": {"value": f"{round(percent)}"}}


def _timed(plan: Autoscaling) -> Iterator[dict[str, Any]]:
    for stretch in plan.stretches:
        times = {"timezone": stretch.timezone, "start": stretch.start, "end": stretch.end}
        yield {"type": "cron", "metadata": {**times, "desiredReplicas": str(stretch.least)}}


def _prometheus(plan: Autoscaling, name: str, query: str, threshold: str, *, each: bool = True) -> dict[str, Any]:
    """each: whether the threshold is of each replica; else of the number of them, as a factor."""
    return {
        "type": "prometheus",
        "name": name,
        "metricType": "AverageValue" if each else "Value",
        "metadata": {
            "serverAddress": plan.prometheus_url,
            "query": query,
            "threshold": threshold,
            # An answer without a value is a failure: else a Prometheus that scrapes nothing would look like no requests.
            "ignoreNullValues": "false",
        },
    }
