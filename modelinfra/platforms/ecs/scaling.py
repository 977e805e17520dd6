"""Autoscaling of an endpoint: one target, one policy per metric that the user named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pulumi_aws as aws
from pulumi import Output

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.sizing import EcsSizing

if TYPE_CHECKING:
    _Metric = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgsDict

_SECONDS_PER_MINUTE = 60

# In seconds.
_DEFAULT_OUT = 60

# Room for the replicas that are left when a zone fails, and for load that comes faster than replicas start.
_DEFAULT_CPU_PERCENT = 60


def register_scaling(
    request: EndpointRequest,
    cluster_name: Output[str],
    service: aws.ecs.Service,
    balancer: LoadBalancerReference,
    target_group: aws.lb.TargetGroup,
    sizing: EcsSizing,
) -> None:
    """The target holds the limits even where nothing scales, so that one resource only changes when they do."""
    children, scaling = request.children, request.options.scaling
    target = aws.appautoscaling.Target(
        children.named("replicas"),
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=Output.concat("service/", cluster_name, "/", service.name),
        min_capacity=sizing.min_replicas,
        max_capacity=sizing.max_replicas,
        opts=children.opts("scaling-target"),
    )
    label = Output.concat(balancer.arn_suffix, "/", target_group.arn_suffix)
    for suffix, specification, value in _metrics(scaling, sizing, label):
        aws.appautoscaling.Policy(
            children.named(suffix, "scaling policy"),
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration={
                "predefined_metric_specification": specification,
                "target_value": value,
                "scale_out_cooldown": _DEFAULT_OUT
                if scaling.scale_out_cooldown is None
                else scaling.scale_out_cooldown,
                "scale_in_cooldown": scaling.scale_in_cooldown,
            },
            opts=children.opts("scaling-policy"),
        )


def _metrics(scaling: Any, sizing: EcsSizing, label: Output[str]) -> Iterator[tuple[str, _Metric, float]]:
    """Suffix of the policy's name, the metric, and its target."""
    if sizing.max_replicas == sizing.min_replicas:
        return
    requests, cpu, memory = scaling.requests_per_second_per_replica, scaling.cpu_percent, scaling.memory_percent
    if requests is None and cpu is None and memory is None:
        cpu = _DEFAULT_CPU_PERCENT
    if requests is not None:
        metric: _Metric = {"predefined_metric_type": "ALBRequestCountPerTarget", "resource_label": label}
        yield "by-requests", metric, requests * _SECONDS_PER_MINUTE
    if cpu is not None:
        yield "by-cpu", {"predefined_metric_type": "ECSServiceAverageCPUUtilization"}, cpu
    if memory is not None:
        yield "by-memory", {"predefined_metric_type": "ECSServiceAverageMemoryUtilization"}, memory
