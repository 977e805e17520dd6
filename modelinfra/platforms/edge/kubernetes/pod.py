"""What a node of a ring runs: one pod with the server and its model, and where there is a fallback the router before it. Pure data."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.catalog.servers import ModelServer
from modelinfra.options.revisions import STABLE
from modelinfra.platforms.base import Revision
from modelinfra.platforms.edge import router
from modelinfra.platforms.edge.fallback import Fallback
from modelinfra.platforms.edge.kubernetes.fit import shows_a_role
from modelinfra.platforms.edge.kubernetes.labels import REVISION_OF_POD, of_nodes, of_pods
from modelinfra.platforms.edge.planner import ROUTER_MIB, FleetPlan, PlannedRing
from modelinfra.platforms.kubernetes.placement import Accelerated
from modelinfra.platforms.kubernetes.pod import container, named_port, pull_secrets, scraped, security, volumes_of
from modelinfra.platforms.kubernetes.sizing import PodSizing
from modelinfra.platforms.served_model import ServedModel

SERVER: Final = "model"

GPU: Final = "nvidia.com/gpu"

_CLIENTS: Final = ("http", "grpc")
"""Roles of a server's ports that are open on the site's network."""

_FIRST_ROUTER_PORT: Final = 8700
ROUTER_PORT: Final = "router"
_TOKEN, _TOKEN_HOME = "token", "/var/run/secrets/modelinfra"
_TOKEN_SECONDS: Final = 3600
_WAITING: Final = "waiting"
_NODE_NAME: Final = "NODE_NAME"
_HERE: Final = "\0"
"""Where the device's name is to stand: nothing that a user writes."""
_PROBE_SECONDS: Final = 10


@dataclass(frozen=True)
class Where:
    """fleet: its full name, unique in the cluster. account: the service account of the ring's pods. platform: the cluster's options."""

    fleet: str
    account: str
    platform: Any


def router_port(server: ModelServer) -> int:
    """Where the router listens in the pod, whose containers share their ports: one that the server leaves free."""
    taken = {*server.ports.values(), *server.management_ports}
    return next(port for port in itertools.count(_FIRST_ROUTER_PORT) if port not in taken)


def client_ports(plan: FleetPlan, server: ModelServer) -> dict[str, int]:
    """Role -> port in the pod that the device opens on the site's network, at the server's own number."""
    found = {role: server.ports[role] for role in _CLIENTS if role in server.ports}
    return {**found, "http": router_port(server)} if plan.fallback is not None else found


def metrics_of(plan: FleetPlan, server: ModelServer) -> tuple[int, dict[str, str]]:
    """The port in the pod at which a Prometheus of the cluster asks, and the annotations by which it finds it; 0 where nothing is told."""
    if plan.fallback is not None:
        port = router_port(server)
        told = {"prometheus.io/scrape": "true", "prometheus.io/port": str(port), "prometheus.io/path": "/metrics"}
        return port, told
    found = scraped(server)
    return int(found.get("prometheus.io/port", 0)), found


def metrics_port(plan: FleetPlan) -> tuple[str, str]:
    """The name of the port at which a Prometheus asks, and the path there; empty where nothing is told."""
    server = plan.revisions[STABLE].served.server
    port, told = metrics_of(plan, server)
    if not port:
        return "", ""
    if plan.fallback is not None:
        return ROUTER_PORT, told["prometheus.io/path"]
    return named_port(server, port), told["prometheus.io/path"]


def template(
    plan: FleetPlan, ring: PlannedRing, revision: Revision, where: Where, found: Mapping[str, Any]
) -> dict[str, Any]:
    """The pods of a ring. found: the values of Outputs (image, environment, secrets, and where there is a fallback router and cloud_url)."""
    options, served = revision.options, revision.served
    sizing = sizing_of(plan, served)
    containers = [_server(plan, options, served, sizing, found)]
    volumes = volumes_of(options, served.server)
    before: list[dict[str, Any]] = []
    if plan.fallback is not None:
        containers.append(_router(plan, ring, served, plan.fallback, found))
        before = [_store(found["router"])]
        volumes += _volumes(where.fleet, plan.fallback)
    _, told = metrics_of(plan, served.server)
    return {
        "metadata": {
            "labels": {**of_pods(where.fleet, ring.name), REVISION_OF_POD: ring.revision},
            **({"annotations": told} if told else {}),
        },
        "spec": {
            "serviceAccountName": where.account,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            # That of the site: the cluster's own may be where the link is down.
            "dnsPolicy": "Default",
            "terminationGracePeriodSeconds": sizing.grace,
            "securityContext": security(served.server, ready=served.image is not None, fetches=False),
            "nodeSelector": {
                **of_nodes(where.fleet, ring.name),
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "arm64" if options.architecture == "arm64" else "amd64",
            },
            **({"tolerations": sizing.accelerated.tolerations} if sizing.accelerated else {}),
            **pull_secrets(where.platform),
            **({"initContainers": before} if before else {}),
            "containers": containers,
            **({"volumes": volumes} if volumes else {}),
        },
    }


