"""Limits that change at points in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi_aws as aws

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.sizing import EcsSizing

if TYPE_CHECKING:
    _Action = aws.appautoscaling.ScheduledActionScalableTargetActionArgsDict

_PROPERTIES: Mapping[str, str] = {"min": "minCapacity", "max": "maxCapacity"}


def ignored(limits: Sequence[str]) -> list[str] | None:
    """Properties of the scaling target that the schedule writes: they have no second writer."""
    return [_PROPERTIES[each] for each in limits] or None


def register_schedule(
    request: EndpointRequest,
    target: aws.appautoscaling.Target,
    sizing: EcsSizing,
    schedule: Mapping[str, Any],
    limits: Sequence[str],
) -> None:
    """Each writes every limit that any of them does, so that what one has changed does not outlive it."""
    children = request.children
    widest = {"min": sizing.min_replicas, "max": sizing.max_replicas}
    for name, each in schedule.items():
        given = {key: getattr(each, key) if getattr(each, key) is not None else widest[key] for key in limits}
        aws.appautoscaling.ScheduledAction(
            children.named(f"at-{name}"),
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            schedule=each.at,
            timezone=each.timezone,
            scalable_target_action=_action(given),
            opts=children.opts("scheduled-action"),
        )


def _action(given: Mapping[str, int]) -> _Action:
    action: _Action = {}
    if "min" in given:
        action["min_capacity"] = given["min"]
    if "max" in given:
        action["max_capacity"] = given["max"]
    return action
