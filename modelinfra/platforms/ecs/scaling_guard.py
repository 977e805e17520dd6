"""The latency guard: while answers take too long there are more replicas, whatever the targets say."""

from __future__ import annotations

import pulumi_aws as aws

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.metrics import NAMESPACE, dimensions
from modelinfra.platforms.ecs.scaling_plan import GUARD_MINUTES, GUARD_PERCENT, GUARD_PERCENT_ABOVE_TWICE, Guard
from modelinfra.platforms.ecs.traffic import Traffic


def register_guard(
    request: EndpointRequest,
    target: aws.appautoscaling.Target,
    balancer: LoadBalancerReference,
    traffic: Traffic,
    guard: Guard,
) -> None:
    """A policy that adds and never removes: what is too much the targets take away when it is quiet. Each set of replicas has its alarm."""
    children, limit = request.children, guard.p95_ms / 1000
    policy = aws.appautoscaling.Policy(
        children.named("latency-guard", "scaling policy"),
        policy_type="StepScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        step_scaling_policy_configuration={
            "adjustment_type": "PercentChangeInCapacity",
            "min_adjustment_magnitude": 1,
            "metric_aggregation_type": "Average",
            "cooldown": guard.cooldown,
            # Counted from the alarm's threshold.
            "step_adjustments": [
                {
                    "metric_interval_lower_bound": "0",
                    "metric_interval_upper_bound": f"{limit:g}",
                    "scaling_adjustment": GUARD_PERCENT,
                },
                {"metric_interval_lower_bound": f"{limit:g}", "scaling_adjustment": GUARD_PERCENT_ABOVE_TWICE},
            ],
        },
        opts=children.opts("latency-guard"),
    )
    for prefix, group in traffic.sets.items():
        aws.cloudwatch.MetricAlarm(
            children.named(f"{prefix}latency-guard", "alarm"),
            alarm_description=f"Endpoint {request.name}: replicas are added while p95 of answers takes longer than {guard.p95_ms:g} ms",
            namespace=NAMESPACE,
            metric_name="TargetResponseTime",
            extended_statistic="p95",
            dimensions=dimensions(balancer, group),
            period=60,
            comparison_operator="GreaterThanThreshold",
            threshold=limit,
            evaluation_periods=GUARD_MINUTES,
            # An alarm that would keep its state while requests are few would go on adding replicas to an endpoint that is quiet again.
            evaluate_low_sample_count_percentiles="evaluate",
            treat_missing_data="notBreaching",
            alarm_actions=[policy.arn],
            opts=children.opts("latency-guard-alarm"),
        )
