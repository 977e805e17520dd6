"""What requests feel, what is watched, how much there is to serve with, what only moves, what is quiet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from modelinfra.graph.model import Node
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding
from modelinfra.review.findings import capacity, moves, removal, traffic, watching
from modelinfra.review.findings.quiet import quiet
from tests.review.making import ENDPOINT, ENVIRONMENT, changes, node, only, task, told, urn

SERVICE, GROUP, RULE = "aws:ecs/service:Service", "aws:lb/targetGroup:TargetGroup", "aws:lb/listenerRule:ListenerRule"
ALARM, LOG, CLUSTER = (
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:ecs/cluster:Cluster",
)
ACTION = "aws:appautoscaling/scheduledAction:ScheduledAction"
TARGET, POLICY = "aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"
Find = Callable[[Changes], Iterator[Finding]]


def service(image: str = "a", **inputs: Any) -> list[Node]:
    definition, group = task({"name": "model", "image": image}), node(GROUP, "to", deregistrationDelay=60)
    rolled = {
        "healthCheckGracePeriodSeconds": 120,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        **inputs,
    }
    return [
        definition,
        group,
        node(SERVICE, "chat", **rolled, deps={"taskDefinition": [definition], "loadBalancers": [group]}),
    ]


def test_a_new_revision_rolls_and_says_how() -> None:
    found = only(traffic.findings, service("a"), service("b"))
    assert (found.severity, found.title) == ("note", "rolling deployment of the service chat")
    assert found.text == (
        "At least 100 % of the tasks serve, at most 200 % run at the same time. A new task has 120 s to start before a failed "
        "health check ends it. A task that goes has 60 s to finish its requests. Tasks that do not start roll it back."
    )


def test_a_deployment_that_loses_capacity() -> None:
    assert told(traffic.findings, service(), service(deploymentMinimumHealthyPercent=50)) == [
        ("medium", "deployments of the service chat lose capacity")
    ]
    assert told(traffic.findings, service(), service(deploymentMinimumHealthyPercent=0))[0][0] == "high"
    assert told(traffic.findings, service(deploymentMinimumHealthyPercent=50), service()) == []


MASK = "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy"


def masks(*kinds: str) -> dict[str, Any]:
    """Inputs of a policy that masks these kinds of data."""
    found = [f"arn:aws:dataprotection::aws:data-identifier/{kind}" for kind in kinds]
    statement = {"DataIdentifier": found, "Operation": {"Deidentify": {"MaskConfig": {}}}}
    return {"policyDocument": json.dumps({"Statement": [statement]})}


RULES = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"


def rules(limit: str = "0.5", wait: str = "0s") -> dict[str, Any]:
    """An object with one alarm of Prometheus."""
    question = f"(count_over_time((histogram_quantile(0.99, x) > {limit})[5m:1m]) >= 3) and (sum(y) >= 1000)"
    alarm = {"alert": "p99", "expr": question, "for": wait}
    return {"spec": {"groups": [{"name": "a", "rules": [alarm]}]}}


@pytest.mark.parametrize(
    ("find", "token", "before", "after", "severity", "title"),
    [
        (traffic.findings, SERVICE, {"healthCheckGracePeriodSeconds": 300}, {"healthCheckGracePeriodSeconds": 30}, "low", "the service it has less time to start"),
        (traffic.findings, SERVICE, {"deploymentCircuitBreaker": {"rollback": True}}, {}, "medium", "the circuit breaker no longer rolls the service it back"),
        (traffic.findings, GROUP, {"deregistrationDelay": 300}, {"deregistrationDelay": 10}, "low", "the target group it drains for a shorter time"),
        (traffic.findings, GROUP, {"healthCheck": {"path": "/a"}}, {"healthCheck": {"path": "/b"}}, "low", "the health check of the target group it changes"),
        (traffic.findings, RULE, {"conditions": [{"pathPattern": {"values": ["/a"]}}]}, {"conditions": [{"pathPattern": {"values": ["/b"]}}]}, "medium", "the listener rule it takes other requests"),
        (traffic.findings, RULE, {"actions": [{"forward": {"targetGroups": [{"arn": "a", "weight": 90}, {"arn": "b", "weight": 10}]}}]}, {"actions": [{"forward": {"targetGroups": [{"arn": "a", "weight": 50}, {"arn": "b", "weight": 50}]}}]}, "low", "the listener rule it divides requests differently: a from 90 to 50 % and b from 10 to 50 %"),
        (traffic.findings, "aws:lb/loadBalancer:LoadBalancer", {"idleTimeout": 120}, {}, "low", "the load balancer it waits less long for an answer"),
        (watching.findings, ALARM, {"threshold": 5, "comparisonOperator": "GreaterThanThreshold"}, {"threshold": 20, "comparisonOperator": "GreaterThanThreshold"}, "medium", "the alarm it tells later"),
        (watching.findings, ALARM, {"threshold": 5, "comparisonOperator": "LessThanThreshold"}, {"threshold": 1, "comparisonOperator": "LessThanThreshold"}, "medium", "the alarm it tells later"),
        (watching.findings, ALARM, {"evaluationPeriods": 2}, {"evaluationPeriods": 10}, "low", "the alarm it takes longer to tell"),
        (watching.findings, ALARM, {"evaluationPeriods": 3}, {"evaluationPeriods": 1}, "note", "the alarm it tells sooner, and more often for nothing"),
        (watching.findings, ALARM, {"alarmActions": ["arn:topic"]}, {"alarmActions": []}, "medium", "the alarm it tells nobody"),
        (watching.findings, ALARM, {}, {"actionsEnabled": False}, "medium", "the alarm it tells nobody"),
        (watching.findings, RULES, rules(), {"spec": {"groups": []}}, "medium", "the rules of Prometheus it has no alarm p99 any more"),
        (watching.findings, RULES, rules(), rules(limit="0.8"), "medium", "the rules of Prometheus it: p99 tells later"),
        (watching.findings, RULES, rules(), rules(limit="0.2"), "note", "the rules of Prometheus it: p99 tells earlier"),
        (watching.findings, RULES, rules(wait="1m"), rules(wait="10m"), "low", "the rules of Prometheus it: p99 takes longer to tell"),
        (watching.findings, LOG, {"retentionInDays": 30}, {"retentionInDays": 3}, "low", "the log group it keeps logs for 3 days only"),
        (watching.findings, MASK, masks("EmailAddress", "Name"), masks("Name"), "high", "the log data protection policy it no longer masks EmailAddress"),
        (watching.findings, LOG, {}, {"retentionInDays": 30}, "low", "the log group it keeps logs for 30 days only"),
        (watching.findings, CLUSTER, {"settings": [{"name": "containerInsights", "value": "enhanced"}]}, {"settings": []}, "low", "the cluster it has less detailed insights"),
        (watching.findings, "aws:lb/loadBalancer:LoadBalancer", {"accessLogs": {"enabled": True}}, {}, "medium", "the load balancer it no longer logs requests"),
        (capacity.findings, TARGET, {"minCapacity": 2}, {"minCapacity": 1}, "medium", "the scaling target it: least replicas down from 2 to 1"),
        (capacity.findings, ACTION, {"scalableTargetAction": {"minCapacity": 4}}, {"scalableTargetAction": {"minCapacity": 2}}, "medium", "the scheduled action it: least replicas from then on down from 4 to 2"),
        (capacity.findings, TARGET, {"maxCapacity": 10}, {"maxCapacity": 20}, "low", "the scaling target it: most replicas up from 10 to 20"),
        (capacity.findings, "aws:autoscaling/group:Group", {"maxSize": 4}, {"maxSize": 2}, "medium", "the Auto Scaling group it: most machines down from 4 to 2"),
        (capacity.findings, "aws:eks/nodeGroup:NodeGroup", {"scalingConfig": {"minSize": 2}}, {"scalingConfig": {"minSize": 3}}, "low", "the node group it: least nodes up from 2 to 3"),
        (capacity.findings, "aws:ec2/launchTemplate:LaunchTemplate", {"instanceType": "g5.xlarge"}, {"instanceType": "g6.xlarge"}, "medium", "the launch template it: instanceType from g5.xlarge to g6.xlarge"),
        (capacity.findings, "aws:ecs/taskDefinition:TaskDefinition", {"memory": "4096"}, {"memory": "2048"}, "medium", "the task definition it: MiB of a task down from 4096 to 2048"),
        (capacity.findings, SERVICE, {"capacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1}]}, {"capacityProviderStrategies": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}, "low", "the service it: capacity from FARGATE (base 0, weight 1) to FARGATE_SPOT (base 0, weight 1)"),
        (capacity.findings, POLICY, {"targetTrackingScalingPolicyConfiguration": {"targetValue": 50}}, {"targetTrackingScalingPolicyConfiguration": {"targetValue": 90}}, "low", "the scaling policy it scales at 90 instead of 50"),
    ],
)  # fmt: skip
def test_one_change_of_one_resource(
    find: Find, token: str, before: dict[str, Any], after: dict[str, Any], severity: str, title: str
) -> None:
    found = told(find, [node(token, "it", **before)], [node(token, "it", **after)])
    assert (severity, title) in found
    assert told(find, [node(token, "it", **before)], [node(token, "it", **before)]) == []


def test_a_number_that_an_autoscaler_writes_is_no_change() -> None:
    before, after = (
        replace(node(SERVICE, "it", desiredCount=count, tags={"count": str(count)}), ignore_changes=["desiredCount"])
        for count in (4, 1)
    )
    assert told(capacity.findings, [before], [after]) == []


def test_an_alarm_that_is_removed_is_told_unless_its_endpoint_goes() -> None:
    endpoint = node(ENDPOINT, "prod-iris")
    alarm = node(ALARM, "prod-iris-5xx", parent=endpoint.urn)
    assert told(watching.findings, [endpoint, alarm], [endpoint]) == [("medium", "removes the alarm of prod-iris")]
    assert told(watching.findings, [endpoint, alarm], []) == []


def test_a_scaling_policy_that_is_removed_is_told_unless_its_endpoint_goes() -> None:
    endpoint = node(ENDPOINT, "prod-iris")
    policy = node(POLICY, "prod-iris-cpu", parent=endpoint.urn)
    assert told(capacity.findings, [endpoint, policy], [endpoint]) == [("medium", "prod-iris loses a scaling policy")]
    assert told(capacity.findings, [endpoint, policy], []) == []


def test_an_endpoint_that_comes_goes_or_moves() -> None:
    def world(**urls: str) -> list[Node]:
        environment = node(ENVIRONMENT, "prod")
        found = [node(ENDPOINT, f"prod-{name}", parent=environment.urn) for name in urls]
        return [
            environment,
            *(replace(each, outputs={"predict_url": url}) for each, url in zip(found, urls.values(), strict=True)),
        ]

    assert told(traffic.findings, world(), world(iris="u")) == [("note", "adds the endpoint iris")]
    assert told(traffic.findings, world(iris="u"), world()) == [("high", "removes the endpoint iris")]
    assert told(traffic.findings, world(iris="u"), world(iris="v")) == [("high", "the address of iris changes")]


def test_a_way_in_or_out_that_goes_is_told_with_whom_it_touches() -> None:
    table, subnet = node("aws:ec2/routeTable:RouteTable", "t"), node("aws:ec2/subnet:Subnet", "s")
    nat = node("aws:ec2/natGateway:NatGateway", "nat")
    route = node("aws:ec2/route:Route", "r", deps={"natGatewayId": [nat], "routeTableId": [table]})
    associated = node(
        "aws:ec2/routeTableAssociation:RouteTableAssociation", "a", deps={"routeTableId": [table], "subnetId": [subnet]}
    )
    chat = node(SERVICE, "chat", deps={"networkConfiguration": [subnet]})
    rest = [table, subnet, associated, chat]
    found = only(removal.findings, [nat, route, *rest], rest)
    assert found.title == "deletes the NAT gateway nat: its subnets lose this way out"
    assert "It touches chat." in found.text
    assert told(removal.findings, [replace(nat, retain_on_delete=True), route, *rest], rest) == []


def test_a_rename_says_which_alias_would_keep_it() -> None:
    def world(name: str) -> list[Node]:
        environment = node(ENVIRONMENT, "prod")
        endpoint = node(ENDPOINT, f"prod-{name}", parent=environment.urn)
        logs = node(LOG, f"prod-{name}-logs", parent=endpoint.urn, retentionInDays=30)
        return [environment, endpoint, logs]

    found = only(moves.findings, world("iris"), world("lily"))
    assert found.title == "iris becomes lily: 1 resource made anew that could stay"
    assert 'pulumi.Alias(name="prod-iris")' in found.remedy


def test_a_resource_that_moves_below_a_component_says_so() -> None:
    component = node("modelinfra:index:EcsCluster", "web")
    before, after = node(LOG, "logs", retentionInDays=7), node(LOG, "web-logs", parent=component.urn, retentionInDays=7)
    found = only(moves.findings, [component, before], [component, after])
    assert 'pulumi.Alias(name="logs", parent=pulumi.ROOT_STACK_RESOURCE)' in found.remedy


def test_tags_and_hashes_are_counted() -> None:
    digests = ["sha256:" + each * 64 for each in "ab"]
    before = [
        node(LOG, "l", tags={"a": "1"}),
        task({"name": "m", "image": f"r@{digests[0]}"}),
        node(CLUSTER, "c", tags={"a": "1"}, settings=[]),
    ]
    after = [
        node(LOG, "l", tags={"a": "2"}),
        task({"name": "m", "image": f"r@{digests[1]}"}),
        node(CLUSTER, "c", tags={"a": "2"}, settings=[1]),
    ]
    assert [each.urn for each in quiet(changes(before, after))] == [
        urn(LOG, "l"),
        urn("aws:ecs/taskDefinition:TaskDefinition", "task"),
    ]


def test_an_account_number_is_no_hash() -> None:
    before, after = (
        node(SERVICE, "s", cluster=f"arn:aws:ecs:us-west-2:{account}:cluster/web") for account in ("1" * 12, "2" * 12)
    )
    assert quiet(changes([before], [after])) == ()


def test_another_load_balancer_in_front_changes_the_address_where_a_preview_does_not_know_it() -> None:
    def world(name: str) -> list[Node]:
        endpoint, balancer = node(ENDPOINT, "prod-iris"), node("aws:lb/loadBalancer:LoadBalancer", name, internal=True)
        listener = node("aws:lb/listener:Listener", name, deps={"loadBalancerArn": [balancer]})
        rule = node(RULE, "prod-iris-rule", parent=endpoint.urn, deps={"listenerArn": [listener]})
        return [endpoint, balancer, listener, rule]

    assert told(traffic.findings, world("one"), world("two")) == [("high", "the address of prod-iris changes")]
    assert told(traffic.findings, world("one"), world("one")) == []
