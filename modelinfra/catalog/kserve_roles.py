"""The children of `KServe` by what they are for: see child_roles.py."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from modelinfra.catalog.child_roles import ChildRole

_RELEASE: Final = "pulumi_kubernetes.helm.v3.Release"
_CHART: Final = "pulumi_kubernetes.helm.v4.Chart"
_NAMESPACE: Final = "pulumi_kubernetes.core.v1.Namespace"
_OBJECT: Final = "pulumi_kubernetes.apiextensions.CustomResource"

KSERVE_ROLES: Final[Mapping[str, ChildRole]] = MappingProxyType(
    {
        "prometheus-namespace": ChildRole(_NAMESPACE, "the namespace of Prometheus, Alertmanager and Grafana"),
        "prometheus": ChildRole(
            _RELEASE, "the Prometheus operator, Prometheus, Alertmanager, kube-state-metrics and Grafana"
        ),
        "cert-manager-namespace": ChildRole(_NAMESPACE, "the namespace of cert-manager"),
        "cert-manager": ChildRole(_RELEASE, "cert-manager, which gives KServe's webhooks their certificates"),
        "gateway-api": ChildRole(
            _CHART, "the custom resource definitions of the Gateway API, and those of Envoy Gateway"
        ),
        "envoy-gateway-namespace": ChildRole(_NAMESPACE, "the namespace of Envoy Gateway and its proxies"),
        "envoy-gateway": ChildRole(_RELEASE, "Envoy Gateway"),
        "keda-namespace": ChildRole(_NAMESPACE, "the namespace of KEDA"),
        "keda": ChildRole(_RELEASE, "KEDA, which scales on the metrics of servers"),
        "knative-operator-namespace": ChildRole(_NAMESPACE, "the namespace of Knative's operator"),
        "knative-operator": ChildRole(_RELEASE, "Knative's operator"),
        "knative-namespace": ChildRole(_NAMESPACE, "the namespace of Knative Serving and Kourier"),
        "knative": ChildRole(_OBJECT, "Knative Serving and Kourier, as the operator installs them"),
        "namespace": ChildRole(_NAMESPACE, "the namespace of KServe"),
        "crds": ChildRole(_RELEASE, "KServe's custom resource definitions"),
        "controller": ChildRole(_RELEASE, "KServe's controller"),
        "llm-crds": ChildRole(_RELEASE, "the custom resource definitions of LLMInferenceService"),
        "llm-controller": ChildRole(_RELEASE, "the controller of LLMInferenceService"),
        "runtimes": ChildRole(_RELEASE, "KServe's own serving runtimes and configurations of LLMInferenceService"),
        "local-model-namespace": ChildRole(_NAMESPACE, "the namespace of the jobs that copy models to nodes"),
        "local-model-crds": ChildRole(_RELEASE, "the custom resource definitions of models that are kept on nodes"),
        "local-model-controller": ChildRole(_RELEASE, "the controller and the agents that keep models on nodes"),
        "local-model-nodes": ChildRole(_OBJECT, "the nodes that keep models, and how much"),
        "gateway-class": ChildRole(_OBJECT, "that Envoy Gateway serves the gateway"),
        "gateway-proxy": ChildRole(_OBJECT, "how its proxies run and who reaches them"),
        "gateway": ChildRole(_OBJECT, "the gateway through which requests reach endpoints"),
        "server-monitor": ChildRole(_OBJECT, "that Prometheus asks every model server for its metrics"),
        "gateway-monitor": ChildRole(_OBJECT, "that Prometheus asks the gateway's proxies for theirs"),
    }
)
"""In the order in which they are installed."""