def sizing_of(plan: FleetPlan, served: ServedModel) -> PodSizing:
    """What the server takes of a device."""
    gpus = plan.options.gpus
    tolerated = [{"key": GPU, "operator": "Exists"}]
    return PodSizing(
        cpu=plan.options.cpu or 0,
        memory_mib=plan.server_mib(served),
        accelerated=Accelerated("GPU", GPU, gpus, {}, tolerated) if gpus else None,
        disk_mib=None,
        disk_limit=False,
        startup=served.startup_seconds,
        longest_request=served.longest_request_seconds,
        stop=plan.stop_timeout(served),
        # Clients have the device's address, and go on asking there.
        drain=0,
    )


def _server(
    plan: FleetPlan, options: Any, served: ServedModel, sizing: PodSizing, found: Mapping[str, Any]
) -> dict[str, Any]:
    made = container(options, served, sizing, found, SERVER)
    opened = {port for role, port in client_ports(plan, served.server).items() if served.server.ports[role] == port}
    ports = [
        {**each, "hostPort": each["containerPort"]} if each["containerPort"] in opened else each
        for each in made["ports"]
    ]
    return {**made, "ports": ports}


def _router(
    plan: FleetPlan, ring: PlannedRing, served: ServedModel, fallback: Fallback, found: Mapping[str, Any]
) -> dict[str, Any]:
    by_role, port = shows_a_role(fallback), router_port(served.server)
    told = router.settings(
        plan,
        served,
        fallback,
        ring=ring.name,
        revision=ring.revision,
        local=f"http://127.0.0.1:{served.server.ports['http']}",
        port=port,
        device=_HERE,
        device_file="",
        bearer=None if by_role else f"{_TOKEN_HOME}/{_TOKEN}",
        found=found,
    )
    # Kubernetes writes the values of other variables into this one, and takes two dollars for one.
    told = told.replace("$", "$$").replace(json.dumps(_HERE).strip('"'), f"$({_NODE_NAME})")
    region = [{"name": "AWS_DEFAULT_REGION", "value": found["region"]}] if by_role else []
    return {
        "name": router.CONTAINER,
        "image": found["router"],
        "env": [
            {"name": _NODE_NAME, "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": router.SETTINGS_VARIABLE, "value": told},
            *region,
        ],
        "ports": [
            {"name": ROUTER_PORT, "containerPort": port, "hostPort": served.server.ports["http"], "protocol": "TCP"}
        ],
        "resources": {kind: {"memory": f"{ROUTER_MIB}Mi"} for kind in ("requests", "limits")},
        "securityContext": {**_unprivileged(), "runAsNonRoot": True, "runAsUser": router.USER},
        "startupProbe": _asked(port, 6),
        "readinessProbe": _asked(port, 3),
        "livenessProbe": _asked(port, 6),
        "volumeMounts": [
            {"name": _WAITING, "mountPath": router.HOME},
            *([] if by_role else [{"name": _TOKEN, "mountPath": _TOKEN_HOME, "readOnly": True}]),
        ],
    }


def _asked(port: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": "/healthz", "port": port, "scheme": "HTTP"},
        "periodSeconds": _PROBE_SECONDS,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
        "successThreshold": 1,
    }


def _unprivileged() -> dict[str, Any]:
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _store(image: Any) -> dict[str, Any]:
    """A folder of the device is root's when the kubelet makes it: this gives it to the router."""
    own = f"chmod 700 {router.HOME} && chown {router.USER}:{router.USER} {router.HOME}"
    few = {**_unprivileged(), "capabilities": {"drop": ["ALL"], "add": ["CHOWN", "FOWNER"]}}
    return {
        "name": "store",
        "image": image,
        "command": ["sh", "-c", own],
        "securityContext": {**few, "runAsNonRoot": False, "runAsUser": 0},
        "volumeMounts": [{"name": _WAITING, "mountPath": router.HOME}],
    }


def _volumes(fleet: str, fallback: Fallback) -> list[dict[str, Any]]:
    # The device's own, so that another revision finds what waits for the cloud.
    path = f"{router.NAME_HOME}/{fleet}/router"
    found: list[dict[str, Any]] = [
        {"name": _WAITING, "hostPath": {"path": path, "type": "DirectoryOrCreate"}},
    ]
    if not shows_a_role(fallback):
        jwt = fallback.options.exposure.gateway.auth.jwt
        token = {"audience": jwt.audiences[0], "expirationSeconds": _TOKEN_SECONDS, "path": _TOKEN}
        found.append({"name": _TOKEN, "projected": {"sources": [{"serviceAccountToken": token}]}})
    return found
