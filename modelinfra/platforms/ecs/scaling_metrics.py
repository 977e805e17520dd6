"""Metrics of CloudWatch that a user names: held at a target, or followed in steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi_aws as aws
from pulumi import Output

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.scaling_plan import ScalingPlan

if TYPE_CHECKING:
    _Tracking = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict
    _Query = (
        aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgsDict
    )
    _Adjustment = aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgsDict

_PERIOD: Final = 60

# What Application Auto Scaling can aggregate; the alarm has done it already.
_AGGREGATIONS: Final = {"Minimum": "Minimum", "Maximum": "Maximum"}


def tracked(metric: Any, cluster_name: Output[str], service_name: Output[str]) -> _Tracking:
    """The metric as it is, or over the number of running replicas that Container Insights counts."""
    if metric.target is not None:
        return {
            "target_value": metric.target,
            "customized_metric_specification": {
                "namespace": metric.namespace,
                "metric_name": metric.name,
                "statistic": metric.statistic,
                "dimensions": _dimensions(metric.dimensions or {}),
            },
        }
    ratio: _Query = {
        "id": "each",
        "expression": "total / replicas",
        "label": f"{metric.name} per replica",
        "return_data": True,
    }
    counted = {"ClusterName": cluster_name, "ServiceName": service_name}
    return {
        "target_value": metric.target_per_replica,
        "customized_metric_specification": {
            "metrics": [
                ratio,
                query("total", metric.namespace, metric.name, metric.statistic, metric.dimensions or {}),
                query("replicas", "ECS/ContainerInsights", "RunningTaskCount", "Average", counted),
            ]
        },
    }


def query(id_: str, namespace: str, name: str, statistic: str, dimensions: Any) -> _Query:
    """A metric within an expression."""
    return {
        "id": id_,
        "metric_stat": {
            "metric": {"namespace": namespace, "metric_name": name, "dimensions": _dimensions(dimensions)},
            "stat": statistic,
        },
        "return_data": False,
    }


def register_steps(request: EndpointRequest, target: aws.appautoscaling.Target, plan: ScalingPlan) -> None:
    """A policy and its alarm for each direction of each metric."""
    for name, metric in plan.steps.items():
        for direction in _directions(name, metric, plan):
            _register(request, target, metric, direction)


@dataclass(frozen=True)
class _Direction:
    """suffix: of names. threshold: at which the first step begins. adjustments: counted from it."""

    suffix: str
    comparison: str
    threshold: float
    cooldown: int
    adjustments: Sequence[_Adjustment]
    words: str


def _directions(name: str, metric: Any, plan: ScalingPlan) -> Iterator[_Direction]:
    if metric.add:
        steps = sorted((step.above, step.replicas) for step in metric.add)
        first = steps[0][0]
        ends = [*(f"{above - first:g}" for above, _ in steps[1:]), None]
        up: list[_Adjustment] = [
            _adjustment(replicas, f"{above - first:g}", end) for (above, replicas), end in zip(steps, ends, strict=True)
        ]
        yield _Direction(
            f"steps-{name}-up", "GreaterThanThreshold", first, plan.patience, up, "added while it is above"
        )
    if metric.remove:
        steps = sorted(((step.below, step.replicas) for step in metric.remove), reverse=True)
        first = steps[0][0]
        ends = [*(f"{below - first:g}" for below, _ in steps[1:]), None]
        down: list[_Adjustment] = [
            _adjustment(-replicas, end, f"{below - first:g}")
            for (below, replicas), end in zip(steps, ends, strict=True)
        ]
        yield _Direction(
            f"steps-{name}-down", "LessThanThreshold", first, plan.scale_in_cooldown, down, "removed while it is below"
        )


def _adjustment(replicas: int, lower: str | None, upper: str | None) -> _Adjustment:
    found: _Adjustment = {"scaling_adjustment": replicas}
    if lower is not None:
        found["metric_interval_lower_bound"] = lower
    if upper is not None:
        found["metric_interval_upper_bound"] = upper
    return found


def _register(request: EndpointRequest, target: aws.appautoscaling.Target, metric: Any, direction: _Direction) -> None:
    children = request.children
    policy = aws.appautoscaling.Policy(
        children.named(direction.suffix, "scaling policy"),
        policy_type="StepScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        step_scaling_policy_configuration={
            "adjustment_type": "ChangeInCapacity",
            "metric_aggregation_type": _AGGREGATIONS.get(metric.statistic, "Average"),
            "cooldown": direction.cooldown,
            "step_adjustments": direction.adjustments,
        },
        opts=children.opts("step-policy"),
    )
    aws.cloudwatch.MetricAlarm(
        children.named(direction.suffix, "alarm"),
        alarm_description=f"Endpoint {request.name}: replicas are {direction.words} {direction.threshold:g}: {metric.name}",
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions=metric.dimensions,
        statistic=metric.statistic,
        period=_PERIOD,
        comparison_operator=direction.comparison,
        threshold=direction.threshold,
        evaluation_periods=metric.minutes,
        # What is not reported is no reason to add or to remove.
        treat_missing_data="notBreaching",
        alarm_actions=[policy.arn],
        opts=children.opts("step-alarm"),
    )


def _dimensions(given: Any) -> list[Any]:
    return [{"name": key, "value": value} for key, value in given.items()]
