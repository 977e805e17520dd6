"""The contract of an endpoint on Kubernetes: what its InferenceService declares, and the route that leads to it.

Everything is read from the deployed objects. KServe leads port 80 of the Service to the first port of the container; the kubelet's probes decide when it
is ready; the model lies where the storage initializer puts it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from modelinfra.graph.model import Node
from modelinfra.graph.values import plain
from modelinfra.serving.delivery import REDEPLOY, ModelFetch
from modelinfra.serving.errors import ServingCheckError
from modelinfra.serving.promised import ImageBuild, ServingContract
from modelinfra.serving.way import Way

INFERENCE_SERVICE: Final = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
HTTP_ROUTE: Final = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
SERVER: Final = "kserve-container"

ACCEPTED: Final = frozenset(range(200, 400))
"""Statuses that a probe of the kubelet takes for success (Kubernetes, "Configure liveness, readiness and startup probes")."""

_UNITS: Final = {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024, "Ti": 1024 * 1024, "": 1 / 2**20}


def contract_of(parts: list[Node], endpoint: str, urls: Mapping[str, str], project: Path) -> ServingContract:
    """Of the endpoint's own keys; other revisions have an InferenceService each. urls: the endpoint's outputs."""
    services = [node for node in parts if node.type == INFERENCE_SERVICE]
    service = next((node for node in services if not node.name.startswith(f"{endpoint}--")), services[0])
    predictor = predictor_of(service, endpoint)
    container = server_of(predictor, endpoint)
    ports = ports_of(container, endpoint)
    environment, secrets = environment_of(container)
    fetch = fetch_of(predictor, endpoint)
    image = str(container.get("image") or "")
    entrypoint, command = tuple(container.get("command") or ()), tuple(container.get("args") or ())
    routes = [node for node in parts if node.type == HTTP_ROUTE]
    build = None
    if fetch is not None:
        # The image as it is: the model comes beside it.
        place = project.resolve()
        build = ImageBuild(f"FROM {image}\n", place, image, place, fetch.path, opaque=(), platforms=())
    return ServingContract(
        endpoint=endpoint,
        image=image,
        build=build,
        command=(*entrypoint, *command),
        task_entrypoint=entrypoint,
        task_command=command,
        task_memory_mib=memory_mib(container),
        init_process=False,
        environment=environment,
        secrets=secrets,
        ports=ports,
        fetch=fetch,
        asked_by="the kubelet",
        **vars(way_of(container, ports, service, routes, urls)),
    )


def predictor_of(service: Node, endpoint: str) -> dict[str, Any]:
    """The spec of the replicas. service: the InferenceService."""
    spec = plain(service.inputs).get("spec") or {}
    if spec.get("transformer") is not None:
        wanted = f"requests of endpoint {endpoint!r} to reach its server as they come"
        raise ServingCheckError(
            wanted, "they reach a transformer, whose image nobody here knows", "Try it in a cluster"
        )
    found = spec.get("predictor")
    if not isinstance(found, Mapping):
        raise ServingCheckError(f"a predictor of endpoint {endpoint!r}", f"its spec has {found!r}", REDEPLOY)
    return dict(found)


def server_of(predictor: Mapping[str, Any], endpoint: str) -> dict[str, Any]:
    """The container that KServe takes for the server."""
    containers = predictor.get("containers") or []
    for container in containers:
        if container.get("name") == SERVER:
            return dict(container)
    names = ", ".join(str(each.get("name")) for each in containers) or "none"
    raise ServingCheckError(f"a container {SERVER!r} of endpoint {endpoint!r}", f"there are: {names}", REDEPLOY)


def ports_of(container: Mapping[str, Any], endpoint: str) -> dict[str, int]:
    """Role -> port. The first one is where requests arrive."""
    ports = {str(each.get("name")): int(each["containerPort"]) for each in container.get("ports") or []}
    if next(iter(ports), None) != "http":
        raise ServingCheckError(
            f"the first port of endpoint {endpoint!r} to be 'http', to which KServe leads the Service",
            f"there are: {', '.join(ports) or 'none'}",
            REDEPLOY,
        )
    return ports


def fetch_of(predictor: Mapping[str, Any], endpoint: str) -> ModelFetch | None:
    """What the storage initializer fetches, as this library's fetcher writes it; None where the model is in the image."""
    storage = predictor.get("storageUris") or []
    if not storage:
        return None
    if len(storage) > 1:
        wanted = f"one model of endpoint {endpoint!r}"
        raise ServingCheckError(wanted, f"its storageUris are {len(storage)}", "Try one that serves a single model")
    uri, path = str(storage[0]["uri"]), str(storage[0]["mountPath"])
    scheme, _, rest = uri.partition("://")
    # KServe writes a revision of the hub behind a colon.
    ours = f"{scheme}://{rest.replace(':', '@', 1)}" if scheme == "hf" else uri
    return ModelFetch({"uri": ours, "to": path}, PurePosixPath(path), baked=False)


