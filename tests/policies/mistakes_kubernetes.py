"""A mistake for every rule of readiness about Kubernetes, planted in tests/policies/ready_kubernetes.py."""

from __future__ import annotations

import copy
from typing import Any

from modelinfra.graph.model import Graph
from modelinfra.graph.values import Unknown
from modelinfra.policies.readiness.nodes import NODES
from tests.policies.editing import Edit, Mistake, drop, find, lose, put, twice

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
HPA = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
SCALED = "kubernetes:keda.sh/v1alpha1:ScaledObject"
SERVICE = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
POOL = "kubernetes:karpenter.sh/v1:NodePool"
NAMESPACE = "kubernetes:core/v1:Namespace"
QUOTA = "kubernetes:core/v1:ResourceQuota"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
CONFIG = "kubernetes:core/v1:ConfigMap"
RELEASE = "kubernetes:helm.sh/v3:Release"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
PROXY = "kubernetes:gateway.envoyproxy.io/v1alpha1:EnvoyProxy"
SECURITY = "kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy"
_CORS = {"targetRefs": [{"kind": "HTTPRoute", "name": "digits"}], "cors": {"allowOrigins": ["https://acme.ai"]}}
ADDON = "aws:eks/addon:Addon"
_POD = "spec.template.spec"
_SERVER = f"{_POD}.containers[0]"
_SLICES = "sharing:\n  timeSlicing:\n    resources: []\n"


def _server(path: str, value: Any, name: str = "llm-team-a") -> Edit:
    return put(DEPLOYMENT, f"{_SERVER}.{path}", value, name)


def _all(*edits: Edit) -> Edit:
    def edit(graph: Graph) -> None:
        for each in edits:
            each(graph)

    return edit


def _scaled_by_two(graph: Graph) -> None:
    small, llm = find(graph, HPA), find(graph, SCALED, "llm-team-a")
    node = copy.deepcopy(small)
    node.urn, node.name = f"{small.urn}-twin", "twin"
    node.inputs["metadata"] = dict(llm.inputs["metadata"])
    node.inputs["spec"]["scaleTargetRef"]["name"] = llm.inputs["spec"]["scaleTargetRef"]["name"]
    graph.nodes[node.urn] = node


def _ungated(graph: Graph) -> None:
    del find(graph, NAMESPACE, "team-b").inputs["metadata"]["labels"]["elbv2.k8s.aws/pod-readiness-gate-inject"]


def _cpu_of_llm(graph: Graph) -> None:
    find(graph, SCALED, "llm-team-a").inputs["spec"]["triggers"] = [{"type": "cpu"}]


def _mode(graph: Graph) -> None:
    annotations = find(graph, SERVICE).inputs["metadata"]["annotations"]
    annotations["serving.kserve.io/deploymentMode"] = "RawDeployment"
    annotations["serving.kserve.io/autoscalerClass"] = "hpa"


