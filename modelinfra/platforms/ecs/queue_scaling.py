"""Replicas of an asynchronous endpoint: as many as the backlog of its queue asks for, and none where there is none.

The number is a function of the backlog alone, and of nothing that replicas would have to report: a queue has a length also when
nothing runs (facts serving.md 2c), and replicas that take minutes to start are not asked for again every minute meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.options.asynchronous import DEFAULT_BACKLOG
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.queue import Queue
from modelinfra.platforms.ecs.scaling_plan import ScalingPlan
from modelinfra.platforms.ecs.scaling_schedule import register_schedule
from modelinfra.platforms.ecs.scaling_target import register_target
from modelinfra.platforms.ecs.sizing import EcsSizing

if TYPE_CHECKING:
    _Adjustment = aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgsDict

NAMESPACE: Final = "AWS/SQS"

_MINUTE: Final = 60

# Application Auto Scaling user guide, "Step scaling policies": most step adjustments of a policy.
MOST_STEPS: Final = 20


def steps(backlog: int, least: int, most: int) -> list[tuple[int, int]]:
    """(messages, replicas): from so many messages on so many replicas run. backlog: messages for each replica.

    Where `most` asks for more steps than there may be, some of them add several replicas at once, and never too few.
    """
    first = max(least, 1)
    levels = most - first + 1
    replicas = range(first, most + 1)
    if levels > MOST_STEPS:
        # Evenly, with the last one at the most.
        replicas = [first + math.ceil(index * (most - first) / (MOST_STEPS - 1)) for index in range(MOST_STEPS)]  # type: ignore[assignment]
    found, from_on = [], 1
    for count in replicas:
        found.append((from_on, count))
        from_on = count * backlog + 1
    return found


def unfinished(queue: Queue) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict]:
    """Queries of an alarm: messages that wait, and those that a replica has taken. SQS counts the latter only while there are some."""
    named = {"QueueName": queue.queue.name}
    return [
        {"id": "unfinished", "expression": "waiting + FILL(taken, 0)", "label": "messages", "return_data": True},
        counted("waiting", "ApproximateNumberOfMessagesVisible", named),
        counted("taken", "ApproximateNumberOfMessagesNotVisible", named),
    ]


def counted(
    id_: str, metric: str, dimensions: Mapping[str, Input[str]], stat: str = "Maximum"
) -> aws.cloudwatch.MetricAlarmMetricQueryArgsDict:
    """One metric of a queue, by the minute."""
    return {
        "id": id_,
        "metric": {
            "namespace": NAMESPACE,
            "metric_name": metric,
            "dimensions": dimensions,
            "period": _MINUTE,
            "stat": stat,
        },
    }


def register_queue_scaling(
    request: EndpointRequest,
    cluster_name: Output[str],
    service: aws.ecs.Service,
    queue: Queue,
    sizing: EcsSizing,
    plan: ScalingPlan,
) -> None:
    """The limits, and where there is room between them two policies: as the backlog asks, and back to the least when it is gone."""
    children, scaling = request.children, request.options.scaling
    target = register_target(request, cluster_name, service, sizing, plan)
    register_schedule(request, target, sizing, plan.schedule, plan.limits)
    if sizing.max_replicas == sizing.min_replicas:
        return
    backlog = scaling.backlog_per_replica or DEFAULT_BACKLOG
    table = steps(backlog, sizing.min_replicas, sizing.max_replicas)
    adjustments = [_adjustment(index, table) for index in range(len(table))]
    least: list[_Adjustment] = [{"metric_interval_upper_bound": "0", "scaling_adjustment": sizing.min_replicas}]
    idle_minutes = max(1, math.ceil(scaling.scale_in_cooldown / _MINUTE))
    for suffix, said, periods, comparison, each in (
        ("by-backlog", "there are messages", 1, "GreaterThanOrEqualToThreshold", adjustments),
        ("to-least", "there are none any more", idle_minutes, "LessThanThreshold", least),
    ):
        policy = _policy(request, target, suffix, each)
        aws.cloudwatch.MetricAlarm(
            children.named(suffix, "alarm"),
            alarm_description=f"Endpoint {request.name}: {said}. It changes the number of replicas and tells nobody",
            comparison_operator=comparison,
            threshold=1,
            evaluation_periods=periods,
            # A queue that nobody used for six hours says nothing, and neither adds replicas nor has any to remove.
            treat_missing_data="notBreaching",
            metric_queries=unfinished(queue),
            alarm_actions=[policy.arn],
            opts=children.opts("scaling-alarm"),
        )


def _adjustment(index: int, table: list[tuple[int, int]]) -> _Adjustment:
    """One step. Its bounds are counted from the threshold of the alarm, which is one message."""
    messages, replicas = table[index]
    step: _Adjustment = {"metric_interval_lower_bound": str(messages - 1), "scaling_adjustment": replicas}
    if index + 1 < len(table):
        step["metric_interval_upper_bound"] = str(table[index + 1][0] - 1)
    return step


def _policy(
    request: EndpointRequest, target: aws.appautoscaling.Target, suffix: str, adjustments: list[_Adjustment]
) -> aws.appautoscaling.Policy:
    children = request.children
    return aws.appautoscaling.Policy(
        children.named(suffix, "scaling policy"),
        policy_type="StepScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        step_scaling_policy_configuration={
            "adjustment_type": "ExactCapacity",
            "metric_aggregation_type": "Maximum",
            # It never keeps more replicas from coming: a larger number is taken at once (Application Auto Scaling API, Cooldown).
            "cooldown": request.options.scaling.scale_in_cooldown,
            "step_adjustments": adjustments,
        },
        opts=children.opts("scaling-policy"),
    )
