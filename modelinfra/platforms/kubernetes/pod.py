"""The predictor of an InferenceService: a pod with the model's server, as the catalogue describes it. Pure data.

A container of our own and not one of the cluster's runtimes: these may be missing, or hold images of years ago, and what is started
here is what every other platform starts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from modelinfra.catalog.servers import ModelServer
from modelinfra.platforms.kubernetes.sizing import PodSizing
from modelinfra.platforms.kubernetes.sources import storage_uri
from modelinfra.platforms.served_model import ServedModel

CONTAINER = "kserve-container"
"""KServe finds the server by this name."""

_PROBE_SECONDS = 10
_ZONE, _NODE = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
_SHARED_MEMORY = "shared-memory"


def app(name: str) -> str:
    """The label `app` of the pods of an InferenceService (KServe, constants.GetRawServiceLabel)."""
    return f"isvc.{service(name)}"


def service(name: str) -> str:
    """Name of the Service, and of the Deployment, that KServe makes for an InferenceService."""
    return f"{name}-predictor"


def predictor(
    name: str, options: Any, served: ServedModel, sizing: PodSizing, platform: Any, found: Mapping[str, Any]
) -> dict[str, Any]:
    """name: of the InferenceService. found: the values of Outputs (image, environment, secrets)."""
    accelerated = sizing.accelerated
    selector = {
        "kubernetes.io/arch": "arm64" if options.architecture == "arm64" else "amd64",
        **(accelerated.node_selector if accelerated else {}),
    }
    storage = _storage(served)
    return {
        "annotations": scraped(served.server),
        "serviceAccountName": found["service_account"],
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": sizing.grace,
        # No server is sent what `SERVICE_PORT` variables of other services say, and some read such variables.
        "enableServiceLinks": False,
        "securityContext": _security(served.server, ready=served.image is not None),
        "nodeSelector": selector,
        **({"tolerations": [{"key": accelerated.resource, "operator": "Exists"}]} if accelerated else {}),
        **(
            {"imagePullSecrets": [{"name": each} for each in platform.image_pull_secrets]}
            if platform.image_pull_secrets
            else {}
        ),
        "topologySpreadConstraints": [_spread(name, key) for key in (_ZONE, _NODE)],
        # No request is refused for want of a replica while a new revision comes.
        "deploymentStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "containers": [_container(options, served, sizing, found)],
        **({"volumes": [_volume(served.server)]} if served.server.shared_memory_mib else {}),
        **({"storageUris": storage} if storage else {}),
    }


def scraped(server: ModelServer) -> dict[str, str]:
    """Annotations by which a Prometheus finds what the server tells."""
    if server.metrics_path is None:
        return {}
    port = server.ports.get("metrics", server.ports["http"])
    return {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(port),
        "prometheus.io/path": server.metrics_path,
    }


def _storage(served: ServedModel) -> list[dict[str, str]]:
    if not served.fetched:
        return []
    assert served.remote is not None
    return [{"uri": storage_uri(served.remote.source), "mountPath": served.server.model_directory}]


def _security(server: ModelServer, *, ready: bool) -> dict[str, Any]:
    """ready: an image of the user's own, whose user nobody here knows."""
    profile = {"seccompProfile": {"type": "RuntimeDefault"}}
    if ready or server.user_uid == 0:
        return profile
    # The storage initializer writes as another user: the group is what both have.
    return {**profile, "runAsNonRoot": True, "runAsUser": server.user_uid, "fsGroup": server.user_uid}


def _container(options: Any, served: ServedModel, sizing: PodSizing, found: Mapping[str, Any]) -> dict[str, Any]:
    server = served.server
    return {
        "name": CONTAINER,
        "image": found["image"],
        **_start(served),
        "env": _environment(found["environment"], found["secrets"]),
        # KServe leads the service's port 80 to the first one.
        "ports": [
            _port(role, server.ports[role]) for role in sorted(server.ports, key=lambda role: (role != "http", role))
        ],
        "resources": _resources(sizing),
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        **_probes(served, sizing),
        "lifecycle": {"preStop": {"sleep": {"seconds": sizing.drain}}},
        **({"volumeMounts": [{"name": _SHARED_MEMORY, "mountPath": "/dev/shm"}]} if server.shared_memory_mib else {}),
    }


def _start(served: ServedModel) -> dict[str, Sequence[str]]:
    """A ready image starts as it was built; of the catalogue's the command is what the library's own build would write."""
    if served.image is not None or not served.server.command:
        return {}
    return {"command" if served.server.clear_entrypoint else "args": list(served.server.command)}


def _environment(plain: Mapping[str, str], secrets: Mapping[str, str]) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in sorted(plain.items())]
    for name, reference in sorted(secrets.items()):
        secret, _, key = reference.partition("/")
        values.append({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}})
    return values


def _port(role: str, number: int) -> dict[str, Any]:
    return {"name": role, "containerPort": number, "protocol": "TCP"}


def _resources(sizing: PodSizing) -> dict[str, Any]:
    """Limits as requests, also of CPU: KServe sets its own limit of one CPU where none is said."""
    amounts = {"cpu": f"{round(sizing.cpu * 1000)}m", "memory": f"{sizing.memory_mib}Mi"}
    if sizing.accelerated is not None:
        amounts[sizing.accelerated.resource] = str(sizing.accelerated.count)
    return {"requests": amounts, "limits": dict(amounts)}


def _probes(served: ServedModel, sizing: PodSizing) -> dict[str, Any]:
    def asks(path: str, failures: int, seconds: int) -> dict[str, Any]:
        return {
            "httpGet": {"path": path, "port": served.server.ports["http"], "scheme": "HTTP"},
            "periodSeconds": _PROBE_SECONDS,
            "timeoutSeconds": seconds,
            "failureThreshold": failures,
            "successThreshold": 1,
        }

    return {
        "startupProbe": asks(served.health_path, math.ceil(sizing.startup / _PROBE_SECONDS), 5),
        "readinessProbe": asks(served.health_path, 3, 5),
        # A server under load answers late, and to kill it takes its share of the load to the others: a minute of silence is needed.
        "livenessProbe": asks(served.server.liveness_path, 6, 10),
    }


def _spread(name: str, key: str) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": app(name)}},
    }


def _volume(server: ModelServer) -> dict[str, Any]:
    return {"name": _SHARED_MEMORY, "emptyDir": {"medium": "Memory", "sizeLimit": f"{server.shared_memory_mib}Mi"}}
