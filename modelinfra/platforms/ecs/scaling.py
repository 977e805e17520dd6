"""Autoscaling of an endpoint: one target, one policy per metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.metrics import NAMESPACE, dimensions
from modelinfra.platforms.ecs.scaling_guard import register_guard
from modelinfra.platforms.ecs.scaling_metrics import query, register_steps, tracked
from modelinfra.platforms.ecs.scaling_plan import LARGEST_STEP, ScalingPlan
from modelinfra.platforms.ecs.scaling_schedule import register_schedule
from modelinfra.platforms.ecs.scaling_target import register_target
from modelinfra.platforms.ecs.sizing import EcsSizing
from modelinfra.platforms.ecs.traffic import Traffic

if TYPE_CHECKING:
    _Tracking = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgsDict
    _Custom = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgsDict
    _Query = (
        aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgsDict
    )

_SECONDS_PER_MINUTE: Final = 60

_SUFFIXES: Final = {
    "concurrency": "by-concurrency",
    "requests_per_second_per_replica": "by-requests",
    "cpu_percent": "by-cpu",
    "memory_percent": "by-memory",
}
_PREDEFINED: Final = {
    "cpu_percent": "ECSServiceAverageCPUUtilization",
    "memory_percent": "ECSServiceAverageMemoryUtilization",
}


def register_scaling(
    request: EndpointRequest,
    cluster_name: Output[str],
    service: aws.ecs.Service,
    balancer: LoadBalancerReference,
    traffic: Traffic,
    sizing: EcsSizing,
    plan: ScalingPlan,
) -> None:
    """The limits, and what moves the number of replicas between them."""
    children = request.children
    target = register_target(request, cluster_name, service, sizing, plan)
    policies = {_SUFFIXES[key]: _tracked(key, value, balancer, traffic) for key, value in plan.targets.items()}
    policies |= {f"metric-{name}": tracked(each, cluster_name, service.name) for name, each in plan.metrics.items()}
    for suffix, configuration in policies.items():
        aws.appautoscaling.Policy(
            children.named(suffix, "scaling policy"),
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration={
                **configuration,
                "scale_out_cooldown": plan.scale_out_cooldown,
                "scale_in_cooldown": plan.scale_in_cooldown,
            },
            opts=children.opts("scaling-policy"),
        )
    register_steps(request, target, plan)
    register_schedule(request, target, sizing, plan.schedule, plan.limits)
    if plan.guard is not None:
        register_guard(request, target, balancer, traffic, plan.guard)


def _tracked(key: str, value: float, balancer: LoadBalancerReference, traffic: Traffic) -> _Tracking:
    """The metric of a target, and its value in the metric's unit."""
    if key in _PREDEFINED:
        return {"target_value": value, "predefined_metric_specification": {"predefined_metric_type": _PREDEFINED[key]}}
    sets = [dimensions(balancer, group) for group in traffic.sets.values()]
    if key == "concurrency":
        return {"target_value": value, "customized_metric_specification": _in_flight(sets, value)}
    if len(sets) > 1:
        return {"target_value": value * _SECONDS_PER_MINUTE, "customized_metric_specification": _requests(sets)}
    label = Output.concat(balancer.arn_suffix, "/", traffic.target_group.arn_suffix)
    return {
        "target_value": value * _SECONDS_PER_MINUTE,
        "predefined_metric_specification": {
            "predefined_metric_type": "ALBRequestCountPerTarget",
            "resource_label": label,
        },
    }


def _in_flight(sets: Sequence[dict[str, Input[str]]], target: float) -> _Custom:
    """Little's law: what arrives at each replica in a second, times how long it stays there.

    RequestCountPerTarget is always reported (ELB user guide, "CloudWatch metrics for your Application Load Balancer"), 0 without requests,
    so that an idle endpoint scales in; it is never filled, since a minute that is not reported yet would count as idle. A response time
    is reported only where something was answered. A minute with requests and without answers is no quiet one: then all that arrived is in
    flight, as if it took the whole minute. Of two sets of replicas the one without traffic adds 0.
    """
    numbers = range(1, len(sets) + 1)
    sums = " + ".join(f"requests{n} * FILL(seconds{n}, {_SECONDS_PER_MINUTE}) / {_SECONDS_PER_MINUTE}" for n in numbers)
    most = round(target * LARGEST_STEP, 4)
    queries: list[_Query] = [
        {"id": "bounded", "expression": f"IF(inflight > {most:g}, {most:g}, inflight)", "label": "in flight per replica, no more than a step answers", "return_data": True},
        {"id": "inflight", "expression": sums, "label": "in flight per replica", "return_data": False},
    ]  # fmt: skip
    for n, counted in zip(numbers, sets, strict=True):
        queries += [
            query(f"requests{n}", NAMESPACE, "RequestCountPerTarget", "Sum", counted),
            query(f"seconds{n}", NAMESPACE, "TargetResponseTime", "Average", counted),
        ]
    return {"metrics": queries}


def _requests(sets: Sequence[dict[str, Input[str]]]) -> _Custom:
    """Each minute at each replica, where traffic moves between two sets of them: the predefined metric knows only one."""
    numbers = range(1, len(sets) + 1)
    total: _Query = {
        "id": "total",
        "expression": " + ".join(f"requests{n}" for n in numbers),
        "label": "requests per replica and minute",
        "return_data": True,
    }
    each = (
        query(f"requests{n}", NAMESPACE, "RequestCountPerTarget", "Sum", counted)
        for n, counted in zip(numbers, sets, strict=True)
    )
    return {"metrics": [total, *each]}
