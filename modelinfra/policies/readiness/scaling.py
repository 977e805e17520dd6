"""Whether what scales follows its load, wakes up again, and has one owner of its count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from modelinfra.catalog.instance_types import instance_type
from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies import tokens
from modelinfra.policies.fargate import containers
from modelinfra.policies.readiness.nodes import NODES
from modelinfra.policies.readiness.sagemaker import CONFIGURATION, ENDPOINT
from modelinfra.policies.readiness.services import target_of
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.service import task_of
from modelinfra.policies.view import View, listed, mapping, number

GROUP: Final = "aws:autoscaling/group:Group"
PROVIDER: Final = "aws:ecs/capacityProvider:CapacityProvider"
SCHEDULED: Final = "aws:appautoscaling/scheduledAction:ScheduledAction"

# How busy a machine is, by predefined and by metric name (botocore application-autoscaling MetricType; CloudWatch: AWS/ECS,
# /aws/sagemaker/Endpoints and /aws/sagemaker/InferenceComponents; the agent's and DCGM's names of GPU metrics).
_BUSY: Final = frozenset(
    {
        "ECSServiceAverageCPUUtilization",
        "ECSServiceAverageCPUUtilizationHighResolution",
        "ECSServiceAverageMemoryUtilization",
        "ECSServiceAverageMemoryUtilizationHighResolution",
        "CPUUtilization",
        "CPUUtilizationNormalized",
        "MemoryUtilization",
        "GPUUtilization",
        "GPUUtilizationNormalized",
        "GPUMemoryUtilization",
        "GPUMemoryUtilizationNormalized",
        "GPUReservation",
        "nvidia_smi_utilization_gpu",
        "nvidia_smi_utilization_memory",
        "DCGM_FI_DEV_GPU_UTIL",
        "TaskGPUUtilization",
        "TaskGPUMemoryUtilization",
    }
)

# Predefined metrics of SageMaker that only a running copy reports (botocore application-autoscaling MetricType).
_NEEDS_A_COPY: Final = frozenset(
    {
        "SageMakerVariantInvocationsPerInstance",
        "SageMakerVariantConcurrentRequestsPerModelHighResolution",
        "SageMakerInferenceComponentInvocationsPerCopy",
        "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
    }
)
_WAKING: Final = ("NoCapacityInvocationFailures", "HasBacklogWithoutCapacity")
_AUTOSCALER_TAG: Final = "k8s.io/cluster-autoscaler/"


def _policies(view: View, target: Node) -> list[Node] | None:
    """The policies of a scaling target; None while one is of a target that is not known."""
    resource = view.inputs(target).get("resourceId")
    found = []
    for node, policy in view.each(tokens.SCALING_POLICY):
        given = policy.get("resourceId")
        if view.target(node, "resourceId", tokens.SCALING_TARGET) is target or (
            isinstance(resource, str) and given == resource
        ):
            found.append(node)
        elif not isinstance(given, str) and view.target(node, "resourceId", tokens.SCALING_TARGET) is None:
            return None
    return found


def _alarms_of(view: View, policy: Node) -> list[Node]:
    """The alarms that start a scaling policy."""
    return [
        alarm
        for alarm, given in view.each(tokens.ALARM)
        if policy in view.targets(alarm, "alarmActions", tokens.SCALING_POLICY, given.get("alarmActions"))
    ]


def _metrics(view: View, policies: list[Node] | None) -> list[Any]:
    """The metric that each policy follows; None for one that the graph does not say."""
    found: list[Any] = []
    for node in policies or ():
        given = view.inputs(node)
        followed = mapping(given.get("targetTrackingScalingPolicyConfiguration"))
        if followed:
            predefined = mapping(followed.get("predefinedMetricSpecification")).get("predefinedMetricType")
            found.append(predefined or mapping(followed.get("customizedMetricSpecification")).get("metricName"))
        else:
            alarms = _alarms_of(view, node)
            found += [view.inputs(alarm).get("metricName") for alarm in alarms] or [None]
    return found


def _accelerated_services(view: View) -> Iterator[tuple[Node, Node]]:
    """Every service whose task asks for a GPU or an inference chip, with its scaling target."""
    for service in view.all(tokens.SERVICE):
        target = target_of(view, service)
        wanted = [
            mapping(each).get("type")
            for container in containers(task_of(view, service) or {})
            for each in listed(container.get("resourceRequirements"))
        ]
        if target is not None and set(wanted) & {"GPU", "InferenceAccelerator"}:
            yield service, target


def _accelerated_variants(view: View) -> Iterator[tuple[Node, Node]]:
    """Every endpoint of SageMaker with a variant on accelerators, and that variant's scaling target."""
    for endpoint, given in view.each(ENDPOINT):
        configuration = view.target(endpoint, "endpointConfigName", CONFIGURATION)
        name = given.get("name") or endpoint.outputs.get("name")
        if configuration is None or not isinstance(name, str):
            continue
        for variant in map(mapping, listed(view.inputs(configuration).get("productionVariants"))):
            kind = variant.get("instanceType")
            known = instance_type(kind.removeprefix("ml.")) if isinstance(kind, str) else None
            if known is None or known.accelerator is None:
                continue
            for node, target in view.each(tokens.SCALING_TARGET):
                if target.get("resourceId") == f"endpoint/{name}/variant/{variant.get('variantName')}":
                    yield endpoint, node


