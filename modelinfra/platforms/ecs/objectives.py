"""Alarms of what an endpoint promises, and whoever is told of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.burns import BURNS, Burn
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.metrics import NAMESPACE, dimensions, errors_and_requests
from modelinfra.platforms.ecs.traffic import Traffic

if TYPE_CHECKING:
    Alarm = aws.cloudwatch.MetricAlarm | aws.cloudwatch.CompositeAlarm

_MINUTE: Final = 60


# Latency is told when it is too high in three of five minutes: one slow minute is no pattern.
_OF_MINUTES, _MINUTES = 3, 5


def told(request: EndpointRequest) -> list[Input[str]] | None:
    """Actions of an alarm; None where nobody is told."""
    topic: Input[str] | None = request.options.alarm_topic_arn
    return None if topic is None else [topic]


def register_objectives(
    request: EndpointRequest, balancer: LoadBalancerReference, traffic: Traffic, service: aws.ecs.Service
) -> list[Alarm]:
    """One set of alarms for each set of replicas, and the rule that tells of deployments that fail. Answers those that speak for themselves."""
    alarms: list[Alarm] = []
    sets = {prefix: dimensions(balancer, group) for prefix, group in traffic.sets.items()}
    if request.options.slo is not None:
        for prefix, counted in sets.items():
            alarms += _latency(request, counted, prefix)
            alarms += _availability(request, counted, prefix)
    if told(request) is not None:
        alarms += _no_replica(request, sets)
    register_deployment_watch(request, service)
    return alarms


def _latency(request: EndpointRequest, counted: dict[str, Input[str]], prefix: str) -> Iterator[Alarm]:
    slo, children = request.options.slo, request.children
    for percentile, most in (("p95", slo.p95_latency_ms), ("p99", slo.p99_latency_ms)):
        if most is None:
            continue
        yield aws.cloudwatch.MetricAlarm(
            children.named(f"{prefix}{percentile}", "alarm"),
            alarm_description=f"Endpoint {request.name}: {percentile} of answers takes longer than {most:g} ms",
            namespace=NAMESPACE,
            metric_name="TargetResponseTime",
            extended_statistic=percentile,
            dimensions=counted,
            period=_MINUTE,
            comparison_operator="GreaterThanThreshold",
            threshold=most / 1000,
            evaluation_periods=_MINUTES,
            datapoints_to_alarm=_OF_MINUTES,
            # Of a handful of requests the slowest is no percentile.
            evaluate_low_sample_count_percentiles="ignore",
            treat_missing_data="notBreaching",
            alarm_actions=told(request),
            ok_actions=told(request),
            opts=children.opts("latency-alarm"),
        )


def _availability(request: EndpointRequest, counted: dict[str, Input[str]], prefix: str) -> Iterator[Alarm]:
    promised, children = request.options.slo.availability, request.children
    if promised is None:
        return
    for burn in BURNS:
        windows = [_burning(request, counted, prefix, burn, seconds) for seconds in (burn.long, burn.short)]
        yield aws.cloudwatch.CompositeAlarm(
            children.named(f"{prefix}availability-{burn.name}", "alarm"),
            alarm_name=children.unique(f"{prefix}availability-{burn.name}", "alarm"),
            alarm_description=(
                f"Endpoint {request.name}: errors use up what is left of {promised:g} % availability {burn.factor:g} times faster than it lasts"
            ),
            alarm_rule=_all_of(windows),
            alarm_actions=told(request),
            ok_actions=told(request),
            opts=children.opts("availability-alarm"),
        )


def _burning(
    request: EndpointRequest, counted: dict[str, Input[str]], prefix: str, burn: Burn, seconds: int
) -> aws.cloudwatch.MetricAlarm:
    """One window of it. It acts on nothing itself."""
    promised = request.options.slo.availability
    budget = 100 - promised

    return aws.cloudwatch.MetricAlarm(
        request.children.named(f"{prefix}burn-{burn.name}-{seconds // _MINUTE}m", "alarm"),
        alarm_description=(
            f"Endpoint {request.name}: how many times faster than {promised:g} % availability allows, over {seconds // _MINUTE} minutes"
        ),
        comparison_operator="GreaterThanThreshold",
        threshold=burn.factor,
        evaluation_periods=1,
        treat_missing_data="notBreaching",
        metric_queries=[
            {
                "id": "burn",
                "expression": f"IF(requests > 0, 100 * errors / requests / {budget:.4g}, 0)",
                "label": "times faster than allowed",
                "return_data": True,
            },
            *errors_and_requests(counted, seconds),
        ],
        opts=request.children.opts("burn-alarm"),
    )


def _no_replica(request: EndpointRequest, sets: Mapping[str, dict[str, Input[str]]]) -> Sequence[Alarm]:
    """Where traffic moves between two sets of replicas one of them is empty, and only both are trouble."""
    children = request.children
    actions = told(request) if len(sets) == 1 else None
    alarms = [
        aws.cloudwatch.MetricAlarm(
            children.named(f"{prefix}no-replica", "alarm"),
            alarm_description=f"Endpoint {request.name}: no replica serves",
            namespace=NAMESPACE,
            metric_name="HealthyHostCount",
            statistic="Maximum",
            dimensions=counted,
            period=_MINUTE,
            comparison_operator="LessThanThreshold",
            threshold=1,
            evaluation_periods=3,
            # A target group without targets has no such metric.
            treat_missing_data="breaching",
            alarm_actions=actions,
            ok_actions=actions,
            opts=children.opts("no-replica-alarm"),
        )
        for prefix, counted in sets.items()
    ]
    if len(alarms) == 1:
        return alarms
    both = aws.cloudwatch.CompositeAlarm(
        children.named("no-replicas", "alarm"),
        alarm_name=children.unique("no-replicas", "alarm"),
        alarm_description=f"Endpoint {request.name}: no replica serves",
        alarm_rule=_all_of(alarms),
        alarm_actions=told(request),
        ok_actions=told(request),
        opts=children.opts("no-replicas-alarm"),
    )
    return [both]


def register_deployment_watch(request: EndpointRequest, service: aws.ecs.Service) -> None:
    """Whoever is told of alarms hears of deployments that fail (ECS developer guide, "Amazon ECS service deployment state change events")."""
    topic = request.options.alarm_topic_arn
    if topic is None:
        return
    rule = aws.cloudwatch.EventRule(
        request.children.named("deployment", "event rule"),
        description=f"Endpoint {request.name}: deployments that fail",
        event_pattern=service.id.apply(lambda arn: failed_deployments([arn])),
        opts=request.children.opts("deployment-rule"),
    )
    aws.cloudwatch.EventTarget(
        request.children.named("deployment"),
        rule=rule.name,
        arn=topic,
        opts=request.children.opts("deployment-target"),
    )


def failed_deployments(service_arns: Sequence[str]) -> str:
    """The events of deployments of these services that fail."""
    return json.dumps(
        {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Deployment State Change"],
            "resources": sorted(service_arns),
            "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
        }
    )


def _all_of(alarms: Sequence[aws.cloudwatch.MetricAlarm]) -> Output[str]:
    return Output.all(*(each.name for each in alarms)).apply(
        lambda names: " AND ".join(f'ALARM("{name}")' for name in names)
    )
