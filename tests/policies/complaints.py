"""What operators of model serving complain about (facts demand.md section 1), planted in a program that is ready."""

from __future__ import annotations

import copy
from typing import Any

from modelinfra.graph.model import Graph, Node
from modelinfra.policies import tokens as t
from modelinfra.policies.readiness import nodes, sagemaker, scaling
from tests.policies.editing import Edit, Mistake, find, lose, put, text

MLSERVER = "docker.io/seldonio/mlserver:1.7.1"
_TRACKING = "targetTrackingScalingPolicyConfiguration"
_CONTAINERS = "containerDefinitions"


def both(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(graph: Graph) -> None:
        for each in edits:
            each(graph)

    return edit


def new(token: str, name: str, inputs: dict[str, Any], **behind: Node) -> Edit:
    """A further resource; behind: the resource on which an input depends, by the input's name."""

    def edit(graph: Graph) -> None:
        graph.nodes[f"urn:pulumi:dev::shop::{token}::{name}"] = Node(
            f"urn:pulumi:dev::shop::{token}::{name}", name, token, inputs=copy.deepcopy(inputs), id=f"{name}-id",
            property_deps={key: [node.urn] for key, node in behind.items()},
        )  # fmt: skip

    return edit


def scaled(resource: str, least: int, *metrics: str, step: bool = False) -> Edit:
    """A scaling target of SageMaker and a policy for each metric, predefined or (step) by an alarm."""

    def edit(graph: Graph) -> None:
        for target in graph.all(t.SCALING_TARGET):
            if target.inputs.get("resourceId") == resource:
                del graph.nodes[target.urn]
        new(t.SCALING_TARGET, "scaled", {"resourceId": resource, "minCapacity": least, "maxCapacity": 4})(graph)
        for metric in metrics:
            name = f"by-{metric}"
            if step:
                new(t.SCALING_POLICY, name, {"resourceId": resource, "policyType": "StepScaling"})(graph)
                policy = find(graph, t.SCALING_POLICY, name)
                policy.outputs["arn"] = f"arn:{name}"
                alarm = {"metricName": metric, "alarmActions": [f"arn:{name}"], "threshold": 1}
                new(t.ALARM, name, {**alarm, "comparisonOperator": "GreaterThanOrEqualToThreshold"})(graph)
            else:
                followed = {"predefinedMetricSpecification": {"predefinedMetricType": metric}, "targetValue": 5}
                new(t.SCALING_POLICY, name, {"resourceId": resource, _TRACKING: followed})(graph)

    return edit


def on_gpu(graph: Graph) -> None:
    """The variant of the endpoint runs on a GPU."""
    put(sagemaker.CONFIGURATION, "productionVariants[0].instanceType", "ml.g5.xlarge")(graph)


def custom_metric(metric: str) -> Edit:
    """The service's policy follows a metric of its own."""
    return put(
        t.SCALING_POLICY, _TRACKING, {"customizedMetricSpecification": {"metricName": metric}, "targetValue": 5}, "cpu"
    )


GPU_TASK: Edit = text(t.TASK, _CONTAINERS, "[0].resourceRequirements", [{"type": "GPU", "value": "1"}])
VARIANT = "endpoint/sentiment/variant/all"
COMPONENT = "inference-component/sentiment"


def open_server(graph: Graph) -> None:
    """MLServer behind a load balancer that is open to the internet, without a firewall."""
    text(t.TASK, _CONTAINERS, "[0].image", MLSERVER)(graph)
    lose("aws:wafv2/webAclAssociation:WebAclAssociation")(graph)
    opening = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}
    new(t.GROUP, "front", {"ingress": [opening]})(graph)
    put(t.LOAD_BALANCER, "securityGroups", ["front-id"])(graph)


