"""What autoscaling moves: the number of replicas of a service, within limits."""

from __future__ import annotations

import pulumi_aws as aws
from pulumi import Output

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.scaling_plan import ScalingPlan
from modelinfra.platforms.ecs.scaling_schedule import ignored
from modelinfra.platforms.ecs.sizing import EcsSizing


def register_target(
    request: EndpointRequest,
    cluster_name: Output[str],
    service: aws.ecs.Service,
    sizing: EcsSizing,
    plan: ScalingPlan,
) -> aws.appautoscaling.Target:
    """It holds the limits even where nothing scales, so that one resource only changes when they do."""
    children = request.children
    return aws.appautoscaling.Target(
        children.named("replicas"),
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=Output.concat("service/", cluster_name, "/", service.name),
        min_capacity=sizing.min_replicas,
        max_capacity=sizing.max_replicas,
        opts=children.opts("scaling-target", ignore_changes=ignored(plan.limits)),
    )
