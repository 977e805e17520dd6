"""Knative Serving as its operator installs it, for InferenceServices in Knative mode. Pure: a mapping as Kubernetes takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

OPERATOR_NAMESPACE: Final = "knative-operator"
SERVING_NAMESPACE: Final = "knative-serving"
"""The names that Knative's own documents use. Kourier lies in the second, too: the operator moves everything there."""

_VERSION: Final = "1.21.1"
"""Of Serving: what KServe 0.20 is tested with (kserve-deps.env), and among those that the pinned operator brings."""

_FEATURES: Final = ("nodeselector", "tolerations", "topologyspreadconstraints", "securitycontext", "init-containers")
"""What Knative refuses in a pod unless it is told otherwise: what endpoints need. The last fetches models (KServe's `storageUris`)."""

_WORKLOADS: Final = (
    "activator",
    "autoscaler",
    "autoscaler-hpa",
    "controller",
    "webhook",
    "net-kourier-controller",
    "3scale-kourier-gateway",
)
"""Its Deployments (knative/operator, kodata of 1.21)."""


def knative_serving(options: Any, production: bool) -> dict[str, Any]:
    """Knative Serving with Kourier, which the cluster alone reaches."""
    place: dict[str, Any] = {}
    if options.node_selector:
        place["nodeSelector"] = dict(options.node_selector)
    if options.tolerations:
        place["tolerations"] = [dict(each) for each in options.tolerations]
    return {
        "apiVersion": "operator.knative.dev/v1beta1",
        "kind": "KnativeServing",
        "metadata": {
            "name": "knative-serving",
            "namespace": SERVING_NAMESPACE,
            # Its webhook judges what KServe makes: nothing comes before it answers.
            "annotations": {"pulumi.com/waitFor": "condition=Ready"},
        },
        "spec": {
            "version": _VERSION,
            "high-availability": {"replicas": 2 if production else 1},
            # Requests come through the gateway of the endpoints, or from the cluster itself.
            "ingress": {"kourier": {"enabled": True, "service-type": "ClusterIP"}},
            "config": {
                "network": {"ingress-class": "kourier.ingress.networking.knative.dev"},
                # Every Service is the cluster's own, also one that forgot its label.
                "domain": {"svc.cluster.local": ""},
                "features": {f"kubernetes.podspec-{each}": "enabled" for each in _FEATURES},
                # Registries that limit or refuse whom they do not know: their tags stay as they are written.
                "deployment": {"registries-skipping-tag-resolving": "nvcr.io,index.docker.io"},
            },
            **({"workloads": [{"name": each, **place} for each in _WORKLOADS]} if place else {}),
        },
    }


def operator_values(options: Any, _production: bool) -> Mapping[str, Any]:
    """Values of the operator's chart, which has none for a selector of nodes."""
    tolerated = {"tolerations": [dict(each) for each in options.tolerations or ()]}
    return {"knative_operator": {"knative_operator": tolerated, "operator_webhook": tolerated}}