def budget_of_a_tag(limit: str, **tags: str) -> Edit:
    """A budget of what carries the tag `team` with the value web, which the load balancer has among `tags`."""
    budget = "aws:budgets/budget:Budget"
    filters = [{"name": "TagKeyValue", "values": ["user:team$web"]}]
    return both(
        put(budget, "limitAmount", limit), put(budget, "costFilters", filters), put(t.LOAD_BALANCER, "tags", tags)
    )


def rule(name: str, priority: int, action: dict[str, Any], *conditions: dict[str, Any]) -> Edit:
    """A rule of the HTTPS listener."""

    def edit(graph: Graph) -> None:
        listener = find(graph, t.LISTENER, "https")
        new(
            t.LISTENER_RULE, name, {"priority": priority, "actions": [action], "conditions": list(conditions)},
            listenerArn=listener,
        )(graph)  # fmt: skip

    return edit


def paths(*values: str) -> dict[str, Any]:
    """A condition of a rule."""
    return {"pathPattern": {"values": list(values)}}


def managed_group(count: int | None) -> Edit:
    """An Auto Scaling group behind a capacity provider that scales it."""
    size = {} if count is None else {"desiredCapacity": count}
    managed = {"autoScalingGroupArn": "gpus-id", "managedScaling": {"status": "ENABLED"}}
    return both(
        new(scaling.GROUP, "gpus", {"minSize": 0, "maxSize": 4, **size}),
        new(scaling.PROVIDER, "provider", {"autoScalingGroupProvider": managed}),
    )


def wake_alarm(comparison: str) -> Edit:
    """An alarm of requests that find no copy."""
    asked = {"metricName": "NoCapacityInvocationFailures", "threshold": 1, "comparisonOperator": comparison}
    return new(t.ALARM, "wake", asked)


AUTOSCALED: Edit = put(nodes.NODES, "tags", {"k8s.io/cluster-autoscaler/enabled": "true"})
SPOT_TASKS: Edit = put(t.SERVICE, "capacityProviderStrategies", [{"capacityProvider": "FARGATE_SPOT", "weight": 1}])

COMPLAINTS = (
    Mistake("GPU by CPU", GPU_TASK, "ready-accelerator-scaling"),
    Mistake("GPU by GPU", both(GPU_TASK, custom_metric("GPUUtilization")), "ready-accelerator-scaling"),
    Mistake(
        "variant by CPU", both(on_gpu, scaled(VARIANT, 2, "CPUUtilization", step=True)), "ready-accelerator-scaling"
    ),
    Mistake("variant asleep", put(t.SCALING_TARGET, "minCapacity", 0, "variant"), "ready-wake-path"),
    Mistake(
        "component asleep", scaled(COMPONENT, 0, "SageMakerInferenceComponentInvocationsPerCopy"), "ready-wake-path"
    ),
    Mistake("alarm above one", wake_alarm("GreaterThanThreshold"), "ready-wake-path"),
    Mistake("count", put(t.SERVICE, "desiredCount", 2), "ready-one-owner"),
    Mistake("nodes", AUTOSCALED, "ready-one-owner"),
    Mistake("instances", managed_group(1), "ready-one-owner"),
    Mistake("fixed name", put(sagemaker.CONFIGURATION, "name", "sentiment"), "ready-sagemaker-config-kept"),
    Mistake("side routes", open_server, "ready-side-routes"),
    Mistake("spot nodes", lose(nodes.NODES, "steady"), "ready-spot-only"),
    Mistake("spot tasks", SPOT_TASKS, "ready-spot-only"),
    Mistake(
        "spot instances",
        new(
            scaling.GROUP,
            "spot",
            {
                "mixedInstancesPolicy": {
                    "instancesDistribution": {"onDemandBaseCapacity": 0, "onDemandPercentageAboveBaseCapacity": 0}
                }
            },
        ),
        "ready-spot-only",
    ),
    Mistake("small budget", both(put("aws:budgets/budget:Budget", "limitAmount", "10")), "ready-budget-enough"),
    Mistake("small budget of a tag", budget_of_a_tag("10", team="web"), "ready-budget-enough"),
)