def environment_of(container: Mapping[str, Any]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Variables with their values, and the names of those that the cluster fills in."""
    said = container.get("env") or []
    known = {each["name"]: str(each.get("value", "")) for each in said if "valueFrom" not in each}
    return known, tuple(each["name"] for each in said if "valueFrom" in each)


def memory_mib(container: Mapping[str, Any]) -> int | None:
    """The limit."""
    text = str(((container.get("resources") or {}).get("limits") or {}).get("memory") or "")
    found = re.fullmatch(r"(\d+)(Ki|Mi|Gi|Ti|)", text)
    return int(int(found[1]) * _UNITS[found[2]]) if found else None


def way_of(
    container: Mapping[str, Any], ports: Mapping[str, int], service: Node, routes: list[Node], urls: Mapping[str, str]
) -> Way:
    """How health and predictions are asked for. urls: the endpoint's outputs. routes: its HTTPRoutes."""
    endpoint = service.name
    readiness = _probe(container, "readinessProbe", ports, endpoint)
    _probe(container, "livenessProbe", ports, endpoint)
    startup = container.get("startupProbe")
    if startup is not None:
        _probe(container, "startupProbe", ports, endpoint)
    metadata = plain(service.inputs)["metadata"]
    prefix = _prefix(str(metadata["name"]), routes)
    return Way(
        health_path=str(readiness["path"]),
        health_status=ACCEPTED,
        predict_url=urls["predict_url"],
        predict_path=_arriving(urls, "predict_url", prefix),
        public_health_path=_arriving(urls, "health_url", prefix),
        startup_budget_seconds=int(startup["failureThreshold"]) * int(startup["periodSeconds"]) if startup else None,
    )


def _probe(container: Mapping[str, Any], kind: str, ports: Mapping[str, int], endpoint: str) -> dict[str, Any]:
    asked = dict((container.get(kind) or {}).get("httpGet") or {})
    port = asked.get("port")
    number = ports.get(port, port) if isinstance(port, str) else port
    if number != ports["http"] or not asked.get("path"):
        raise ServingCheckError(
            f"the {kind} of {endpoint!r} to ask a path on the container's http port {ports['http']}",
            f"it is {asked or 'none'}",
            REDEPLOY,
        )
    return asked


def _prefix(name: str, routes: list[Node]) -> str:
    """What the gateway cuts off a path before it reaches the InferenceService of that name."""
    for route in routes:
        # The last rule is the one without headers.
        for rule in reversed((plain(route.inputs).get("spec") or {}).get("rules") or []):
            backends = [each.get("name") for each in rule.get("backendRefs") or []]
            if f"{name}-predictor" not in backends:
                continue
            matched = rule["matches"][0]["path"]["value"]
            rewrites = [each["urlRewrite"]["path"] for each in rule.get("filters") or [] if "urlRewrite" in each]
            return str(matched).rstrip("/") if rewrites else ""
    return ""


def _arriving(urls: Mapping[str, str], output: str, prefix: str) -> str:
    """The path of a public URL as it reaches the container."""
    url = urls[output]
    if not url.startswith(urls["url"].rstrip("/") + "/"):
        raise ServingCheckError(f"{output} to begin with the endpoint's url {urls['url']}", f"it is {url}", REDEPLOY)
    path = urlsplit(url).path
    if not path.startswith(f"{prefix}/"):
        raise ServingCheckError(f"{output} to lie below the route's path {prefix}", f"it is {url}", REDEPLOY)
    return path.removeprefix(prefix)
