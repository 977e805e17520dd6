"""The way of a request: rules of the load balancer, and the target groups to which they lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi_aws as aws

from modelinfra.options.exposure import exposed
from modelinfra.options.grpc import methods
from modelinfra.options.revisions import STABLE, weights
from modelinfra.options.rollout import shifts
from modelinfra.platforms.base import EndpointRequest, NetworkReference
from modelinfra.platforms.ecs.authentication import register_actions
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.planner import EcsEndpointPlan, EcsReplicas

if TYPE_CHECKING:
    from modelinfra.platforms.ecs.objectives import Alarm
    from modelinfra.platforms.signals import Metric


_HEALTH_CHECK: aws.lb.TargetGroupHealthCheckArgsDict = {
    "protocol": "HTTP",
    "port": "traffic-port",
    "interval": 15,
    "timeout": 5,
    "healthy_threshold": 2,
    "unhealthy_threshold": 3,
}


@dataclass(frozen=True)
class Grpc:
    """Where requests of gRPC arrive."""

    target_group: aws.lb.TargetGroup
    rule: aws.lb.ListenerRule


@dataclass(frozen=True)
class Traffic:
    """Where requests arrive. second: the other set of replicas where traffic moves between two. grpc: the same replicas on their port for
    gRPC."""

    target_group: aws.lb.TargetGroup
    rule: aws.lb.ListenerRule
    second: aws.lb.TargetGroup | None = None
    grpc: Grpc | None = None

    @property
    def sets(self) -> Mapping[str, aws.lb.TargetGroup]:
        """Prefix of what is named after a set of replicas -> its target group."""
        found = {"": self.target_group, "2-": self.second, "grpc-": self.grpc.target_group if self.grpc else None}
        return {prefix: group for prefix, group in found.items() if group is not None}

    @property
    def rules(self) -> Sequence[aws.lb.ListenerRule]:
        """Without them a target group hangs on no load balancer."""
        return [self.rule, *([self.grpc.rule] if self.grpc else [])]


@dataclass(frozen=True)
class Reached:
    """The replicas of one revision: how requests arrive, who keeps them running, and what is told of them. metrics: the server's own."""

    traffic: Traffic
    service: aws.ecs.Service
    alarms: Sequence[Alarm]
    metrics: Sequence[Metric] = ()


@dataclass(frozen=True)
class Way:
    """Where requests for an endpoint arrive. target_groups: what the names of its target groups begin with. paths: patterns of those that
    clients can ask for. asked: what its rules do before they forward."""

    balancer: LoadBalancerReference
    network: NetworkReference
    target_groups: str
    paths: Sequence[str]
    asked: Sequence[aws.lb.ListenerRuleActionArgsDict]
    transforms: Sequence[aws.lb.ListenerRuleTransformArgsDict] | None

    @property
    def conditions(self) -> list[aws.lb.ListenerRuleConditionArgsDict]:
        """Of a rule that takes these paths."""
        return [{"path_pattern": {"values": list(self.paths)}}]

    def actions(self, forward: aws.lb.ListenerRuleActionArgsDict) -> list[aws.lb.ListenerRuleActionArgsDict]:
        """Ask, where somebody is asked, and forward."""
        return [*self.asked, {**forward, "order": len(self.asked) + 1}] if self.asked else [forward]


def way_of(
    request: EndpointRequest,
    network: NetworkReference,
    balancer: LoadBalancerReference,
    plan: EcsEndpointPlan,
    *,
    production: bool,
) -> Way:
    """What all rules of an endpoint have in common.

    A target group belongs to one load balancer for good: on another one the endpoint gets another target group and rule, to
    which the service moves before the old ones go. Hence their names differ.
    """
    exposure = request.options.exposure
    return Way(
        balancer,
        network,
        "" if plan.shared else "public-" if exposure.public else "own-",
        _paths(request, plan),
        register_actions(request.children, exposure, production=production),
        [_without_prefix(plan.path)] if plan.shared else None,
    )


