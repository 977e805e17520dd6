"""The alarms that take a deployment back, beside ECS's own count of tasks that fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi_aws as aws
from pulumi import Input

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.metrics import NAMESPACE, dimensions, errors_and_requests
from modelinfra.platforms.ecs.objectives import told
from modelinfra.platforms.ecs.sizing import EcsSizing
from modelinfra.platforms.ecs.traffic import Traffic

PERIOD: Final = 60
"""In seconds."""


def register_alarms(
    request: EndpointRequest,
    balancer: LoadBalancerReference,
    traffic: Traffic,
    sizing: EcsSizing,
) -> Sequence[aws.cloudwatch.MetricAlarm]:
    """Errors that the server answers, and replicas that stay unhealthy longer than a start may take.

    Where traffic moves between two sets of replicas, each is watched by itself: of a small part of all requests, failed ones would be
    lost among the others.
    """
    return [
        alarm
        for prefix, target_group in traffic.sets.items()
        for alarm in _alarms(request, dimensions(balancer, target_group), sizing, prefix)
    ]


def error_alarm(
    request: EndpointRequest,
    suffix: str,
    description: str,
    counted: Sequence[aws.cloudwatch.MetricAlarmMetricQueryArgsDict],
    *,
    role: str,
) -> aws.cloudwatch.MetricAlarm:
    """The share of requests that are answered with 5xx, two minutes in a row. counted: `errors` and `requests`."""
    children = request.children
    return aws.cloudwatch.MetricAlarm(
        children.named(suffix, "alarm"),
        alarm_description=description,
        comparison_operator="GreaterThanThreshold",
        threshold=request.options.rollback.error_percent,
        evaluation_periods=2,
        treat_missing_data="notBreaching",
        metric_queries=[
            {
                "id": "share",
                "expression": "IF(requests > 0, 100 * errors / requests, 0)",
                "label": "5xx, percent",
                "return_data": True,
            },
            *counted,
        ],
        alarm_actions=told(request),
        ok_actions=told(request),
        opts=children.opts(role),
    )


def _alarms(
    request: EndpointRequest,
    counted: dict[str, Input[str]],
    sizing: EcsSizing,
    prefix: str,
) -> Sequence[aws.cloudwatch.MetricAlarm]:
    name, children = request.name, request.children
    errors = error_alarm(
        request,
        f"{prefix}target-5xx",
        f"Endpoint {name}: share of requests answered with 5xx, in percent",
        errors_and_requests(counted, PERIOD),
        role="error-alarm",
    )
    unhealthy = aws.cloudwatch.MetricAlarm(
        children.named(f"{prefix}unhealthy-hosts", "alarm"),
        alarm_description=f"Endpoint {name}: replicas unhealthy for longer than a start may take",
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        evaluation_periods=sizing.unhealthy_periods,
        period=PERIOD,
        namespace=NAMESPACE,
        metric_name="UnHealthyHostCount",
        statistic="Minimum",
        dimensions=counted,
        treat_missing_data="notBreaching",
        alarm_actions=told(request),
        ok_actions=told(request),
        opts=children.opts("unhealthy-alarm"),
    )
    return [errors, unhealthy]
