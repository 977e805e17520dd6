"""The alarms of an asynchronous endpoint: two that take a deployment back, and those that only tell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import pulumi_aws as aws

from modelinfra.options.quantities import shown_seconds
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.objectives import told
from modelinfra.platforms.ecs.queue import Queue
from modelinfra.platforms.ecs.queue_scaling import NAMESPACE, counted
from modelinfra.platforms.ecs.sizing import EcsSizing

_MINUTE: Final = 60


def register_queue_alarms(
    request: EndpointRequest, queue: Queue, sizing: EcsSizing
) -> Sequence[aws.cloudwatch.MetricAlarm]:
    """Those that take a deployment back: messages that fail, and messages that wait while none is finished."""
    name, children = request.name, request.children
    waiting, dead = {"QueueName": queue.queue.name}, {"QueueName": queue.dead.name}
    failed = aws.cloudwatch.MetricAlarm(
        children.named("failed-messages", "alarm"),
        alarm_description=f"Endpoint {name}: share of messages that failed for good, in percent",
        comparison_operator="GreaterThanThreshold",
        threshold=request.options.rollback.error_percent,
        # A difference needs the minute before.
        evaluation_periods=3,
        datapoints_to_alarm=1,
        treat_missing_data="notBreaching",
        metric_queries=[
            {
                "id": "share",
                "expression": "IF(DIFF(dead) > 0, 100 * DIFF(dead) / (DIFF(dead) + FILL(finished, 0)), 0)",
                "label": "failed, percent",
                "return_data": True,
            },
            counted("dead", "ApproximateNumberOfMessagesVisible", dead),
            counted("finished", "NumberOfMessagesDeleted", waiting, "Sum"),
        ],
        alarm_actions=told(request),
        ok_actions=told(request),
        opts=children.opts("error-alarm"),
    )
    stalled = aws.cloudwatch.MetricAlarm(
        children.named("stalled", "alarm"),
        alarm_description=f"Endpoint {name}: messages wait, and none was finished for longer than a start and a request may take",
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        evaluation_periods=_stalled_minutes(sizing),
        treat_missing_data="notBreaching",
        metric_queries=[
            {
                "id": "stalled",
                "expression": "IF(waiting > 0 AND FILL(finished, 0) < 1, 1, 0)",
                "label": "waiting, none finished",
                "return_data": True,
            },
            counted("waiting", "ApproximateNumberOfMessagesVisible", waiting),
            counted("finished", "NumberOfMessagesDeleted", waiting, "Sum"),
        ],
        alarm_actions=told(request),
        ok_actions=told(request),
        opts=children.opts("stalled-alarm"),
    )
    return [failed, stalled]


def register_queue_watch(request: EndpointRequest, queue: Queue) -> Iterator[aws.cloudwatch.MetricAlarm]:
    """Alarms that only tell: what is promised of waiting, and dead letters that nobody has looked at."""
    slo = request.options.slo
    if slo is not None and slo.oldest_message is not None:
        yield _oldest(request, queue, slo.oldest_message)
    if told(request) is not None:
        yield _dead_letters(request, queue)


def _stalled_minutes(sizing: EcsSizing) -> int:
    seconds = sizing.placement_seconds + sizing.startup + sizing.longest_request
    return math.ceil(seconds / _MINUTE) + 2


def _oldest(request: EndpointRequest, queue: Queue, seconds: int) -> aws.cloudwatch.MetricAlarm:
    return aws.cloudwatch.MetricAlarm(
        request.children.named("oldest-message", "alarm"),
        alarm_description=f"Endpoint {request.name}: a message waits for longer than {shown_seconds(seconds)}",
        namespace=NAMESPACE,
        metric_name="ApproximateAgeOfOldestMessage",
        statistic="Maximum",
        dimensions={"QueueName": queue.queue.name},
        period=_MINUTE,
        comparison_operator="GreaterThanThreshold",
        threshold=seconds,
        evaluation_periods=1,
        treat_missing_data="notBreaching",
        alarm_actions=told(request),
        ok_actions=told(request),
        opts=request.children.opts("age-alarm"),
    )


def _dead_letters(request: EndpointRequest, queue: Queue) -> aws.cloudwatch.MetricAlarm:
    return aws.cloudwatch.MetricAlarm(
        request.children.named("dead-letters", "alarm"),
        alarm_description=f"Endpoint {request.name}: messages lie in the dead-letter queue",
        namespace=NAMESPACE,
        metric_name="ApproximateNumberOfMessagesVisible",
        statistic="Maximum",
        dimensions={"QueueName": queue.dead.name},
        period=_MINUTE,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        evaluation_periods=1,
        # An idle queue says nothing, and what lies in it lies there still.
        treat_missing_data="ignore",
        alarm_actions=told(request),
        ok_actions=told(request),
        opts=request.children.opts("dead-letter-alarm"),
    )
