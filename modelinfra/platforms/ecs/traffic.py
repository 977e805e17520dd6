"""The way of a request: rules of the load balancer, and the target groups to which they lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi_aws as aws

from modelinfra.options.exposure import exposed
from modelinfra.options.grpc import methods, of_one_rule
from modelinfra.options.revisions import STABLE, weights
from modelinfra.options.rollout import TEST_HEADER
from modelinfra.platforms.base import EndpointRequest, NetworkReference
from modelinfra.platforms.ecs.authentication import register_actions
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.planner import EcsEndpointPlan, EcsReplicas

if TYPE_CHECKING:
    from modelinfra.platforms.ecs.gpu_signals import Gpus
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
class Arrival:
    """Where requests of one protocol arrive. second: the other set of replicas where traffic moves between two, and test: the rule by which
    it is asked before traffic moves there. more: further rules that lead to the first."""

    target_group: aws.lb.TargetGroup
    rule: aws.lb.ListenerRule
    second: aws.lb.TargetGroup | None = None
    test: aws.lb.ListenerRule | None = None
    more: Sequence[aws.lb.ListenerRule] = ()

    @property
    def sets(self) -> Mapping[str, aws.lb.TargetGroup]:
        """Prefix of what is named after a set of replicas -> its target group."""
        return {"": self.target_group, **({} if self.second is None else {"2-": self.second})}

    @property
    def rules(self) -> Sequence[aws.lb.ListenerRule]:
        """Without them a target group hangs on no load balancer."""
        return [self.rule, *self.more, *([] if self.test is None else [self.test])]


@dataclass(frozen=True)
class Traffic(Arrival):
    """Where requests arrive. grpc: the same replicas on their port for gRPC."""

    grpc: Arrival | None = None

    @property
    def sets(self) -> Mapping[str, aws.lb.TargetGroup]:
        """Those for gRPC, too."""
        spoken = {} if self.grpc is None else self.grpc.sets
        return {**super().sets, **{f"grpc-{prefix}": group for prefix, group in spoken.items()}}

    @property
    def rules(self) -> Sequence[aws.lb.ListenerRule]:
        """Those for gRPC, too."""
        return [*super().rules, *([] if self.grpc is None else self.grpc.rules)]


@dataclass(frozen=True)
class Reached:
    """The replicas of one revision: how requests arrive, who keeps them running, and what is told of them. metrics: the server's own. gpus:
    what is to be seen of those that they run on."""

    traffic: Traffic
    service: aws.ecs.Service
    alarms: Sequence[Alarm]
    metrics: Sequence[Metric] = ()
    gpus: Gpus | None = None


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
    """Target groups and rules of the endpoint's own replicas; the rules divide traffic between these and the other revisions.

    Target groups are auto-named, so that a replacement is made before the old one goes.
    """
    priorities = replicas.priorities
    http = _arrival(
        request,
        way,
        Listening("", target_group(request, way, replicas, "to", "target-group"), way.conditions, way.conditions),
        lambda: target_group(request, way, replicas, "2", "second-target-group"),
        (priorities.rule, priorities.test),
        {name: (each, each.traffic) for name, each in revisions.items()},
    )
    return Traffic(http.target_group, http.rule, http.second, http.test, grpc=_grpc(request, way, replicas, revisions))


def _grpc(
    request: EndpointRequest, way: Way, replicas: EcsReplicas, revisions: Mapping[str, Reached]
) -> Arrival | None:
    asked, priorities = asked_over_grpc(request), replicas.priorities
    if not asked:
        return None
    return _arrival(
        request,
        way,
        # Of test traffic those that one rule has room for beside the header.
        Listening(
            "grpc-", grpc_target_group(request, way, replicas), _called(asked), _called(of_one_rule(asked, 1)[0])
        ),
        lambda: grpc_target_group(request, way, replicas, "grpc-2", "second-target-group"),
        (priorities.grpc[0], priorities.grpc_test),
        {name: (each, each.traffic.grpc) for name, each in revisions.items() if each.traffic.grpc is not None},
    )


@dataclass(frozen=True)
class Listening:
    """How requests of one protocol are told from others. prefix: of names. group: of the first set of replicas. test: the same of test traffic."""

    prefix: str
    group: aws.lb.TargetGroup
    conditions: Sequence[aws.lb.ListenerRuleConditionArgsDict]
    test: Sequence[aws.lb.ListenerRuleConditionArgsDict]


def _arrival(
    request: EndpointRequest,
    way: Way,
    listening: Listening,
    make_second: Callable[[], aws.lb.TargetGroup],
    priorities: tuple[int, int | None],
    revisions: Mapping[str, tuple[Reached, Arrival]],
) -> Arrival:
    """The rule for traffic, and where it shifts the other set of replicas with the rule for test traffic."""
    children, first, prefix = request.children, listening.group, listening.prefix
    priority, test_priority = priorities
    second = make_second() if test_priority is not None else None
    forward = _forward(first)
    if revisions:
        groups = {name: arrival.target_group for name, (_, arrival) in revisions.items()}
        forward = _divided(request.options, first, groups, cookies=not prefix)
    actions = way.actions(forward)
    written = _written_by_ecs(len(actions) - 1) if second is not None else None
    rule = aws.lb.ListenerRule(
        children.named(f"{way.target_groups}{prefix}rule"),
        listener_arn=way.balancer.listener_arn,
        priority=priority,
        conditions=listening.conditions,
        actions=actions,
        transforms=way.transforms,
        opts=children.opts(
            f"{prefix}rule" if prefix else "listener-rule",
            ignore_changes=written,
            # Another revision gets traffic when it serves.
            depends_on=[each.service for each, _ in revisions.values()],
        ),
    )
    if second is None:
        return Arrival(first, rule)
    # ECS takes a deployment back whose second target group hangs on neither rule (ECS developer guide, migrating to blue/green deployments).
    test = aws.lb.ListenerRule(
        children.named(f"{way.target_groups}{prefix}test-rule"),
        listener_arn=way.balancer.listener_arn,
        priority=test_priority,
        conditions=[*listening.test, _header(TEST_HEADER, request.name)],
        actions=way.actions(_forward(second)),
        transforms=way.transforms,
        opts=children.opts("test-rule", ignore_changes=written),
    )
    return Arrival(first, rule, second, test)


def register_other(request: EndpointRequest, way: Way, replicas: EcsReplicas, asked: Mapping[str, str]) -> Traffic:
    """Target groups and rules of another revision, to which requests with these headers go whatever its share is."""
    children, priorities = request.children, replicas.priorities
    headers = [_header(name, value) for name, value in sorted(asked.items())]
    options = children.opts("revision-rule")

    def rule(
        name: str, priority: int, group: aws.lb.TargetGroup, conditions: Sequence[aws.lb.ListenerRuleConditionArgsDict]
    ) -> aws.lb.ListenerRule:
        return aws.lb.ListenerRule(
            children.named(f"{way.target_groups}{name}"),
            listener_arn=way.balancer.listener_arn,
            priority=priority,
            conditions=[*conditions, *headers],
            actions=way.actions(_forward(group)),
            transforms=way.transforms,
            opts=options,
        )

    group = target_group(request, way, replicas, "to", "target-group")
    http = rule("rule", priorities.rule, group, way.conditions)
    called = of_one_rule(asked_over_grpc(request), len(headers))
    if not called:
        return Traffic(group, http)
    spoken = grpc_target_group(request, way, replicas)
    first, *more = (
        rule(f"grpc-rule{suffix}", priority, spoken, _called(some))
        for suffix, priority, some in zip(("", "-2", "-3", "-4", "-5"), priorities.grpc, called, strict=False)
    )
    return Traffic(group, http, grpc=Arrival(spoken, first, more=more))


def asked_over_grpc(request: EndpointRequest) -> Sequence[str]:
    """The methods of gRPC that clients may call; none where there is HTTP alone."""
    return methods(request.options.exposure, request.served.server.grpc_methods)


def _called(some: Sequence[str]) -> Sequence[aws.lb.ListenerRuleConditionArgsDict]:
    return [{"path_pattern": {"values": list(some)}}]


def _header(name: str, value: str) -> aws.lb.ListenerRuleConditionArgsDict:
    return {"http_header": {"http_header_name": name, "values": [value]}}


def _forward(group: aws.lb.TargetGroup) -> aws.lb.ListenerRuleActionArgsDict:
    return {"type": "forward", "target_group_arn": group.arn}


def _divided(
    options: Any, own: aws.lb.TargetGroup, others: Mapping[str, aws.lb.TargetGroup], *, cookies: bool
) -> aws.lb.ListenerRuleActionArgsDict:
    """cookies: whether clients keep any."""
    groups = {STABLE: own, **others}
    forward: aws.lb.ListenerRuleActionForwardArgsDict = {
        "target_groups": [{"arn": groups[name].arn, "weight": weight} for name, weight in weights(options).items()]
    }
    if cookies and options.stickiness is not None:
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


def grpc_target_group(
    request: EndpointRequest, way: Way, replicas: EcsReplicas, suffix: str = "grpc", role: str = "grpc-target-group"
) -> aws.lb.TargetGroup:
    """The same replicas once more, on their other port. Whether their models are loaded, the HTTP target group finds out: servers differ in
    how they say it over gRPC, and a replica must be healthy in both (ECS developer guide, services with several target groups)."""
    return target_group(
        request,
        way,
        replicas,
        suffix,
        role,
        protocol_version="GRPC",
        port=request.served.server.ports["grpc"],
        # A method that there is not: whoever says so speaks gRPC (Elastic Load Balancing's own default).
        health_check={**_HEALTH_CHECK, "path": "/AWS.ALB/healthcheck", "matcher": "12"},
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
    return list(exposure.paths or served.open_paths)


def _without_prefix(path: str) -> aws.lb.ListenerRuleTransformArgsDict:
    """Cut the endpoint's path off: the server knows only its own paths."""
    literal = path.replace(".", r"\.")  # of what a path may hold, the dot alone means something in a regular expression
    return {
        "type": "url-rewrite",
        "url_rewrite_config": {"rewrite": {"regex": f"^{literal}/(.*)$", "replace": "/$1"}},
    }
