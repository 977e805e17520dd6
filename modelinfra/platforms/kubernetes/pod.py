"""The predictor of an InferenceService: a pod with the model's server, as the catalogue describes it. Pure data.

A container of our own and not one of the cluster's runtimes: these may be missing, or hold images of years ago, and what is started
here is what every other platform starts.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from modelinfra import naming
from modelinfra.catalog.gpu_sharing import ACCELERATOR, MEMORY
from modelinfra.catalog.servers import ModelServer
from modelinfra.options.prometheus import has_operator
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.kubernetes.agent import of_agent
from modelinfra.platforms.kubernetes.placement import Accelerated
from modelinfra.platforms.kubernetes.sizing import PodSizing
from modelinfra.platforms.kubernetes.sources import storage_uri
from modelinfra.platforms.served_model import ServedModel

CONTAINER = "kserve-container"
"""KServe finds the server by this name."""

_LONGEST_NAME = 63 - len("isvc.-predictor")
"""KServe makes a Service of the InferenceService's name and an ending, and a label of its pods of both; either has 63 characters at most."""

OWN_MONITOR: Final = {"modelinfra/monitor": "endpoint"}
"""Label of pods that a PodMonitor of their endpoint asks."""

_PROBE_SECONDS = 10
ZONE, NODE = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
_SHARED_MEMORY, _MODEL = "shared-memory", "model"
_FILES = "served-models"
_DIGEST = 8
_STORAGE_SECRETS = "modelinfra.dev/storage-secrets"


def named(request: EndpointRequest) -> str:
    """What the objects of these replicas are called."""
    # A transformer's ending is longer; all other names stay as they are.
    longest = _LONGEST_NAME - 2 if request.options.transformer is not None else _LONGEST_NAME
    return naming.shortened(request.name, longest)


def app(name: str) -> str:
    """The label `app` of the pods of an InferenceService (KServe, constants.GetRawServiceLabel)."""
    return f"isvc.{service(name)}"


def service(name: str) -> str:
    """Name of the Service, and of the Deployment, that KServe makes for an InferenceService."""
    return f"{name}-predictor"


def files_beside(served: ServedModel) -> Mapping[str, str]:
    """Files that tell a server of several models, by their paths in the container; none where an image has them."""
    return served.server.files if served.fetched else {}


def files_name(name: str, served: ServedModel) -> str:
    """Name of the ConfigMap that holds them. Other content has another name: pods that run keep theirs, and new ones do not come before it."""
    content = json.dumps(sorted(files_beside(served).items()))
    return f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:_DIGEST]}"


def predictor(
    name: str, options: Any, served: ServedModel, sizing: PodSizing, platform: Any, found: Mapping[str, Any]
) -> dict[str, Any]:
    """name: of the InferenceService. found: the values of Outputs (image, environment, secrets)."""
    accelerated = sizing.accelerated
    selector = {
        "kubernetes.io/arch": "arm64" if options.architecture == "arm64" else "amd64",
        **(accelerated.node_selector if accelerated else {}),
    }
    storage = _storage(served) if options.model_volume is None else []
    volumes = volumes_of(options, served.server)
    volumes += [{"name": _FILES, "configMap": {"name": files_name(name, served)}}] if files_beside(served) else []
    return {
        "annotations": {
            **scraped(served.server),
            **_described(accelerated),
            # KServe reads the secrets of a service account when an InferenceService changes, and not when the account does.
            **({_STORAGE_SECRETS: found["storage_secrets"]} if found["storage_secrets"] else {}),
        },
        # KServe's own monitor, which asks all pods of InferenceServices, leaves these to the endpoint's.
        **({"labels": dict(OWN_MONITOR)} if has_operator(platform) else {}),
        "serviceAccountName": found["service_account"],
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": sizing.grace,
        # No server is sent what `SERVICE_PORT` variables of other services say, and some read such variables.
        "enableServiceLinks": False,
        "securityContext": security(served.server, ready=served.image is not None, fetches=bool(storage)),
        "nodeSelector": selector,
        **({"tolerations": accelerated.tolerations} if accelerated else {}),
        **pull_secrets(platform),
        "topologySpreadConstraints": [spread({"app": app(name)}, key) for key in (ZONE, NODE)],
        "deploymentStrategy": _strategy(surges=accelerated is None or accelerated.surges),
        "containers": [container(options, served, sizing, found)],
        **({"volumes": volumes} if volumes else {}),
        **({"storageUris": storage} if storage else {}),
        **of_agent(options),
    }


def _strategy(*, surges: bool) -> dict[str, Any]:
    """No request is refused for want of a replica while a new revision comes; unless there is no node for one more, and never will be."""
    more, fewer = (1, 0) if surges else (0, 1)
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": more, "maxUnavailable": fewer}}


def named_port(server: ModelServer, port: int) -> str:
    """What a port of the server's is called in its pods."""
    return next(role for role, number in server.ports.items() if number == port)


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


def _described(accelerated: Accelerated | None) -> dict[str, str]:
    """What a replica runs on, which labels of nodes say in words of each cluster: what fits there is reckoned by it."""
    if accelerated is None:
        return {}
    memory = {MEMORY: f"{accelerated.memory_mib}Mi"} if accelerated.memory_mib is not None else {}
    return {ACCELERATOR: accelerated.name, **memory}


def _storage(served: ServedModel) -> list[dict[str, str]]:
    """Several lie beside each other, which KServe asks for, too: it mounts one volume at what their paths have in common."""
    return [
        {"uri": storage_uri(each.source), "mountPath": f"{served.server.model_directory}/{each.folder}".rstrip("/")}
        for each in served.fetched
    ]


