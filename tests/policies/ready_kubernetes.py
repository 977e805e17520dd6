"""A hand-written program for Kubernetes that is ready for production, with every kind of object that rules of readiness know.

It is made of real resources of pulumi_kubernetes, so that tokens and names of properties are the SDK's own.
"""

from __future__ import annotations

from typing import Any

from modelinfra.graph.capture import capture
from modelinfra.graph.model import Graph
from tests.making import PINNED, REGION

NAMESPACE = "team-a"
LABELS = {"app": "llm"}
RESOURCES = {"memory": "24Gi", "nvidia.com/gpu": "1"}


def ready_kubernetes(*, preview: bool = False) -> Graph:
    """The graph of it."""
    return capture(_program, config={"aws:region": REGION}, preview=preview)


def _program() -> None:
    import pulumi_kubernetes as k8s

    _cluster()
    for name, tenant in ((NAMESPACE, "a"), ("team-b", "b")):
        _tenant(name, tenant)
    k8s.helm.v3.Release("plugin", chart="nvidia-device-plugin", version="0.17.0", values={"config": {"map": {}}})
    k8s.helm.v3.Release(
        "kserve", chart="oci://ghcr.io/kserve/charts/kserve-resources", version="v0.20.0",
        values={"kserve": {"controller": {"deploymentMode": "Standard"}}},
    )  # fmt: skip
    _pools()
    _small()
    _model()
    _route()


def _cluster() -> None:
    import pulumi_aws as aws

    aws.budgets.Budget("month", budget_type="COST", time_unit="MONTHLY", limit_amount="5000", limit_unit="USD")
    aws.eks.NodeGroup(
        "gpus", cluster_name="k8s", node_role_arn="arn:aws:iam::123456789012:role/nodes", ami_type="AL2023_x86_64_NVIDIA",
        subnet_ids=["subnet-1", "subnet-2"], instance_types=["g5.xlarge", "g6.xlarge"], version="1.35",
        scaling_config={"min_size": 0, "desired_size": 1, "max_size": 4}, node_repair_config={"enabled": True},
        taints=[{"key": "accelerated", "value": "yes", "effect": "NO_SCHEDULE"}],
    )  # fmt: skip
    aws.eks.Addon(
        "cni", cluster_name="k8s", addon_name="vpc-cni", configuration_values='{"enableNetworkPolicy": "true"}'
    )


def _tenant(name: str, tenant: str) -> None:
    """A namespace with its quota, its closed network, and a server on a GPU that KEDA scales."""
    import pulumi_kubernetes as k8s

    space = k8s.core.v1.Namespace(
        name,
        metadata={"name": name, "labels": {"tenant": tenant, "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"}},
    )
    inside = {"namespace": space.metadata["name"]}
    k8s.core.v1.ResourceQuota(name, metadata=inside, spec={"hard": {"requests.nvidia.com/gpu": "4"}})
    k8s.networking.v1.NetworkPolicy(name, metadata=inside, spec={"pod_selector": {}, "policy_types": ["Ingress"]})
    k8s.core.v1.ConfigMap(f"settings-{name}", metadata=inside, data={"plugin.yaml": "version: v1"})
    server = k8s.apps.v1.Deployment(
        f"llm-{name}", metadata=inside,
        spec={"selector": {"match_labels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": _pod()}},
    )  # fmt: skip
    k8s.core.v1.Service(f"llm-{name}", metadata=inside, spec={"selector": LABELS, "ports": [{"port": 80}]})
    k8s.policy.v1.PodDisruptionBudget(
        f"llm-{name}", metadata=inside, spec={"max_unavailable": 1, "selector": {"match_labels": LABELS}}
    )
    k8s.networking.v1.Ingress(
        f"llm-{name}", metadata={**inside, "annotations": {"alb.ingress.kubernetes.io/target-type": "ip"}},
        spec={"ingress_class_name": "alb"},
    )  # fmt: skip
    trigger = {"type": "prometheus", "metadata": {"query": "sum(vllm:num_requests_waiting)", "threshold": "5"}}
    _custom(
        f"llm-{name}", "keda.sh/v1alpha1", "ScaledObject", inside,
        {
            "scaleTargetRef": {"name": server.metadata["name"]}, "minReplicaCount": 2, "maxReplicaCount": 4,
            "triggers": [trigger],
        },
    )  # fmt: skip


def _pod() -> dict[str, Any]:
    probe = {"http_get": {"path": "/health", "port": 8000}, "period_seconds": 10}
    return {
        "termination_grace_period_seconds": 90,
        "tolerations": [{"key": "accelerated", "operator": "Exists", "effect": "NoSchedule"}],
        "topology_spread_constraints": [
            {
                "topology_key": "topology.kubernetes.io/zone", "max_skew": 1, "when_unsatisfiable": "ScheduleAnyway",
                "label_selector": {"match_labels": LABELS},
            }
        ],
        "containers": [
            {
                "name": "server", "image": PINNED, "args": ["--model=m", "--shutdown-timeout", "60"],
                "ports": [{"container_port": 8000}], "resources": {"limits": RESOURCES, "requests": RESOURCES},
                "startup_probe": {**probe, "failure_threshold": 60}, "readiness_probe": probe, "liveness_probe": probe,
                "lifecycle": {"pre_stop": {"exec_": {"command": ["sh", "-c", "sleep 15"]}}},
            }
        ],
    }  # fmt: skip


