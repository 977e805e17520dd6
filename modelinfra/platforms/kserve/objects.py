"""The Kubernetes objects beside the charts: the gateway, monitors, and nodes that keep models. Pure: mappings as Kubernetes takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelinfra.options.kserve_parts import LOCAL_MODEL_LABEL
from modelinfra.platforms.kserve.values import (
    GATEWAY_NAME,
    GATEWAY_SERVICE,
    KSERVE_NAMESPACE,
    in_kubernetes,
    speaks_tls,
)

GATEWAY_CLASS: Final = "kserve-envoy"
ROUTES_FROM: Final = {"namespaces": {"from": "All"}}
"""Endpoints stand in namespaces of their own; who may write routes there, Kubernetes' own rights say."""

DRAIN: Final = "5m"
"""How long a proxy that is taken away may still answer. Envoy Gateway's own is a minute: models write longer."""

_PROXY: Final = "kserve-gateway"
_ENVOY_CONTROLLER: Final = "gateway.envoyproxy.io/gatewayclass-controller"
_ANNOTATION = "__meta_kubernetes_pod_annotation_"
_ANNOTATED = ("prometheus_io", "prometheus_kserve_io")
"""Who says where metrics are: endpoints of modelinfra in the usual annotations, KServe's own runtimes in those of KServe, which win."""


def gateway_class() -> dict[str, Any]:
    """The class that Envoy Gateway serves."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": GATEWAY_CLASS},
        "spec": {"controllerName": _ENVOY_CONTROLLER},
    }


def gateway_proxy(options: Any, production: bool) -> dict[str, Any]:
    """How Envoy Gateway runs the gateway's proxies."""
    gateway = options.gateway
    kind = (gateway.service if gateway is not None else None) or "ClusterIP"
    # Named, since Envoy Gateway's own names end in something that nobody can know before.
    service: dict[str, Any] = {"name": GATEWAY_SERVICE, "type": kind}
    if gateway is not None and gateway.service_annotations:
        service["annotations"] = dict(gateway.service_annotations)
    if gateway is not None and gateway.load_balancer_class is not None:
        service["loadBalancerClass"] = gateway.load_balancer_class
    pod: dict[str, Any] = {}
    if options.node_selector:
        pod["nodeSelector"] = dict(options.node_selector)
    if options.tolerations:
        pod["tolerations"] = [dict(each) for each in options.tolerations]
    kubernetes: dict[str, Any] = {"envoyService": service}
    if production:
        kubernetes["envoyPDB"] = {"minAvailable": 1}
        pod["topologySpreadConstraints"] = [_apart("topology.kubernetes.io/zone"), _apart("kubernetes.io/hostname")]
    kubernetes["envoyDeployment"] = {"replicas": 2 if production else 1, **({"pod": pod} if pod else {})}
    return {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "EnvoyProxy",
        "metadata": {"name": _PROXY, "namespace": KSERVE_NAMESPACE},
        "spec": {
            "provider": {"type": "Kubernetes", "kubernetes": kubernetes},
            # A proxy that goes lets answers end that are under way, for so long at most; it goes as soon as there are none.
            "shutdown": {"drainTimeout": DRAIN},
        },
    }


def gateway(options: Any) -> dict[str, Any]:
    """The gateway: one listener, for HTTP or for HTTPS."""
    asked = options.gateway
    secret = asked.tls_secret if asked is not None else None
    listener: dict[str, Any] = {
        "name": listener_name(options),
        "port": 80,
        "protocol": "HTTP",
        "allowedRoutes": ROUTES_FROM,
    }
    if secret is not None:
        tls = {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": secret}]}
        listener |= {"port": 443, "protocol": "HTTPS", "tls": tls}
    if asked is not None and asked.host is not None:
        listener["hostname"] = asked.host
    class_name = asked.class_name if asked is not None else None
    spec: dict[str, Any] = {"gatewayClassName": class_name or GATEWAY_CLASS, "listeners": [listener]}
    if asked is not None and asked.listener_sets:
        spec["allowedListeners"] = ROUTES_FROM
    if class_name is None:
        reference = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": _PROXY}
        spec["infrastructure"] = {"parametersRef": reference}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": GATEWAY_NAME, "namespace": KSERVE_NAMESPACE},
        "spec": spec,
    }


