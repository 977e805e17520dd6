"""kube-prometheus-stack: what it is told, and what endpoints are told of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelinfra.options.kserve import installs_envoy_gateway
from modelinfra.options.quantities import shown_bytes

PROMETHEUS_NAMESPACE: Final = "monitoring"

URL: Final = f"http://kube-prometheus-stack-prometheus.{PROMETHEUS_NAMESPACE}:9090"
"""The Service's name is the release's, with an ending (templates/prometheus/service.yaml)."""

_RETENTION: Final = "10d"


def installs_prometheus(options: Any) -> bool:
    """Whether it is installed. options: validated ones."""
    return options.prometheus is not None and bool(options.prometheus.install)


def reference(options: Any) -> Mapping[str, Any] | None:
    """The `prometheus` of a KubernetesPlatform on this cluster; None where nothing was said of one."""
    if options.prometheus is None:
        return None
    there = {"url": URL, "grafana": True} if installs_prometheus(options) else {}
    envoy = {"envoy_gateway": True} if installs_envoy_gateway(options) else {}
    labels = {"labels": dict(options.prometheus.labels)} if options.prometheus.labels else {}
    return {**there, "operator": True, **labels, **envoy}


def prometheus_values(options: Any, production: bool, place: Mapping[str, Any]) -> dict[str, Any]:
    """place: where pods run."""
    asked = options.prometheus
    replicas = 2 if production else 1
    spec: dict[str, Any] = {
        "replicas": replicas,
        "retention": _RETENTION,
        # Its default takes only what carries the label of this release: monitors and rules of endpoints need none.
        "podMonitorSelectorNilUsesHelmValues": False,
        "serviceMonitorSelectorNilUsesHelmValues": False,
        "ruleSelectorNilUsesHelmValues": False,
        **place,
    }
    if asked.storage is not None:
        size = shown_bytes(asked.storage).replace(" ", "").removesuffix("B")
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
        spec["storageSpec"] = {"volumeClaimTemplate": {"spec": claim}}
    account: dict[str, Any] = {}
    if asked.remote_write is not None:
        address = asked.remote_write.workspace_url.rstrip("/")
        region = address.split(".")[1]
        spec["remoteWrite"] = [{"url": f"{address}/api/v1/remote_write", "sigv4": {"region": region}}]
        if asked.remote_write.role_arn is not None:
            account = {"annotations": {"eks.amazonaws.com/role-arn": asked.remote_write.role_arn}}
    return {
        "crds": {"enabled": True},
        "prometheus": {"enabled": True, "prometheusSpec": spec, **({"serviceAccount": account} if account else {})},
        # Configurations of every namespace, each for the alarms of its own.
        "alertmanager": {
            "enabled": True,
            "alertmanagerSpec": {
                "replicas": replicas,
                "alertmanagerConfigSelector": {},
                "alertmanagerConfigNamespaceSelector": {},
                **place,
            },
        },
        "prometheusOperator": dict(place),
        "kubeStateMetrics": {"enabled": True},
        "nodeExporter": {"enabled": True},
        "grafana": {
            "enabled": True,
            "sidecar": {
                "dashboards": {
                    "enabled": True,
                    "label": "grafana_dashboard",
                    "labelValue": "1",
                    "searchNamespace": "ALL",
                }
            },
        },
        # Managed clusters show none of these to anybody, and alarms that they are down would never end.
        **{key: {"enabled": False} for key in ("kubeControllerManager", "kubeEtcd", "kubeScheduler", "kubeProxy")},
    }