def security(server: ModelServer, *, ready: bool, fetches: bool) -> dict[str, Any]:
    """ready: an image of the user's own, whose user nobody here knows."""
    profile = {"seccompProfile": {"type": "RuntimeDefault"}}
    if ready or server.user_uid == 0:
        return profile
    # The storage initializer writes as another user: the group is what both have. Whose a volume's files are, is their owner's matter.
    group = {"fsGroup": server.user_uid} if fetches else {}
    return {**profile, "runAsNonRoot": True, "runAsUser": server.user_uid, **group}


def container(
    options: Any, served: ServedModel, sizing: PodSizing, found: Mapping[str, Any], name: str = CONTAINER
) -> dict[str, Any]:
    """With the server. found: the values of Outputs (image, environment, secrets)."""
    server = served.server
    mounts = _mounts(options, server)
    mounts += [
        {"name": _FILES, "mountPath": path, "subPath": PurePosixPath(path).name, "readOnly": True}
        for path in sorted(files_beside(served))
    ]
    return {
        "name": name,
        "image": found["image"],
        **_start(served),
        "env": environment_of(found["environment"], found["secrets"]),
        # KServe leads the service's port 80 to the first one.
        "ports": [
            _port(role, server.ports[role]) for role in sorted(server.ports, key=lambda role: (role != "http", role))
        ],
        "resources": resources(sizing),
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        **probes(served, sizing),
        **({"lifecycle": {"preStop": {"sleep": {"seconds": sizing.drain}}}} if sizing.drain else {}),
        **({"volumeMounts": mounts} if mounts else {}),
    }


def _start(served: ServedModel) -> dict[str, Sequence[str]]:
    """A ready image starts as it was built; of the catalogue's the command is what the library's own build would write."""
    if served.image is not None or not served.server.command:
        return {}
    return {"command" if served.server.clear_entrypoint else "args": list(served.server.command)}


def environment_of(plain: Mapping[str, str], secrets: Mapping[str, str]) -> list[dict[str, Any]]:
    """Variables of a container: plain ones, and references to secrets of the namespace."""
    values: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in sorted(plain.items())]
    for name, reference in sorted(secrets.items()):
        secret, _, key = reference.partition("/")
        values.append({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}})
    return values


def _port(role: str, number: int) -> dict[str, Any]:
    return {"name": role, "containerPort": number, "protocol": "TCP"}


def resources(sizing: PodSizing) -> dict[str, Any]:
    """Limits as requests, also of CPU: KServe sets its own limit of one CPU where none is said. Of disk as `PodSizing` says."""
    cpu = {"cpu": f"{round(sizing.cpu * 1000)}m"} if sizing.cpu else {}
    amounts = {**cpu, "memory": f"{sizing.memory_mib}Mi"}
    if sizing.accelerated is not None:
        amounts[sizing.accelerated.resource] = str(sizing.accelerated.count)
    disk = {"ephemeral-storage": f"{sizing.disk_mib}Mi"} if sizing.disk_mib is not None else {}
    return {"requests": {**amounts, **disk}, "limits": {**amounts, **(disk if sizing.disk_limit else {})}}


def probes(served: ServedModel, sizing: PodSizing) -> dict[str, Any]:
    """When the server has started, is ready, and is alive."""

    def asks(path: str, failures: int, seconds: int) -> dict[str, Any]:
        return {
            "httpGet": {"path": path, "port": served.server.ports["http"], "scheme": "HTTP"},
            "periodSeconds": _PROBE_SECONDS,
            "timeoutSeconds": seconds,
            "failureThreshold": failures,
            "successThreshold": 1,
        }

    # Where a server has none of its own it is asked for its only model, and of several for all.
    alive = served.server.liveness_path
    if served.several and "{model}" in alive:
        alive = served.health_path
    return {
        "startupProbe": asks(served.health_path, math.ceil(sizing.startup / _PROBE_SECONDS), 5),
        "readinessProbe": asks(served.health_path, 3, 5),
        # A server under load answers late, and to kill it takes its share of the load to the others: a minute of silence is needed.
        "livenessProbe": asks(alive, 6, 10),
    }


def pull_secrets(platform: Any) -> dict[str, Any]:
    """With which images are pulled."""
    names = platform.image_pull_secrets
    return {"imagePullSecrets": [{"name": each} for each in names]} if names else {}


def spread(labels: Mapping[str, str], key: str) -> dict[str, Any]:
    """Replicas with these labels are apart in what the key names, where they can be."""
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(labels)},
    }


def volumes_of(options: Any, server: ModelServer) -> list[dict[str, Any]]:
    """What the server's container mounts."""
    found: list[dict[str, Any]] = []
    if server.shared_memory_mib:
        limit = f"{server.shared_memory_mib}Mi"
        found.append({"name": _SHARED_MEMORY, "emptyDir": {"medium": "Memory", "sizeLimit": limit}})
    if options.model_volume is not None:
        claim = {"claimName": options.model_volume.claim, "readOnly": True}
        found.append({"name": _MODEL, "persistentVolumeClaim": claim})
    return found


def _mounts(options: Any, server: ModelServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if server.shared_memory_mib:
        found.append({"name": _SHARED_MEMORY, "mountPath": "/dev/shm"})
    volume = options.model_volume
    if volume is not None:
        below = {"subPath": volume.path} if volume.path else {}
        found.append({"name": _MODEL, "mountPath": server.model_directory, "readOnly": True, **below})
    return found
