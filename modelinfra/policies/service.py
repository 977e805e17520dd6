"""What ECS refuses in a service, or takes and never gets steady."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.policies import tokens
from modelinfra.policies.fargate import containers
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping, number, seconds

_FARGATE = {"FARGATE", "FARGATE_SPOT"}
_INSIGHTS = {"enhanced", "enabled", "disabled"}
_MOST_SUBNETS, _MOST_GROUPS = 16, 5


def balanced(view: View) -> Iterator[tuple[Node, dict[str, Any], Node]]:
    """Every service, each of its load balancer entries, and the target group that this one names."""
    for node, service in view.each(tokens.SERVICE):
        for entry in listed(service.get("loadBalancers")):
            group = view.target(node, "loadBalancers", tokens.TARGET_GROUP, mapping(entry).get("targetGroupArn"))
            if group is not None:
                yield node, dict(mapping(entry)), group


def task_of(view: View, service: Node) -> dict[str, Any] | None:
    """The task definition of a service, when the graph holds it."""
    task = view.target(service, "taskDefinition", tokens.TASK)
    return view.inputs(task) if task is not None else None


def forwarded(view: View) -> Iterator[tuple[Node, Node]]:
    """Every listener or rule, and each target group that it forwards to."""
    for token, key in ((tokens.LISTENER, "defaultActions"), (tokens.LISTENER_RULE, "actions")):
        for node, given in view.each(token):
            for action in listed(given.get(key)):
                wanted = [mapping(action).get("targetGroupArn")]
                wanted += [
                    mapping(each).get("arn")
                    for each in listed(mapping(mapping(action).get("forward")).get("targetGroups"))
                ]
                for group in view.targets(
                    node, key, tokens.TARGET_GROUP, [each for each in wanted if each is not None]
                ):
                    yield node, group


def _target_type(view: View) -> Found:
    for node, _, group in balanced(view):
        task, kind = task_of(view, node), view.inputs(group).get("targetType", "instance")
        if task is not None and task.get("networkMode") == "awsvpc" and isinstance(kind, str) and kind != "ip":
            yield group, f"its targets are of type {kind}"


def _container(view: View) -> Found:
    for node, entry, _ in balanced(view):
        found = containers(task_of(view, node) or {})
        ports = {
            (each.get("name"), mapping(port).get("containerPort"))
            for each in found
            for port in listed(each.get("portMappings"))
        }
        if found and (entry.get("containerName"), entry.get("containerPort")) not in ports:
            yield node, f"there is no port {entry.get('containerPort')} of a container {entry.get('containerName')}"


def _orphan(view: View) -> Found:
    reached = {group.urn for _, group in forwarded(view)}
    for node, _, group in balanced(view):
        if group.urn not in reached:
            yield node, f"no listener forwards to its target group {group.name}"


def _network(view: View) -> Found:
    for node, service in view.each(tokens.SERVICE):
        task, network = task_of(view, node), service.get("networkConfiguration")
        if task is not None and task.get("networkMode") == "awsvpc" and network is None:
            yield node, "there is no networkConfiguration"
        subnets, groups = listed(mapping(network).get("subnets")), listed(mapping(network).get("securityGroups"))
        if isinstance(network, dict) and (len(subnets) > _MOST_SUBNETS or len(groups) > _MOST_GROUPS):
            yield node, f"there are {len(subnets)} subnets and {len(groups)} security groups"


def _grace(view: View) -> Found:
    for node, service in view.each(tokens.SERVICE):
        if listed(service.get("loadBalancers")) and service.get("healthCheckGracePeriodSeconds") in (None, 0):
            yield node, "the grace period is 0 s"


def _rebalancing(view: View) -> Found:
    for node, service in view.each(tokens.SERVICE):
        most = number(service.get("deploymentMaximumPercent"))
        if service.get("availabilityZoneRebalancing") == "ENABLED" and most is not None and most <= 100:
            yield node, f"deploymentMaximumPercent is {most:g}"


def _room(view: View) -> Found:
    for node, service in view.each(tokens.SERVICE):
        least, most = (
            number(service.get("deploymentMinimumHealthyPercent")),
            number(service.get("deploymentMaximumPercent")),
        )
        if least is not None and most is not None and least >= most:
            yield node, f"at least {least:g} % and at most {most:g} % of the replicas may run"


def _capacity(view: View) -> Found:
    for node, service in view.each(tokens.SERVICE):
        strategies = [mapping(each) for each in listed(service.get("capacityProviderStrategies"))]
        names = [each.get("capacityProvider") for each in strategies]
        if strategies and service.get("launchType") is not None:
            yield node, "launchType and capacityProviderStrategies are both given"
        if sum(1 for each in strategies if number(each.get("base"))) > 1:
            yield node, "two capacity providers have a base"
        if strategies and not any(number(each.get("weight")) for each in strategies):
            yield node, "no capacity provider has a weight above 0"
        if set(names) & _FARGATE and any(isinstance(name, str) and name not in _FARGATE for name in names):
            yield node, "Fargate is mixed with other capacity providers"


def _attached(view: View) -> Found:
    offered: dict[str, set[str]] = {}
    for node, given in view.each(tokens.CAPACITY):
        cluster = view.target(node, "clusterName", tokens.CLUSTER)
        if cluster is not None:
            offered.setdefault(cluster.urn, set()).update(listed(given.get("capacityProviders")))
    for node, service in view.each(tokens.SERVICE):
        cluster = view.target(node, "cluster", tokens.CLUSTER)
        if cluster is None:
            continue
        for strategy in listed(service.get("capacityProviderStrategies")):
            name = mapping(strategy).get("capacityProvider")
            if isinstance(name, str) and name not in offered.get(cluster.urn, set()):
                yield node, f"its cluster does not have the capacity provider {name}"


def _controller(view: View) -> Found:
    for node, service in view.each(tokens.SERVICE):
        controller = mapping(service.get("deploymentController")).get("type", "ECS")
        if mapping(service.get("deploymentCircuitBreaker")).get("enable") and controller != "ECS":
            yield node, f"the deployment controller is {controller}"


def _insights(view: View) -> Found:
    for node, cluster in view.each(tokens.CLUSTER):
        for setting in map(mapping, listed(cluster.get("settings"))):
            value = setting.get("value")
            if setting.get("name") == "containerInsights" and isinstance(value, str) and value not in _INSIGHTS:
                yield node, f"containerInsights is {value}"


def _drain(view: View) -> Found:
    for node, _, group in balanced(view):
        delay = number(view.inputs(group).get("deregistrationDelay"))
        wait = seconds(node.custom_timeouts.get("delete", "20m"))
        if delay is not None and wait is not None and wait <= delay:
            yield node, f"draining takes {delay:g} s, and its removal is given up after {wait / 60:g} minutes"


_MODEL = "botocore ecs"

RULES = (
    Rule(
        "target-type-ip",
        "Tasks with awsvpc are targets by address",
        f"{_MODEL} CreateServiceRequest.loadBalancers (facts serving.md 2a, awsvpc)",
        'Write targetType "ip".',
        _target_type,
    ),
    Rule(
        "service-container-port",
        "A service balances a port that its task definition maps",
        f"{_MODEL} LoadBalancer.containerPort",
        "Name a container and one of its ports.",
        _container,
    ),
    Rule(
        "service-target-group-in-use",
        "A service is refused while its target group hangs on no load balancer",
        "ECS CreateService: InvalidParameterException, the target group does not have an associated load balancer",
        "Add a listener rule that forwards to it.",
        _orphan,
    ),
    Rule(
        "service-network",
        "A service with awsvpc names 1 to 16 subnets and 5 security groups at most",
        f"{_MODEL} AwsVpcConfiguration",
        "Write networkConfiguration within these limits.",
        _network,
    ),
    Rule(
        "service-grace-period",
        "Behind a load balancer, ECS kills a replica that is not healthy after the grace period; its default is 0 s",
        f"{_MODEL} CreateServiceRequest.healthCheckGracePeriodSeconds (facts serving.md 2a)",
        "Write how long the model may load.",
        _grace,
    ),
    Rule(
        "service-rebalancing",
        "Zone rebalancing starts a replica before it stops one",
        f"{_MODEL} CreateServiceRequest.availabilityZoneRebalancing",
        "Write a deploymentMaximumPercent above 100.",
        _rebalancing,
    ),
    Rule(
        "service-deployment-room",
        "A rolling deployment needs a maximum above its minimum",
        f"{_MODEL} DeploymentConfiguration",
        "Raise deploymentMaximumPercent or lower deploymentMinimumHealthyPercent.",
        _room,
    ),
    Rule(
        "service-capacity-strategy",
        "A strategy has one base, a weight above 0, one kind of provider, and excludes a launch type",
        f"{_MODEL} CreateServiceRequest.capacityProviderStrategy (facts serving.md 2a, Strategy mixing)",
        "Mend the strategy.",
        _capacity,
    ),
    Rule(
        "service-capacity-attached",
        "A capacity provider must belong to the cluster",
        f"{_MODEL} CapacityProviderStrategyItem.capacityProvider",
        "Add it to the cluster's capacity providers.",
        _attached,
    ),
    Rule(
        "service-circuit-breaker",
        "The circuit breaker is of ECS's own deployment controller",
        f"{_MODEL} DeploymentCircuitBreaker (facts serving.md 2a)",
        "Remove it, or deploy with the controller ECS.",
        _controller,
    ),
    Rule(
        "cluster-insights",
        "Container insights are enhanced, enabled or disabled",
        f"{_MODEL} ClusterSetting.value",
        "Write one of these.",
        _insights,
    ),
    Rule(
        "service-delete-time",
        "A service is deleted when its targets have drained",
        "facts readiness.md section 3 row 24",
        "Give customTimeouts.delete more than the deregistration delay.",
        _drain,
    ),
)