def listener_name(options: Any) -> str:
    """Of the one listener of a gateway that is made."""
    return "https" if speaks_tls(options) else "http"


def server_monitor(labels: Mapping[str, str]) -> dict[str, Any]:
    """Asks the container of every InferenceService's replica, on the port and path that its annotations name."""
    served = "__meta_kubernetes_pod_label_serving_kserve_io_inferenceservice"
    return _monitor(
        "kserve-model-servers",
        labels,
        {
            "matchExpressions": [
                {"key": "serving.kserve.io/inferenceservice", "operator": "Exists"},
                # Endpoints of modelinfra that bring a monitor of their own would be counted twice.
                {"key": "modelinfra/monitor", "operator": "DoesNotExist"},
            ]
        },
        {
            "relabelings": [
                _keep("__meta_kubernetes_pod_container_name", "kserve-container"),
                *(_label(f"{_ANNOTATION}{each}_port", "__tmp_port", "([0-9]+)") for each in _ANNOTATED),
                _keep("__tmp_port", "[0-9]+"),
                {
                    "sourceLabels": ["__address__", "__tmp_port"],
                    "regex": r"(.+?)(?::[0-9]+)?;([0-9]+)",
                    "replacement": "$1:$2",
                    "targetLabel": "__address__",
                },
                *(_label(f"{_ANNOTATION}{each}_path", "__metrics_path__") for each in _ANNOTATED),
                _label(served, "inferenceservice"),
            ]
        },
    )


def gateway_monitor(labels: Mapping[str, str]) -> dict[str, Any]:
    """Asks Envoy Gateway's proxies, wherever they run."""
    selected = {"app.kubernetes.io/component": "proxy", "app.kubernetes.io/managed-by": "envoy-gateway"}
    return _monitor(
        "kserve-gateway", labels, {"matchLabels": selected}, {"port": "metrics", "path": "/stats/prometheus"}
    )


def local_model_nodes(options: Any) -> dict[str, Any]:
    """The nodes that keep models: LocalModelCaches name this group."""
    size, storage_class = in_kubernetes(options.local_models.size), "kserve-local-models"
    key, value = LOCAL_MODEL_LABEL
    labelled = [{"key": key, "operator": "In", "values": [value]}]
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "LocalModelNodeGroup",
        "metadata": {"name": "models"},
        "spec": {
            "storageLimit": size,
            "persistentVolumeClaimSpec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": size}},
                "storageClassName": storage_class,
            },
            "persistentVolumeSpec": {
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": size},
                # The directory that the chart's agents mount.
                "local": {"path": "/models"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": labelled}]}},
                "storageClassName": storage_class,
            },
        },
    }


def _monitor(
    name: str, labels: Mapping[str, str], selector: Mapping[str, Any], endpoint: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": name, "namespace": KSERVE_NAMESPACE, "labels": dict(labels)},
        "spec": {
            "namespaceSelector": {"any": True},
            "selector": dict(selector),
            "podMetricsEndpoints": [{"interval": "15s", **endpoint}],
        },
    }


def _apart(key: str) -> dict[str, Any]:
    labels = {"gateway.envoyproxy.io/owning-gateway-name": GATEWAY_NAME}
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels},
    }


def _keep(label: str, pattern: str) -> dict[str, Any]:
    return {"sourceLabels": [label], "regex": pattern, "action": "keep"}


def _label(source: str, target: str, pattern: str = "(.+)") -> dict[str, Any]:
    """What does not match leaves the target as it is."""
    return {"sourceLabels": [source], "regex": pattern, "targetLabel": target}
