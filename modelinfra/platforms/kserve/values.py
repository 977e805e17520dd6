"""What each chart is told: every value that matters is said, since defaults of charts change with their versions.

Pure: from validated options to mappings. The tests hold them against `catalog/kserve_chart_values.tsv`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from modelinfra.catalog.kserve_charts import CHARTS
from modelinfra.catalog.servers import SERVERS
from modelinfra.options.kserve import installs_envoy_gateway
from modelinfra.options.kserve_parts import LOCAL_MODEL_LABEL
from modelinfra.options.quantities import shown_bytes
from modelinfra.platforms.kserve.knative import operator_values
from modelinfra.platforms.kserve.prometheus import prometheus_values

KSERVE_NAMESPACE: Final = "kserve"
LOCAL_MODEL_NAMESPACE: Final = "kserve-localmodel-jobs"
GATEWAY_NAME: Final = "kserve-ingress-gateway"
GATEWAY_SERVICE: Final = "kserve-gateway"
ENVOY_NAMESPACE: Final = "envoy-gateway-system"
"""The names that KServe's own documents use: an administrator looks for them there."""

_VERSION: Final = CHARTS["kserve-resources"].version

# The chart's 100 millicores and 300MiB are too little for a cluster with many InferenceServices: the controller keeps all of them, their
# Deployments, Services and Pods in memory. While it is down no Pod of an InferenceService can start, since its webhook must not be left out.
_CONTROLLER: Final[Mapping[str, Any]] = {
    "requests": {"cpu": "100m", "memory": "300Mi"},
    "limits": {"cpu": "1", "memory": "1Gi"},
}

_KEPT: Final = {"helm.sh/resource-policy": "keep"}


def values_of(chart: str, options: Any, production: bool) -> dict[str, Any]:
    """The values of one of the pinned charts. options: validated ones."""
    return dict(_VALUES[chart](options, production))


def gateway_of(options: Any) -> tuple[str, str]:
    """Namespace and name of the gateway, where there is one."""
    existing = options.gateway.existing if options.gateway is not None else None
    return (existing.namespace, existing.name) if existing is not None else (KSERVE_NAMESPACE, GATEWAY_NAME)


def speaks_tls(options: Any) -> bool:
    """Whether clients speak HTTPS to the gateway."""
    gateway = options.gateway
    if gateway is None:
        return False
    return bool(gateway.existing.tls) if gateway.existing is not None else gateway.tls_secret is not None


def url_of_gateway(options: Any, *, envoy: bool) -> str | None:
    """Where clients reach a gateway that is made: at its host; else, inside the cluster, at the Service of its proxies. None where nobody knows.

    envoy: whether Envoy Gateway serves it.
    """
    scheme = "https" if speaks_tls(options) else "http"
    host = options.gateway.host if options.gateway is not None else None
    if isinstance(host, str) and not host.startswith("*"):
        return f"{scheme}://{host}"
    return f"http://{GATEWAY_SERVICE}.{ENVOY_NAMESPACE}" if envoy and host is None and scheme == "http" else None


def in_kubernetes(size: float) -> str:
    """A number of bytes as Kubernetes writes it."""
    return shown_bytes(size).replace(" ", "").removesuffix("B")


def _placed(options: Any) -> dict[str, Any]:
    """Where pods run, with nothing said where the user said nothing."""
    place: dict[str, Any] = {}
    if options.node_selector:
        place["nodeSelector"] = dict(options.node_selector)
    if options.tolerations:
        place["tolerations"] = [dict(each) for each in options.tolerations]
    return place


