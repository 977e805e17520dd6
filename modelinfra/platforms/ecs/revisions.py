"""Other revisions of an endpoint: replicas of their own, and a rule that leads to them whatever share of the traffic they have."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi_aws as aws

from modelinfra.options.revisions import headers
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.planner import EcsEndpointPlan, EcsReplicas
from modelinfra.platforms.ecs.replicas import Ground, register_replicas
from modelinfra.platforms.ecs.traffic import Reached, Traffic, Way, target_group


def register_revisions(
    request: EndpointRequest, way: Way, ground: Ground, plan: EcsEndpointPlan
) -> Mapping[str, Reached]:
    """Each revision serves before the endpoint's own rule gives it traffic, and is left by that rule before it goes."""
    return {
        name: _register(name, request, each, way, ground, plan.revisions[name])
        for name, each in request.revisions.items()
    }


def _register(
    name: str, endpoint: EndpointRequest, request: EndpointRequest, way: Way, ground: Ground, replicas: EcsReplicas
) -> Reached:
    group = target_group(request, way, replicas, "to", "target-group")
    asked: list[aws.lb.ListenerRuleConditionArgsDict] = [
        {"http_header": {"http_header_name": header, "values": [value]}}
        for header, value in sorted(headers(name, endpoint.options.revisions[name]).items())
    ]
    rule = aws.lb.ListenerRule(
        request.children.named(f"{way.target_groups}rule"),
        listener_arn=way.balancer.listener_arn,
        priority=replicas.rule_priority,
        conditions=[*way.conditions, *asked],
        actions=way.actions({"type": "forward", "target_group_arn": group.arn}),
        transforms=way.transforms,
        opts=request.children.opts("revision-rule"),
    )
    return register_replicas(request, ground, replicas, Traffic(group, rule))
