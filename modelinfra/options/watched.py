"""How an endpoint is watched: what it promises, who is told, what is to be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.arns import TOPIC_ARN
from modelinfra.options.capture import CaptureOptions
from modelinfra.options.declare import Option
from modelinfra.options.landing import (
    ADDED,
    ALARM,
    CAPTURED,
    COLLECTOR,
    COMPOSITE_ALARM,
    CONTAINER,
    DASHBOARD,
    DASHBOARD_BODY,
    DASHBOARD_OF_GRAFANA,
    EVENT_RULE,
    EVENT_TARGET,
    GRAPHS_OF_GRAFANA,
    IMAGE,
    RULES,
    TASK_POLICY,
)  # fmt: skip
from modelinfra.options.slo import SloOptions
from modelinfra.options.telemetry import METRICS, CollectorOptions, MetricsOptions, TracingOptions


class WatchedOptions(TypedDict):
    """What is seen of an endpoint."""

    slo: NotRequired[
        Annotated[
            SloOptions,
            Option(
                lands=(f"{ADDED}{ALARM}", f"{ADDED}{COMPOSITE_ALARM}", DASHBOARD_BODY, RULES, GRAPHS_OF_GRAFANA),
                example={"availability": 99.9, "p99_latency_ms": 500},
            ),
        ]
    ]
    """What the endpoint promises. Left out, nothing is watched but deployments, and that a replica serves at all where `alarm_topic_arn` is."""

    alarm_topic_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                TOPIC_ARN,
                lands=(
                    f"{ALARM}.alarmActions",
                    f"{ALARM}.okActions",
                    f"{ADDED}{ALARM}",
                    f"{ADDED}{EVENT_RULE}",
                    f"{ADDED}{EVENT_TARGET}",
                    DASHBOARD_BODY,
                ),
                example=TOPIC_ARN.pattern_example,
            ),
        ]
    ]
    """SNS topic to which alarms, and deployments that fail, are told; in an environment that of `notify`. None otherwise."""

    dashboard: NotRequired[
        Annotated[
            bool, Option(default=True, lands=(f"{ADDED}{DASHBOARD}", f"{ADDED}{DASHBOARD_OF_GRAFANA}"), example=False)
        ]
    ]
    """Whether the endpoint has a dashboard: requests, errors, times, replicas, saturation, alarms. It costs $3 a month beyond an account's
    first three."""

    metrics: NotRequired[Annotated[MetricsOptions, METRICS]]
    """The server's own metrics in CloudWatch. None otherwise: those of the load balancer and of ECS tell nothing of its queue."""

    tracing: NotRequired[
        Annotated[
            TracingOptions,
            Option(
                lands=(
                    COLLECTOR,
                    f"{CONTAINER}.environment",
                    f"{IMAGE}.dockerfile.inline",
                    f"{IMAGE}.tags[0]",
                    f"{ADDED}{TASK_POLICY}",
                ),
                example={"to": "xray"},
            ),
        ]
    ]
    """Traces of requests. None otherwise."""

    collector: NotRequired[Annotated[CollectorOptions, Option(default={})]]
    """The container that passes `metrics` and `tracing` on."""

    capture: NotRequired[Annotated[CaptureOptions, Option(lands=CAPTURED, example={"memory": "2GiB"})]]
    """A sample of predictions, kept in S3 for retraining. None otherwise."""
