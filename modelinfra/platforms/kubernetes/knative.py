"""KServe's Knative mode: what of a predictor Knative takes, the way between revisions, and how requests of a gateway come in. Pure data.

"Knative" is knative.dev/serving at v0.48.0 (its release 1.21, which KServe 0.20 is tested with); "KServe" is kserve/kserve at v0.20.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.options.problems import Problem
from modelinfra.options.revisions import STABLE, headers, weights
from modelinfra.platforms.kubernetes.knative_scaling import KnativeScaling
from modelinfra.platforms.kubernetes.pod import service
from modelinfra.platforms.kubernetes.route import forwarded, parents
from modelinfra.platforms.kubernetes.sizing import PodSizing

LONGEST_REQUEST: Final = 600
"""Knative, config/core/configmaps/defaults.yaml: max-revision-timeout-seconds. A Service that asks for more is refused."""

_RESERVED_PORTS: Final = frozenset({8008, 8012, 8013, 8022, 9090, 9091})
"""Knative, pkg/apis/serving/k8s_validation.go: its own proxy beside the server listens on them."""

_PROXY_PORTS: Final = (8012, 8013, 8022, 9090, 9091)
"""Of its proxy beside the server: requests, probes of the activator, and what the autoscaler and a Prometheus ask."""

_RESERVED_VARIABLES: Final = frozenset({"PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"})
"""Knative, likewise. PORT it sets itself, to the container's port."""

LABEL: Final = "serving.kserve.io/inferenceservice"
"""On every pod of an InferenceService, in either mode. Knative writes `app` itself."""

VISIBILITY: Final = {"networking.knative.dev/visibility": "cluster-local"}
"""In the cluster alone: KServe hands the label on to the Service of Knative."""

_MANDATORY: Final = ("terminationGracePeriodSeconds", "deploymentStrategy")
"""Of a predictor: the first follows from `timeout` there, the second is refused by KServe."""


def unservable(options: Any, served: Any, sizing: PodSizing) -> Iterator[Problem]:
    """What Knative does not take, with paths relative to the endpoint."""
    if sizing.longest_request > LONGEST_REQUEST:
        given = options.longest_request
        reason = f"Knative ends requests after {LONGEST_REQUEST} s at most"
        remedy = f'Write "{LONGEST_REQUEST}s" or less, or use a platform with `serving: kserve`.'
        yield Problem("longest_request", reason, remedy, given if given is not None else f"{sizing.longest_request}s")
    port = served.server.ports["http"]
    if port in _RESERVED_PORTS:
        reason = "Knative's own proxy listens there, in the same pod"
        yield Problem("server.ports.http", reason, "Write another port.", port)
    for name in sorted(_RESERVED_VARIABLES & {*(options.environment or {}), *(options.secrets or {})}):
        key = "environment" if name in (options.environment or {}) else "secrets"
        yield Problem(f"{key}.{name}", "Knative sets this variable itself", "Remove it.")


def knative_predictor(
    name: str, standard: Mapping[str, Any], plan: KnativeScaling, sizing: PodSizing
) -> dict[str, Any]:
    """What is left of a predictor of Standard mode. name: of the InferenceService.

    Knative has one port and no `lifecycle`: its proxy holds a replica that goes until what it began is answered, as long as `timeout`.
    """
    (container,) = standard["containers"]
    kept = {key: value for key, value in standard.items() if key not in _MANDATORY}
    http = container["ports"][0]["containerPort"]
    return {
        **kept,
        "annotations": {**standard["annotations"], **plan.annotations, **_deadline(sizing)},
        "topologySpreadConstraints": [
            {**each, "labelSelector": {"matchLabels": {LABEL: name}}} for each in standard["topologySpreadConstraints"]
        ],
        "containers": [
            {
                **{key: value for key, value in container.items() if key != "lifecycle"},
                "ports": [{"name": "http1", "containerPort": http, "protocol": "TCP"}],
                "env": [each for each in container["env"] if each["name"] not in _RESERVED_VARIABLES],
            }
        ],
        "minReplicas": plan.least,
        "maxReplicas": plan.most,
        "scaleMetric": plan.metric,
        "scaleTarget": plan.target,
        "timeout": sizing.longest_request,
    }


def _deadline(sizing: PodSizing) -> dict[str, str]:
    """A revision that is not ready by then has failed; Knative's own is ten minutes."""
    return {"serving.knative.dev/progress-deadline": f"{sizing.start_seconds}s"}


def ports_of(server: Any) -> list[int]:
    """What may be reached of a replica: the server's ports of predictions and metrics, and those of Knative's proxy."""
    return sorted({*server.ports.values(), *_PROXY_PORTS})


def shared_route(options: Any, services: Mapping[str, str]) -> dict[str, Any]:
    """Spec of a Route of Knative that divides traffic. services: revision -> name of its InferenceService.

    Of our own: `canaryTrafficPercent` of KServe divides between what is declared and what happened to run before, and knows two of them.
    """
    return {
        "traffic": [
            {"configurationName": service(services[name]), "latestRevision": True, "percent": share}
            for name, share in weights(options).items()
            if share
        ]
    }


def shared_name(name: str) -> str:
    """Of that Route. Not the endpoint's, which KServe may take for a Service."""
    return f"{name}-traffic"


def knative_http_route(
    options: Any, path: str, platform: Any, namespace: str, services: Mapping[str, str], seconds: int
) -> dict[str, Any]:
    """Requests at a gateway go to Knative's own inside the cluster, which tells services apart by their host."""

    def host(name: str) -> str:
        return f"{name}.{namespace}.svc.cluster.local"

    inner = platform.knative_gateway
    backend = {
        "group": "",
        "kind": "Service",
        "name": inner.name,
        "namespace": inner.namespace,
        "port": 80,
        "weight": 1,
    }
    every = shared_name(services[STABLE]) if options.revisions else service(services[STABLE])
    return {
        "parentRefs": parents(platform.gateway),
        "rules": [
            *(
                forwarded(path, headers(name, each), [backend], seconds, host=host(service(services[name])))
                for name, each in sorted(options.revisions.items())
            ),
            forwarded(path, {}, [backend], seconds, host=host(every)),
        ],
    }


def grant(namespace: str) -> dict[str, Any]:
    """Spec of a ReferenceGrant: routes of a namespace may lead to Services of the one in which Knative's gateway is."""
    return {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": namespace}],
        "to": [{"group": "", "kind": "Service"}],
    }