def _cert_manager(options: Any, production: bool) -> dict[str, Any]:
    tolerated = {"tolerations": _placed(options)["tolerations"]} if options.tolerations else {}
    replicas = 2 if production else 1
    scraped = options.prometheus is not None
    monitor = {"labels": dict(options.prometheus.labels)} if scraped else {}
    return {
        "crds": {"enabled": True, "keep": production},
        "global": {
            # Its default, kube-system, is closed to tenants of some managed clusters (GKE Autopilot).
            "leaderElection": {"namespace": "cert-manager"},
            **({"nodeSelector": dict(options.node_selector)} if options.node_selector else {}),
        },
        "replicaCount": replicas,
        "webhook": {"replicaCount": replicas, "podDisruptionBudget": {"enabled": production}, **tolerated},
        "cainjector": {"enabled": True, "replicaCount": replicas, **tolerated},
        # A hook after the installation, which ends when the webhook answers: what comes next finds it serving.
        "startupapicheck": {"enabled": True, "timeout": "5m", **tolerated},
        "prometheus": {"enabled": True, "podmonitor": {"enabled": scraped, **monitor}},
        **tolerated,
    }


def _gateway_api(options: Any, _production: bool) -> dict[str, Any]:
    return {
        "crds": {
            "gatewayAPI": {"enabled": options.gateway_api, "channel": "standard"},
            "envoyGateway": {"enabled": installs_envoy_gateway(options)},
        }
    }