def _small() -> None:
    """A server without accelerator in a namespace that is nobody's, scaled by its CPU."""
    import pulumi_kubernetes as k8s

    inside, labels = {"namespace": "web"}, {"app": "small"}
    memory = {"memory": "2Gi"}
    pod = _pod()
    pod["containers"][0] |= {"resources": {"limits": memory, "requests": {"memory": "2048Mi", "cpu": 1}}, "args": []}
    server = k8s.apps.v1.Deployment(
        "small", metadata=inside,
        spec={"selector": {"match_labels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    )  # fmt: skip
    k8s.autoscaling.v2.HorizontalPodAutoscaler(
        "small", metadata=inside,
        spec={
            "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": server.metadata["name"]},
            "min_replicas": 2, "max_replicas": 6,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "average_utilization": 60}}}],
        },
    )  # fmt: skip
    k8s.policy.v1.PodDisruptionBudget(
        "small", metadata=inside, spec={"min_available": "50%", "selector": {"match_labels": labels}}
    )
    k8s.core.v1.ResourceQuota("web", metadata=inside, spec={"hard": {"requests.memory": "64Gi"}})
    k8s.networking.v1.NetworkPolicy("web", metadata=inside, spec={"pod_selector": {}, "policy_types": ["Ingress"]})


def _model() -> None:
    """A model by KServe in Standard mode, which KEDA scales."""
    model = {
        "modelFormat": {"name": "sklearn"}, "storageUri": "s3://acme/digits",
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
    }  # fmt: skip
    tolerations = [{"key": "accelerated", "operator": "Exists"}]
    _custom(
        "digits", "serving.kserve.io/v1beta1", "InferenceService",
        {"namespace": NAMESPACE, "annotations": {"serving.kserve.io/autoscalerClass": "keda"}},
        {"predictor": {"minReplicas": 2, "model": model, "tolerations": tolerations}},
    )  # fmt: skip


def _route() -> None:
    """A host that the internet reaches, where tokens are asked for."""
    group = "gateway.networking.k8s.io"
    listener = {"name": "https", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "models-tls"}]}}
    service = {
        "type": "LoadBalancer",
        "annotations": {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing"},
    }
    proxy = {"type": "Kubernetes", "kubernetes": {"envoyService": service}}
    _custom(
        "proxy",
        "gateway.envoyproxy.io/v1alpha1",
        "EnvoyProxy",
        {"name": "proxy", "namespace": "gateways"},
        {"provider": proxy},
    )
    _custom(
        "front",
        f"{group}/v1",
        "Gateway",
        {"name": "front", "namespace": "gateways"},
        {
            "gatewayClassName": "envoy",
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}, listener],
            "infrastructure": {
                "parametersRef": {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": "proxy"}
            },
        },
    )
    provider = {"name": "login", "issuer": "https://login.acme.ai", "remoteJWKS": {"uri": "https://login.acme.ai/keys"}}
    _custom(
        "digits",
        "gateway.envoyproxy.io/v1alpha1",
        "SecurityPolicy",
        {"name": "digits", "namespace": NAMESPACE},
        {"targetRefs": [{"group": group, "kind": "HTTPRoute", "name": "digits"}], "jwt": {"providers": [provider]}},
    )
    parent = {"kind": "Gateway", "name": "front", "namespace": "gateways", "sectionName": "https"}
    _custom(
        "digits", f"{group}/v1", "HTTPRoute", {"name": "digits", "namespace": NAMESPACE},
        {"parentRefs": [parent], "hostnames": ["digits.acme.ai"], "rules": [{"backendRefs": [{"name": "digits-predictor", "port": 80}]}]},
    )  # fmt: skip


def _pools() -> None:
    requirements = [
        {"key": "karpenter.k8s.aws/instance-gpu-count", "operator": "Gt", "values": ["0"]},
        {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["g5.xlarge", "g6.xlarge"]},
        {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["us-west-2a", "us-west-2b"]},
    ]
    taint = {"key": "accelerated", "value": "yes", "effect": "NoSchedule"}
    _custom(
        "gpu", "karpenter.sh/v1", "NodePool", {},
        {
            "limits": {"nvidia.com/gpu": "8"},
            "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "30m", "budgets": [{"nodes": "1"}]},
            "template": {"spec": {"requirements": requirements, "taints": [taint]}},
        },
    )  # fmt: skip


def _custom(name: str, version: str, kind: str, metadata: dict[str, Any], spec: dict[str, Any]) -> None:
    import pulumi_kubernetes as k8s

    k8s.apiextensions.CustomResource(name, api_version=version, kind=kind, metadata=metadata, spec=spec)