def _busy_only(view: View) -> Found:
    for node, target in (*_accelerated_services(view), *_accelerated_variants(view)):
        metrics = _metrics(view, _policies(view, target))
        if metrics and all(isinstance(metric, str) and metric in _BUSY for metric in metrics):
            yield node, f"it runs on accelerators and scales by {', '.join(sorted(set(metrics)))} only"


def _asleep(view: View) -> Found:
    for node, target in view.each(tokens.SCALING_TARGET):
        if number(target.get("minCapacity")) != 0:
            continue
        resource = target.get("resourceId")
        scheduled = any(given.get("resourceId") in (resource, Unknown) for _, given in view.each(SCHEDULED))
        policies = _policies(view, node)
        if policies == [] and not scheduled:
            yield node, "it may go to 0, and nothing scales it up again"
        metrics = _metrics(view, policies)
        if metrics and not scheduled and all(isinstance(each, str) and each in _NEEDS_A_COPY for each in metrics):
            yield node, f"it may go to 0, and {', '.join(sorted(set(metrics)))} says nothing there"
    for alarm, given in view.each(tokens.ALARM):
        threshold = number(given.get("threshold"))
        strict = given.get("comparisonOperator") == "GreaterThanThreshold"
        if given.get("metricName") in _WAKING and strict and threshold is not None and threshold >= 1:
            yield alarm, f"one request that nobody answers is {given['metricName']} 1, and it waits for more than that"


def _ignored(node: Node, *paths: str) -> bool:
    return bool({"*", *paths} & set(node.ignore_changes))


def _two_owners(view: View) -> Found:
    for service, given in view.each(tokens.SERVICE):
        count = number(given.get("desiredCount"))
        if count is None or _ignored(service, "desiredCount", "desired_count"):
            continue
        if target_of(view, service) is not None:
            yield service, f"a scaling target sets its count, and desiredCount {count:g} sets it back"
    for provider, given in view.each(PROVIDER):
        settings = mapping(given.get("autoScalingGroupProvider"))
        group = view.target(provider, "autoScalingGroupProvider", GROUP, settings.get("autoScalingGroupArn"))
        count = number(view.inputs(group).get("desiredCapacity")) if group is not None else None
        managed = mapping(settings.get("managedScaling")).get("status") == "ENABLED"
        if group is None or count is None or not managed or _ignored(group, "desiredCapacity", "desired_capacity"):
            continue
        yield group, f"{provider.name} scales it, and desiredCapacity {count:g} sets it back"
    for node, given in view.each(NODES):
        count = number(mapping(given.get("scalingConfig")).get("desiredSize"))
        scaled = any(str(key).startswith(_AUTOSCALER_TAG) for key in mapping(given.get("tags")))
        ignored = _ignored(
            node, "scalingConfig", "scalingConfig.desiredSize", "scaling_config.desired_size", "scaling_config"
        )
        if scaled and count is not None and not ignored:
            yield node, f"the autoscaler sets its size, and desiredSize {count:g} sets it back"


_FACTS = "facts demand.md section 1 row"

RULES = (
    Rule(
        "ready-accelerator-scaling",
        "What runs on accelerators scales by its load: an accelerator is as busy with one request as with a queue of them",
        f"{_FACTS} 1 (kserve#5646, data-on-eks#569)",
        "Scale by requests, concurrency or the length of the queue, if need be beside utilisation.",
        _busy_only,
        "medium",
    ),
    Rule(
        "ready-wake-path",
        "What scales to zero is scaled up by something that is there at zero",
        f"{_FACTS} 2 and 14 (terraform-provider-aws#40606, stdapi.ai#43)",
        "Add a step policy whose alarm is NoCapacityInvocationFailures or HasBacklogWithoutCapacity at 1 or more, or write a minimum of 1.",
        _asleep,
    ),
    Rule(
        "ready-one-owner",
        "A count that something scales is not set by the program, too",
        f"{_FACTS} 3 (terraform-provider-aws PR#49069, production-stack#903)",
        "Name it in ignoreChanges.",
        _two_owners,
        "medium",
    ),
)
