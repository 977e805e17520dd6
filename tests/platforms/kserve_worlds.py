"""Installations of KServe that the tests share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from modelinfra import KServe
from modelinfra.graph.capture import capture
from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import plain

_SYSTEM = {
    "node_selector": {"karpenter.sh/controller": "true"},
    "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
}
_NLB = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}

CONFIGURATIONS: Mapping[str, Mapping[str, Any]] = {
    "EKS with Karpenter and GPUs": {
        "production": True,
        "gateway": {"service": "LoadBalancer", "service_annotations": _NLB, "tls_secret": "models-tls"},
        "prometheus": {"labels": {"release": "kube-prometheus-stack"}},
        "local_models": {"size": "500GiB"},
        **_SYSTEM,
    },
    "EKS Auto Mode, for LLMs": {
        "gateway": {
            "service": "LoadBalancer",
            "service_annotations": {},
            "load_balancer_class": "eks.amazonaws.com/nlb",
            "host": "*.models.example.com",
        },
        "llm_inference_services": True,
        "ingress_domain": "models.example.com",
    },
    "any kubeconfig": {},
    "any kubeconfig, with Knative": {"knative": True},
}

ADOPTED: Mapping[str, Any] = {
    "cert_manager": False,
    "gateway_api": False,
    "keda": False,
    "crds": False,
    "gateway": {"existing": {"name": "shared", "namespace": "gateways", "tls": True}},
}

EVERYTHING: Mapping[str, Any] = {
    **CONFIGURATIONS["EKS with Karpenter and GPUs"],
    "ingress_domain": "models.example.com",
    "knative": True,
    "llm_inference_services": True,
    "runtimes": True,
    "prometheus": {
        "labels": {"release": "kube-prometheus-stack"},
        "install": True,
        "storage": "50GiB",
        "remote_write": {
            "workspace_url": "https://aps-workspaces.us-west-2.amazonaws.com/workspaces/ws-0123456789",
            "role_arn": "arn:aws:iam::123456789012:role/prometheus",
        },
    },
}


def installed(**options: Any) -> Graph:
    """The graph of one installation."""

    def program() -> None:
        cluster = k8s.Provider("cluster", kubeconfig="{}")
        KServe("serving", opts=pulumi.ResourceOptions(provider=cluster), **options)

    return capture(program)


def children(graph: Graph) -> dict[str, Node]:
    """Child role -> resource."""
    return {node.name.removeprefix("serving-"): node for node in graph if node.type.startswith("kubernetes:")}


def manifest(node: Node) -> dict[str, Any]:
    """An object as the cluster is given it."""
    given: dict[str, Any] = plain(node.inputs)
    return given


def chart_of(node: Node) -> str | None:
    """The chart of a release, by its own name."""
    return str(plain(node.inputs["chart"])).rpartition("/")[2] if "helm.sh" in node.type else None


def leaves(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Path -> value of everything that is no mapping; lists of mappings are walked, others are values."""
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            yield from leaves(value, f"{path}.{key}")
    elif isinstance(tree, list) and tree and all(isinstance(each, Mapping) for each in tree):
        for index, value in enumerate(tree):
            yield from leaves(value, f"{path}[{index}]")
    else:
        yield path, tree