def register_traffic(
    request: EndpointRequest, way: Way, replicas: EcsReplicas, revisions: Mapping[str, Reached]
) -> Traffic:
    """Target group and rule of the endpoint's own replicas; the rule divides traffic between these and the other revisions.

    The target group is auto-named, so that a replacement is made before the old one goes.
    """
    children, kind = request.children, way.target_groups
    first = target_group(request, way, replicas, "to", "target-group")
    shifting = shifts(request.options.rollout)
    second = target_group(request, way, replicas, "2", "second-target-group") if shifting else None
    actions = way.actions(
        _divided(request.options, first, revisions) if revisions else {"type": "forward", "target_group_arn": first.arn}
    )
    rule = aws.lb.ListenerRule(
        children.named(f"{kind}rule"),
        listener_arn=way.balancer.listener_arn,
        priority=replicas.rule_priority,
        conditions=way.conditions,
        actions=actions,
        transforms=way.transforms,
        opts=children.opts(
            "listener-rule",
            ignore_changes=_written_by_ecs(len(actions) - 1) if shifting else None,
            # Another revision gets traffic when it serves.
            depends_on=[each.service for each in revisions.values()],
        ),
    )
    return Traffic(first, rule, second, _grpc(request, way, replicas))


def _grpc(request: EndpointRequest, way: Way, replicas: EcsReplicas) -> Grpc | None:
    """The same replicas once more, on their other port. Whether their models are loaded, the HTTP target group finds out: servers differ in
    how they say it over gRPC, and a replica must be healthy in both (ECS developer guide, services with several target groups)."""
    served, children = request.served.server, request.children
    asked = methods(request.options.exposure, served.grpc_methods)
    if not asked:
        return None
    group = target_group(
        request,
        way,
        replicas,
        "grpc",
        "grpc-target-group",
        protocol_version="GRPC",
        port=served.ports["grpc"],
        # A method that there is not: whoever says so speaks gRPC (Elastic Load Balancing's own default).
        health_check={**_HEALTH_CHECK, "path": "/AWS.ALB/healthcheck", "matcher": "12"},
    )
    rule = aws.lb.ListenerRule(
        children.named(f"{way.target_groups}grpc-rule"),
        listener_arn=way.balancer.listener_arn,
        priority=replicas.rule_priority - 1,
        conditions=[{"path_pattern": {"values": list(asked)}}],
        actions=way.actions({"type": "forward", "target_group_arn": group.arn}),
        opts=children.opts("grpc-rule"),
    )
    return Grpc(group, rule)


def _divided(
    options: Any, own: aws.lb.TargetGroup, revisions: Mapping[str, Reached]
) -> aws.lb.ListenerRuleActionArgsDict:
    groups = {STABLE: own, **{name: each.traffic.target_group for name, each in revisions.items()}}
    forward: aws.lb.ListenerRuleActionForwardArgsDict = {
        "target_groups": [{"arn": groups[name].arn, "weight": weight} for name, weight in weights(options).items()]
    }
    if options.stickiness is not None:
        forward["stickiness"] = {"enabled": True, "duration": options.stickiness}
    return {"type": "forward", "forward": forward}


def target_group(
    request: EndpointRequest, way: Way, replicas: EcsReplicas, suffix: str, role: str, **others: Any
) -> aws.lb.TargetGroup:
    """A set of replicas as the load balancer knows it. others: arguments in place of those for HTTP."""
    http: dict[str, Any] = {
        "port": request.served.server.ports["http"],
        "health_check": {**_HEALTH_CHECK, "path": request.served.health_path, "matcher": "200"},
    }
    return aws.lb.TargetGroup(
        request.children.named(f"{way.target_groups}{suffix}", "target group"),
        vpc_id=way.network.vpc_id,
        target_type="ip",
        protocol="HTTP",
        # Excludes slow start, which is therefore not offered.
        load_balancing_algorithm_type="least_outstanding_requests",
        deregistration_delay=replicas.sizing.longest_request,
        **(http | others),
        opts=request.children.opts(role),
    )


def _written_by_ecs(forward: int) -> list[str]:
    """While it moves traffic, ECS writes weights of both target groups into the rule, and leaves them there."""
    return [f"actions[{forward}].{key}" for key in ("forward", "targetGroupArn")]


def _paths(request: EndpointRequest, plan: EcsEndpointPlan) -> list[str]:
    """Behind an exposure only what clients need, so that the server's routes for its operator stay closed."""
    exposure, served = request.options.exposure, request.served
    if plan.shared:
        return [f"{plan.path}/*"]
    if not exposed(exposure):
        return ["/*"]
    return list(exposure.paths or dict.fromkeys((served.predict_path, served.health_path)))


def _without_prefix(path: str) -> aws.lb.ListenerRuleTransformArgsDict:
    """Cut the endpoint's path off: the server knows only its own paths."""
    literal = path.replace(".", r"\.")  # of what a path may hold, the dot alone means something in a regular expression
    return {
        "type": "url-rewrite",
        "url_rewrite_config": {"rewrite": {"regex": f"^{literal}/(.*)$", "replace": "/$1"}},
    }
