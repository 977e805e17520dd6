"""Whether services on ECS scale, roll back, survive a zone and are watched."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies import tokens
from modelinfra.policies.fargate import containers
from modelinfra.policies.reachability import subnets_of
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.service import balanced, task_of
from modelinfra.policies.view import View, listed, mapping, number

# Metrics that nothing reports while there is no replica, so that nothing wakes the service.
_SILENT_AT_ZERO = ("ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget")

_STOP_DEFAULT, _STOP_CEILING = 30, 120


def target_of(view: View, service: Node) -> Node | None:
    """The scaling target that counts the service's replicas."""
    for node, target in view.each(tokens.SCALING_TARGET):
        resource, name = target.get("resourceId"), service.outputs.get("name")
        cluster = view.inputs(service).get("cluster")
        if isinstance(resource, str) and isinstance(name, str) and isinstance(cluster, str):
            if resource == f"service/{cluster.rpartition('/')[2]}/{name}":
                return node
        elif view.target(node, "resourceId", tokens.SERVICE) is service:
            return node
    return None


def _policies(view: View, target: Node) -> list[Node]:
    resource = view.inputs(target).get("resourceId")
    if not isinstance(resource, str):
        return view.all(tokens.SCALING_POLICY)  # which one it is, is not known yet
    return [
        node for node, policy in view.each(tokens.SCALING_POLICY) if policy.get("resourceId") in (resource, Unknown)
    ]


def _replicated(view: View) -> Iterator[Node]:
    """Services with a number of replicas; the others run once on each node or device."""
    for service in view.all(tokens.SERVICE):
        if view.inputs(service).get("schedulingStrategy") != "DAEMON":
            yield service


def _no_scaling(view: View) -> Found:
    for service in _replicated(view):
        target = target_of(view, service)
        if target is None:
            yield service, "nothing scales it"
        elif not _policies(view, target):
            yield service, "its scaling target has no policy"


def _least(view: View) -> Found:
    for service in _replicated(view):
        target = target_of(view, service)
        least = number(view.inputs(target).get("minCapacity")) if target is not None else None
        if least is None:
            least = number(view.inputs(service).get("desiredCount", 1)) if target is None else None
        if least is not None and least < 2:
            yield service, f"{least:g} replica is all that there may be"


def _from_zero(view: View) -> Found:
    for node, target in view.each(tokens.SCALING_TARGET):
        policies = _policies(view, node)
        if number(target.get("minCapacity")) != 0 or not policies:
            continue
        metrics = [
            mapping(
                mapping(view.inputs(each).get("targetTrackingScalingPolicyConfiguration")).get(
                    "predefinedMetricSpecification"
                )
            ).get("predefinedMetricType")
            for each in policies
        ]
        if all(metric in _SILENT_AT_ZERO for metric in metrics):
            yield node, f"it may go to 0, and {', '.join(map(str, metrics))} says nothing there"


def _rollback(view: View) -> Found:
    for node, service in view.each(tokens.SERVICE):
        breaker = mapping(service.get("deploymentCircuitBreaker"))
        # It belongs to rolling deployments; the others are watched by alarms.
        if mapping(service.get("deploymentConfiguration")).get("strategy", "ROLLING") != "ROLLING":
            continue
        if not (breaker.get("enable") and breaker.get("rollback")) and breaker.get("rollback") is not Unknown:
            yield node, "a deployment that fails is not rolled back"


def _alarms(view: View) -> Found:
    for node, service in view.each(tokens.SERVICE):
        alarms = mapping(service.get("alarms"))
        if service.get("alarms") is not Unknown and not (alarms.get("enable") and alarms.get("rollback")):
            yield node, "no alarm rolls a deployment back"


def _zones(view: View) -> Found:
    for node, service in view.each(tokens.SERVICE):
        given = mapping(service.get("networkConfiguration")).get("subnets")
        known = subnets_of(view, node)
        zones = {view.inputs(each).get("availabilityZone", each.urn) for each in known}
        if isinstance(given, list) and (len(given) < 2 or (len(known) == len(given) and len(zones) < 2)):
            yield node, "all of its replicas are in one zone"