_ASLEEP = _all(_mode, put(SERVICE, "spec.predictor.minReplicas", 0))
_TO_ZERO = _all(_cpu_of_llm, put(SCALED, "spec.minReplicaCount", 0, "llm-team-a"))
_ONE_ZONE = [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["us-west-2a"]}]
_ONE_TYPE = [{"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["g5.xlarge"]}]

_PLANTED: tuple[tuple[str, Edit, str], ...] = (
    ("an old EKS", put(NODES, "version", "1.33"), "ready-eks-version"),
    ("an ancient EKS", put(NODES, "version", "1.28"), "ready-eks-version"),
    ("no budget of disruptions", lose(BUDGET, "llm-team-a"), "ready-pod-budget"),
    ("a budget of other pods", put(BUDGET, "spec.selector.matchLabels.app", "x", "llm-team-a"), "ready-pod-budget"),
    ("a budget elsewhere", put(BUDGET, "metadata.namespace", "web", "llm-team-a"), "ready-pod-budget"),
    ("nothing unavailable", put(BUDGET, "spec.maxUnavailable", 0, "llm-team-a"), "ready-pod-budget-blocks"),
    ("none unavailable", put(BUDGET, "spec.maxUnavailable", "0%", "llm-team-a"), "ready-pod-budget-blocks"),
    ("all available", put(BUDGET, "spec.minAvailable", "100%", "small"), "ready-pod-budget-blocks"),
    ("as many as there are", put(BUDGET, "spec.minAvailable", 2, "small"), "ready-pod-budget-blocks"),
    ("a share that is all", put(BUDGET, "spec.minAvailable", "51%", "small"), "ready-pod-budget-blocks"),
    ("one replica by HPA", put(HPA, "spec.minReplicas", 1), "ready-pod-replicas"),
    ("one replica by itself", lose(HPA), "ready-pod-replicas"),
    ("one replica by KServe", put(SERVICE, "spec.predictor.minReplicas", 1), "ready-pod-replicas"),
    ("all on one node", drop(DEPLOYMENT, f"{_POD}.topologySpreadConstraints", "llm-team-a"), "ready-pod-spread"),
    ("no readiness", drop(DEPLOYMENT, f"{_SERVER}.readinessProbe", "llm-team-a"), "ready-pod-readiness"),
    ("no liveness", drop(DEPLOYMENT, f"{_SERVER}.livenessProbe", "llm-team-a"), "ready-pod-liveness"),
    ("no startup", drop(DEPLOYMENT, f"{_SERVER}.startupProbe", "llm-team-a"), "ready-pod-startup"),
    (
        "30 s to stop",
        drop(DEPLOYMENT, f"{_POD}.terminationGracePeriodSeconds", "llm-team-a"),
        "ready-pod-drain",
    ),
    ("a long sleep", _server("lifecycle.preStop", {"sleep": {"seconds": 120}}, "small"), "ready-pod-drain"),
    ("a long shutdown", _server("args", ["--shutdown-timeout=80"]), "ready-pod-drain"),
    ("no gate", _ungated, "ready-pod-gate"),
    ("no memory limit", drop(DEPLOYMENT, f"{_SERVER}.resources.limits.memory", "small"), "ready-pod-memory"),
    ("more memory", _server("resources.limits.memory", "4Gi", "small"), "ready-pod-memory"),
    ("two GPUs asked", _server("resources", {"requests": {"nvidia.com/gpu": 2}}), "ready-gpu-requests"),
    ("two GPUs given", _server("resources.limits", {"memory": "24Gi", "nvidia.com/gpu": 2}), "ready-gpu-requests"),
    ("no toleration", drop(DEPLOYMENT, f"{_POD}.tolerations", "llm-team-a"), "ready-gpu-toleration"),
    ("no toleration of a model", drop(SERVICE, "spec.predictor.tolerations"), "ready-gpu-toleration"),
    ("no device plugin", lose(RELEASE, "plugin"), "ready-gpu-plugin"),
    ("operator and plugin", twice(RELEASE, "plugin", chart="gpu-operator"), "ready-gpu-plugin-once"),
    ("plugin and Bottlerocket", _all(lose(POOL), put(NODES, "amiType", "BOTTLEROCKET_x86_64_NVIDIA")), "ready-gpu-plugin-once"),
    ("turns by file", put(CONFIG, "data", {"plugin.yaml": _SLICES}), "ready-gpu-sharing"),
    ("turns by chart", put(RELEASE, "values.config.map", {"default": _SLICES}, "plugin"), "ready-gpu-sharing"),
    ("a GPU by CPU", _cpu_of_llm, "ready-gpu-scaling"),
    ("a model by CPU", put(SERVICE, "spec.predictor.scaleMetric", "cpu"), "ready-gpu-scaling"),
    ("a model by default", _mode, "ready-gpu-scaling"),
    ("two owners", put(DEPLOYMENT, "spec.replicas", 3, "llm-team-a"), "ready-scaler-owns"),
    ("two scalers", _scaled_by_two, "ready-scaler-once"),
    ("asleep by KEDA", _TO_ZERO, "ready-pod-wake"),
    ("asleep by HPA", put(HPA, "spec.minReplicas", 0), "ready-pod-wake"),
    ("asleep by KServe", _ASLEEP, "ready-pod-wake"),
    ("no canary", put(SERVICE, "spec.predictor.canaryTrafficPercent", 10), "ready-canary-mode"),
    ("endless", drop(POOL, "spec.limits"), "ready-pool-limits"),
    ("restless", drop(POOL, "spec.disruption"), "ready-pool-consolidation"),
    ("at once", put(POOL, "spec.disruption.consolidateAfter", "0s"), "ready-pool-consolidation"),
    ("no bounds", drop(POOL, "spec.disruption.budgets"), "ready-pool-budgets"),
    ("one type of Karpenter", put(POOL, "spec.template.spec.requirements", _ONE_TYPE), "ready-pool-types"),
    ("one zone of Karpenter", put(POOL, "spec.template.spec.requirements", _ONE_ZONE), "ready-pool-zones"),
    ("no quota of a tenant", lose(QUOTA, "team-a"), "ready-tenant-quota"),
    ("no wall", lose(POLICY, "team-a"), "ready-tenant-network"),
    ("a wall for some", put(POLICY, "spec.podSelector", {"matchLabels": {"app": "x"}}, "team-a"), "ready-tenant-network"),
    ("a wall with a door", put(POLICY, "spec.ingress", [{}], "team-a"), "ready-tenant-network"),
    ("a wall to the outside", put(POLICY, "spec.policyTypes", ["Egress"], "team-a"), "ready-tenant-network"),
    ("no quota", lose(QUOTA, "web"), "ready-serving-quota"),
    ("no wall for nobody", lose(POLICY, "web"), "ready-serving-network"),
    ("policies of paper", drop(ADDON, "configurationValues"), "ready-policies-enforced"),
    ("policies off", put(ADDON, "configurationValues", '{"enableNetworkPolicy": "false"}'), "ready-policies-enforced"),
)  # fmt: skip

_ROUTES: tuple[tuple[str, Edit, str], ...] = (
    ("a route that asks nobody", lose(SECURITY), "ready-public-route"),
    ("a policy of another route", put(SECURITY, "spec.targetRefs[0].name", "other"), "ready-public-route"),
    ("a policy that asks for nothing", put(SECURITY, "spec", _CORS), "ready-public-route"),
    ("tokens over HTTP", drop(ROUTE, "spec.parentRefs[0].sectionName"), "ready-encrypted-route"),
)
KUBERNETES_MISTAKES = tuple(Mistake(name, edit, rule, "kubernetes") for name, edit, rule in (*_PLANTED, *_ROUTES))

# What is not known until the deployment: each hides a thing that a rule looks for, and none may then be a finding.
HIDDEN: tuple[Edit, ...] = (
    put(DEPLOYMENT, "spec", Unknown, "llm-team-a"),
    put(DEPLOYMENT, "spec.template", Unknown, "llm-team-a"),
    put(DEPLOYMENT, _POD, Unknown, "llm-team-a"),
    put(DEPLOYMENT, f"{_POD}.containers", Unknown, "llm-team-a"),
    put(DEPLOYMENT, _SERVER, Unknown, "llm-team-a"),
    put(DEPLOYMENT, "spec.template.metadata.labels", Unknown, "llm-team-a"),
    put(DEPLOYMENT, "metadata", Unknown, "llm-team-a"),
    put(DEPLOYMENT, "metadata.namespace", Unknown, "llm-team-a"),
    put(DEPLOYMENT, f"{_POD}.tolerations", Unknown, "llm-team-a"),
    put(DEPLOYMENT, f"{_POD}.topologySpreadConstraints", Unknown, "llm-team-a"),
    put(DEPLOYMENT, f"{_POD}.terminationGracePeriodSeconds", Unknown, "llm-team-a"),
    _server("resources", Unknown),
    _server("resources.limits", Unknown),
    _server("resources.requests", Unknown),
    _server("resources.limits.memory", Unknown),
    _server("livenessProbe.failureThreshold", Unknown),
    _server("startupProbe", Unknown),
    _server("lifecycle", Unknown),
    _server("args", Unknown),
    put(BUDGET, "spec", Unknown, "llm-team-a"),
    put(BUDGET, "spec.selector", Unknown, "llm-team-a"),
    put(BUDGET, "spec.maxUnavailable", Unknown, "llm-team-a"),
    put(BUDGET, "spec.minAvailable", Unknown, "small"),
    put(HPA, "spec", Unknown),
    put(HPA, "spec.metrics", Unknown),
    put(HPA, "spec.minReplicas", Unknown),
    put(HPA, "spec.scaleTargetRef", Unknown),
    put(SCALED, "spec", Unknown, "llm-team-a"),
    put(SCALED, "spec.triggers", Unknown, "llm-team-a"),
    put(SCALED, "spec.minReplicaCount", Unknown, "llm-team-a"),
    put(SCALED, "spec.scaleTargetRef.name", Unknown, "llm-team-a"),
    put(SERVICE, "metadata.annotations", Unknown),
    put(SERVICE, "spec", Unknown),
    put(SERVICE, "spec.predictor", Unknown),
    put(SERVICE, "spec.predictor.minReplicas", Unknown),
    put(SERVICE, "spec.predictor.tolerations", Unknown),
    put(POOL, "spec", Unknown),
    put(POOL, "spec.limits", Unknown),
    put(POOL, "spec.disruption", Unknown),
    put(POOL, "spec.disruption.budgets", Unknown),
    put(POOL, "spec.disruption.consolidationPolicy", Unknown),
    put(POOL, "spec.disruption.consolidateAfter", Unknown),
    put(POOL, "spec.template", Unknown),
    put(POOL, "spec.template.spec.taints", Unknown),
    put(POOL, "spec.template.spec.requirements", Unknown),
    put(NAMESPACE, "metadata.labels", Unknown, "team-a"),
    put(NAMESPACE, "metadata", Unknown, "team-a"),
    put(QUOTA, "spec", Unknown, "team-a"),
    put(QUOTA, "metadata.namespace", Unknown, "team-a"),
    put(POLICY, "spec", Unknown, "team-a"),
    put(POLICY, "spec.podSelector", Unknown, "team-a"),
    put(POLICY, "metadata.namespace", Unknown, "team-a"),
    put(ADDON, "configurationValues", Unknown),
    put(ADDON, "addonName", Unknown),
    put(RELEASE, "values", Unknown, "plugin"),
    put(RELEASE, "chart", Unknown, "plugin"),
    put(NODES, "amiType", Unknown),
    put(NODES, "taints", Unknown),
    put(NODES, "version", Unknown),
    put(SECURITY, "spec", Unknown),
    put(SECURITY, "spec.targetRefs", Unknown),
    put(SECURITY, "spec.targetRefs[0].name", Unknown),
    put(SECURITY, "metadata.namespace", Unknown),
    put(ROUTE, "spec", Unknown),
    put(ROUTE, "spec.parentRefs", Unknown),
    put(ROUTE, "metadata.labels", Unknown),
    put(ROUTE, "metadata.name", Unknown),
    put(GATEWAY, "spec", Unknown),
    put(GATEWAY, "metadata.name", Unknown),
    put(PROXY, "spec", Unknown),
)  # fmt: skip
