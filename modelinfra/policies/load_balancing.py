"""What Elastic Load Balancing refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.policies import tokens
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.service import forwarded
from modelinfra.policies.view import View, listed, mapping, number

_CONDITION_VALUES = 5
_PRIORITIES = (1, 50_000)
_CONDITIONS = ("pathPattern", "hostHeader", "httpHeader", "httpRequestMethod", "queryStrings", "sourceIp")


def _within(token: str, get: Callable[[dict[str, Any]], Any], what: str, least: float, most: float) -> Any:
    def find(view: View) -> Found:
        for node, given in view.each(token):
            value = number(get(given))
            if value is not None and not least <= value <= most:
                yield node, f"{what} is {value:g}"

    return find


def _slow_start(view: View) -> Found:
    for node, group in view.each(tokens.TARGET_GROUP):
        seconds, algorithm = number(group.get("slowStart")), group.get("loadBalancingAlgorithmType", "round_robin")
        if seconds and algorithm != "round_robin":
            yield node, f"slowStart is {seconds:g} s with the algorithm {algorithm}"


def _subnets(view: View) -> Found:
    for node, balancer in view.each(tokens.LOAD_BALANCER):
        given = balancer.get("subnets")
        if balancer.get("loadBalancerType", "application") != "application" or not isinstance(given, list):
            continue
        known = view.targets(node, "subnets", tokens.SUBNET, given)
        zones = {view.inputs(each).get("availabilityZone") for each in known}
        if len(given) < 2:
            yield node, "it has fewer than two subnets"
        elif len(known) == len(given) and len(zones) < len(known):
            yield node, f"two of its {len(known)} subnets are in one zone"


def _collisions(view: View) -> Found:
    seen: dict[tuple[str, float], Node] = {}
    for node, rule in view.each(tokens.LISTENER_RULE):
        listener, priority = view.target(node, "listenerArn", tokens.LISTENER), number(rule.get("priority"))
        where = listener.urn if listener is not None else rule.get("listenerArn")
        if not isinstance(where, str) or priority is None:
            continue
        other = seen.setdefault((where, priority), node)
        if other is not node:
            yield node, f"the priority {priority:g} belongs to {other.name}"


def _same_port(view: View) -> Found:
    seen: dict[tuple[str, float], Node] = {}
    for node, listener in view.each(tokens.LISTENER):
        balancer, port = view.target(node, "loadBalancerArn", tokens.LOAD_BALANCER), number(listener.get("port"))
        if balancer is not None and port is not None and seen.setdefault((balancer.urn, port), node) is not node:
            yield node, f"the port {port:g} belongs to {seen[balancer.urn, port].name}"


def _condition_values(view: View) -> Found:
    for node, rule in view.each(tokens.LISTENER_RULE):
        values = 0
        for condition in listed(rule.get("conditions")):
            for key in _CONDITIONS:
                found = mapping(condition).get(key)
                values += len(listed(found)) if key == "queryStrings" else len(listed(mapping(found).get("values")))
        if values > _CONDITION_VALUES:
            yield node, f"its conditions have {values} values"


def _health_timeout(view: View) -> Found:
    for node, group in view.each(tokens.TARGET_GROUP):
        check = mapping(group.get("healthCheck"))
        timeout, interval = number(check.get("timeout")), number(check.get("interval", 30))
        if timeout is not None and interval is not None and timeout >= interval:
            yield node, f"the health check's timeout is {timeout:g} s, its interval {interval:g} s"


def _matcher(view: View) -> Found:
    for node, group in view.each(tokens.TARGET_GROUP):
        check = mapping(group.get("healthCheck"))
        least, most = (0, 99) if group.get("protocolVersion") == "GRPC" else (200, 499)
        codes = re.findall(r"\d+", check["matcher"]) if isinstance(check.get("matcher"), str) else []
        if any(not least <= int(code) <= most for code in codes):
            yield node, f"the health check is to be answered with {check['matcher']}"


def _one_balancer(view: View) -> Found:
    balancers: dict[str, set[str]] = {}
    for node, group in forwarded(view):
        listener = node if node.type == tokens.LISTENER else view.target(node, "listenerArn", tokens.LISTENER)
        balancer = view.target(listener, "loadBalancerArn", tokens.LOAD_BALANCER) if listener is not None else None
        if balancer is not None:
            balancers.setdefault(group.urn, set()).add(balancer.name)
    for urn, names in balancers.items():
        if len(names) > 1:
            yield view.graph[urn], f"the load balancers {', '.join(sorted(names))} forward to it"


def _weights(view: View) -> Found:
    for token, key in ((tokens.LISTENER, "defaultActions"), (tokens.LISTENER_RULE, "actions")):
        for node, given in view.each(token):
            for action in listed(given.get(key)):
                groups = listed(mapping(mapping(action).get("forward")).get("targetGroups"))
                weights = [number(mapping(each).get("weight", 1)) for each in groups]
                if len(groups) > 5 or any(weight is not None and not 0 <= weight <= 999 for weight in weights):
                    yield node, f"it forwards to {len(groups)} target groups with the weights {weights}"


def _same_vpc(view: View) -> Found:
    for node, group in forwarded(view):
        listener = node if node.type == tokens.LISTENER else view.target(node, "listenerArn", tokens.LISTENER)
        balancer = view.target(listener, "loadBalancerArn", tokens.LOAD_BALANCER) if listener is not None else None
        if balancer is None:
            continue
        subnets = view.targets(balancer, "subnets", tokens.SUBNET, view.inputs(balancer).get("subnets"))
        vpcs = {found.urn for each in subnets if (found := view.target(each, "vpcId", tokens.VPC))}
        own = view.target(group, "vpcId", tokens.VPC)
        if own is not None and vpcs and own.urn not in vpcs:
            yield group, f"it is of another VPC than the load balancer {balancer.name}"


_API = "Elastic Load Balancing API"
_LIMITS = (
    ("target-slow-start", tokens.TARGET_GROUP, lambda g: g.get("slowStart") or None, "slowStart", 30, 900),
    ("deregistration-delay", tokens.TARGET_GROUP, lambda g: g.get("deregistrationDelay"), "the delay", 0, 3600),
    (
        "health-interval",
        tokens.TARGET_GROUP,
        lambda g: mapping(g.get("healthCheck")).get("interval"),
        "the interval",
        5,
        300,
    ),
    ("load-balancer-idle", tokens.LOAD_BALANCER, lambda b: b.get("idleTimeout"), "the idle timeout", 1, 4000),
    ("rule-priority", tokens.LISTENER_RULE, lambda r: r.get("priority"), "the priority", *_PRIORITIES),
)

RULES = (
    *(
        Rule(
            name,
            f"{what} is {least} to {most}",
            f"{_API}, target group and load balancer attributes, CreateTargetGroup, CreateRule",
            f"Write {least} to {most}.",
            _within(token, get, what, least, most),
        )
        for name, token, get, what, least, most in _LIMITS
    ),
    Rule(
        "slow-start-algorithm",
        "Slow start works with round robin only",
        f"{_API}, target group attributes: slow_start.duration_seconds",
        "Remove slowStart, or take round_robin.",
        _slow_start,
    ),
    Rule(
        "load-balancer-zones",
        "An application load balancer has subnets of two zones at least, one of each",
        f"{_API}, CreateLoadBalancer",
        "Name a subnet of each of two or more zones.",
        _subnets,
    ),
    Rule(
        "rule-priority-collision",
        "The rules of a listener have different priorities",
        f"{_API}, CreateRule: PriorityInUse",
        "Write another priority.",
        _collisions,
    ),
    Rule(
        "listener-port-collision",
        "The listeners of a load balancer have different ports",
        f"{_API}, CreateListener: DuplicateListener",
        "Write another port.",
        _same_port,
    ),
    Rule(
        "rule-condition-values",
        "The conditions of a rule have five values at most, together",
        f"{_API} quotas: condition values per rule",
        "Write two rules.",
        _condition_values,
    ),
    Rule(
        "health-timeout",
        "A health check must be over before the next one",
        f"{_API}, CreateTargetGroup: health check timeout must be smaller than the interval",
        "Write a timeout below the interval.",
        _health_timeout,
    ),
    Rule(
        "health-matcher",
        "A health check is answered with 200 to 499, of gRPC with 0 to 99",
        f"{_API}, Matcher",
        "Write codes within the range.",
        _matcher,
    ),
    Rule(
        "target-group-one-load-balancer",
        "A target group belongs to one load balancer",
        f"{_API}, CreateRule: TargetGroupAssociationLimit",
        "Make a target group for each.",
        _one_balancer,
    ),
    Rule(
        "forward-weights",
        "A forward has five target groups at most, with weights of 0 to 999",
        f"{_API}, ForwardActionConfig, TargetGroupTuple",
        "Write weights within the range.",
        _weights,
    ),
    Rule(
        "target-group-vpc",
        "A load balancer forwards within its VPC",
        f"{_API}, CreateRule: InvalidConfigurationRequest",
        "Make the target group in the load balancer's VPC.",
        _same_vpc,
    ),
)