def _envoy_gateway(options: Any, production: bool) -> dict[str, Any]:
    place = _placed(options)
    return {
        # They come by a chart of their own: Helm never upgrades what a chart has in crds/.
        "crds": {"enabled": False},
        "deployment": {"replicas": 2 if production else 1, **({"pod": place} if place else {})},
        "podDisruptionBudget": {"minAvailable": 1 if production else 0},
        **({"certgen": {"job": place}} if place else {}),
        "config": {
            "envoyGateway": {
                "gateway": {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"},
                "provider": {"type": "Kubernetes"},
                "logging": {"level": {"default": "info"}},
            }
        },
        "createNamespace": False,
        # It only tells proxies their zone. Its webhook is a hook of Helm, which helm uninstall leaves behind for every Pod to ask in vain.
        "topologyInjector": {"enabled": False},
    }


def _keda(options: Any, production: bool) -> dict[str, Any]:
    scraped = options.prometheus is not None
    monitored: dict[str, Any] = {"enabled": scraped}
    if scraped:
        monitored["podMonitor"] = {"enabled": True, "additionalLabels": dict(options.prometheus.labels)}
    replicas = 2 if production else 1
    return {
        # The CRDs stand in the chart's templates: without the annotation, helm uninstall takes every ScaledObject of the cluster along.
        "crds": {"install": True, **({"additionalAnnotations": dict(_KEPT)} if production else {})},
        "image": {"pullPolicy": "IfNotPresent"},
        "operator": {"replicaCount": replicas},
        "metricsServer": {"enabled": True, "replicaCount": replicas},
        # Its webhook only warns of ScaledObjects that contradict each other: it must not stop a deployment while it is away.
        "webhooks": {"enabled": True, "failurePolicy": "Ignore", "replicaCount": replicas},
        "prometheus": {"operator": monitored, "metricServer": dict(monitored)},
        **_placed(options),
    }


def _kserve(options: Any, _production: bool) -> dict[str, Any]:
    namespace, gateway = gateway_of(options)
    memory = in_kubernetes(options.download_memory)
    routed = options.ingress_domain is not None
    return {
        "kserve": {
            "version": _VERSION,
            "createSharedResources": True,
            # Routes lead to port 80 of Services: one without an address of its own has none but the servers' ports.
            "service": {"serviceClusterIPNone": False},
            "storage": {
                # The container default of ClusterStorageContainer; the chart's config map says 1Gi whatever is written here, and is overruled.
                "resources": {
                    "requests": {"cpu": "100m", "memory": "512Mi"},
                    "limits": {"cpu": "2", "memory": memory},
                },
                "enableModelcar": True,
            },
            "metricsaggregator": {"enableMetricAggregation": "false", "enablePrometheusScraping": "false"},
            "localmodel": {"enabled": options.local_models is not None, "jobNamespace": LOCAL_MODEL_NAMESPACE},
            # Model servers do not speak to Kubernetes. Pod Identity, IRSA and workload identities bring tokens of their own.
            "security": {"autoMountServiceAccountToken": False},
            "controller": {
                # The chart's default is Knative: without Knative every InferenceService would be refused.
                "deploymentMode": "Standard",
                "imagePullPolicy": "IfNotPresent",
                "resources": _CONTROLLER,
                "gateway": {
                    "domain": options.ingress_domain or "example.com",
                    "urlScheme": "https" if speaks_tls(options) else "http",
                    # KServe watches VirtualServices whenever Istio is in the cluster, and writes them.
                    "disableIstioVirtualHost": True,
                    "disableIngressCreation": not routed,
                    "ingressGateway": {
                        "enableGatewayApi": routed,
                        "kserveGateway": f"{namespace}/{gateway}",
                        "createGateway": False,
                    },
                },
                **_placed(options),
            },
        }
    }


def _runtimes(options: Any, _production: bool) -> dict[str, Any]:
    runtimes: dict[str, Any] = {"enabled": bool(options.runtimes)}
    if options.runtimes:
        # The chart pins images of years ago (MLServer 1.5.0, Triton 23.05, TensorFlow Serving 2.6.2).
        runtimes |= {key: {"tag": _tag(server)} for key, server in _RUNTIMES.items()}
    return {
        "kserve": {
            "version": _VERSION,
            "servingruntime": runtimes,
            "llmisvcConfigs": {"enabled": bool(options.llm_inference_services)},
        }
    }


# The chart's name of a runtime -> the server in our catalogue whose image it is.
_RUNTIMES: Final = {
    "mlserver": "mlserver",
    "tensorflow": "tensorflow-serving",
    "tritonserver": "triton",
    "vllmserver": "vllm",
}


def _tag(server: str) -> str:
    image = SERVERS[server].image
    assert image is not None
    return image.rpartition(":")[2]


def _local_models(options: Any, _production: bool) -> dict[str, Any]:
    agents: dict[str, Any] = {"imagePullPolicy": "IfNotPresent", "nodeSelector": dict([LOCAL_MODEL_LABEL])}
    if options.tolerations:
        agents["tolerations"] = _placed(options)["tolerations"]
    return {
        "kserve": {
            "version": _VERSION,
            "createSharedResources": False,
            "localmodel": {"enabled": True, "controller": {"imagePullPolicy": "IfNotPresent"}},
            "localmodelnode": {"controller": agents},
        }
    }


def _llm(options: Any, production: bool) -> dict[str, Any]:
    return {
        "kserve": {
            "version": _VERSION,
            # Both charts make the config map, the issuer and the storage container: the second one fails unless it is told not to.
            "createSharedResources": False,
            "llmisvc": {
                "createGIECRDs": True,
                "controller": {
                    "imagePullPolicy": "IfNotPresent",
                    "replicas": 2 if production else 1,
                    "resources": _CONTROLLER,
                    **_placed(options),
                },
            },
        }
    }


def _nothing(_options: Any, _production: bool) -> dict[str, Any]:
    return {}


_VALUES: Final[Mapping[str, Callable[[Any, bool], Mapping[str, Any]]]] = {
    "cert-manager": _cert_manager,
    "gateway-crds-helm": _gateway_api,
    "gateway-helm": _envoy_gateway,
    "keda": _keda,
    "kube-prometheus-stack": lambda options, production: prometheus_values(options, production, _placed(options)),
    "knative-operator": operator_values,
    "kserve-crd": _nothing,
    "kserve-resources": _kserve,
    "kserve-runtime-configs": _runtimes,
    "kserve-localmodel-crd": _nothing,
    "kserve-localmodel-resources": _local_models,
    "kserve-llmisvc-crd": _nothing,
    "kserve-llmisvc-resources": _llm,
}