def _healthy(view: View) -> Found:
    for node in _replicated(view):
        least = number(view.inputs(node).get("deploymentMinimumHealthyPercent", 100))
        if least is not None and least < 100:
            yield node, f"{least:g} % of the replicas are enough during a deployment"


def _stop(view: View) -> Found:
    for node, _, group in balanced(view):
        delay = number(view.inputs(group).get("deregistrationDelay", 300))
        for container in containers(task_of(view, node) or {}):
            seconds = number(container.get("stopTimeout", _STOP_DEFAULT))
            if not listed(container.get("portMappings")):
                continue  # nobody asks it anything
            if delay is not None and seconds is not None and seconds < min(delay, _STOP_CEILING):
                yield (
                    node,
                    f"{container.get('name')} is killed after {seconds:g} s, and its requests may take {delay:g} s",
                )


def _insights(view: View) -> Found:
    for node, cluster in view.each(tokens.CLUSTER):
        settings = [mapping(each) for each in listed(cluster.get("settings"))]
        values = [each.get("value") for each in settings if each.get("name") == "containerInsights"]
        if cluster.get("settings") is not Unknown and not any(
            value in ("enabled", "enhanced", Unknown) for value in values
        ):
            yield node, "Container Insights are off"


def _watched(view: View) -> Found:
    alarms = view.all(tokens.ALARM)
    for node, _, group in balanced(view):
        near = {group.urn, node.urn}
        suffix = group.outputs.get("arnSuffix")
        for alarm in alarms:
            behind = {urn for urns in alarm.property_deps.values() for urn in urns} | set(alarm.depends_on)
            if near & behind or (isinstance(suffix, str) and suffix in str(view.inputs(alarm))):
                break
        else:
            yield node, "no alarm watches it or its target group"


_FACTS = "facts readiness.md section 1 row"

RULES = (
    Rule(
        "ready-scaling",
        "A service follows its load",
        f"{_FACTS} 1 (MLREL05-BP01)",
        "Add a scaling target and a policy.",
        _no_scaling,
        "medium",
    ),
    Rule(
        "ready-two-replicas",
        "In production two replicas serve at least",
        f"{_FACTS} 1",
        "Write a minimum of 2.",
        _least,
        "medium",
        production=True,
    ),
    Rule(
        "ready-scale-from-zero",
        "What scales to zero is woken by a metric that exists at zero",
        f"{_FACTS} 2",
        "Scale on the length of a queue, or write a minimum of 1.",
        _from_zero,
    ),
    Rule(
        "ready-rollback",
        "The circuit breaker rolls back a deployment that fails",
        f"{_FACTS} 11",
        "Write deploymentCircuitBreaker with enable and rollback.",
        _rollback,
        "medium",
    ),
    Rule(
        "ready-rollback-alarms",
        "Alarms roll back a release that starts well and serves badly",
        f"{_FACTS} 3, 4 (MLREL04-BP02)",
        "Write alarms with enable and rollback, and name the endpoint's alarms.",
        _alarms,
        "low",
        production=True,
    ),
    Rule(
        "ready-service-zones",
        "The replicas of a service are in two zones at least",
        f"{_FACTS} 10",
        "Name subnets of two zones.",
        _zones,
        "medium",
    ),
    Rule(
        "ready-healthy-percent",
        "A deployment takes no replica away before another one is healthy",
        f"{_FACTS} 10",
        "Write deploymentMinimumHealthyPercent 100; on one GPU host make an exception with its reason.",
        _healthy,
        "medium",
    ),
    Rule(
        "ready-stop-timeout",
        "A replica is not killed while its last requests run",
        f"{_FACTS} 13",
        "Write a stopTimeout as long as the deregistration delay, 120 s at most on Fargate.",
        _stop,
        "low",
    ),
    Rule(
        "ready-insights",
        "Container Insights tell what replicas use",
        f"{_FACTS} 19",
        'Write the setting containerInsights "enabled" or "enhanced".',
        _insights,
        "low",
    ),
    Rule(
        "ready-alarm",
        "An alarm watches each service behind a load balancer",
        f"{_FACTS} 40",
        "Add alarms of its target group: 5xx, latency, unhealthy hosts.",
        _watched,
        "medium",
    ),
)
