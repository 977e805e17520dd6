"""The way of a request to the server's container where something of the same task is in between: a worker that takes it from a queue, or
the proxy that captures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from modelinfra.serving.errors import ServingCheckError

WORKER: Final = "worker"
SETTINGS: Final = "MODELINFRA_WORKER"
PROXY: Final = "capture-proxy"


@dataclass(frozen=True)
class Way:
    """What asks the container for health and for predictions; the fields are those of a ServingContract."""

    health_path: str
    health_status: frozenset[int]
    predict_url: str
    predict_path: str
    public_health_path: str
    startup_budget_seconds: int | None
    predict_paths: Mapping[str, str] = field(default_factory=dict)


def of_worker(worker: Mapping[str, Any], http: int, endpoint: str) -> Way:
    """What a worker is told. http: where the server's container listens. Raises ServingCheckError where it asks elsewhere."""
    redeploy = "Deploy the endpoint again, and change what is wrong in its stack file or program, not in the cloud"
    text = next((each.get("value") for each in worker.get("environment") or [] if each.get("name") == SETTINGS), None)
    try:
        told = dict(json.loads(str(text)))
        asked, seconds = str(told["server"]), int(told["startupSeconds"])
        health, predict, queue = str(told["healthPath"]), str(told["predictPath"]), str(told["queue"])
    except (ValueError, KeyError, TypeError):
        raise ServingCheckError(f"what to ask in {SETTINGS}", f"it is {text!r}", redeploy) from None
    if not asked.endswith(f":{http}"):
        wanted = f"the worker of endpoint {endpoint!r} to ask the container's http port {http}"
        raise ServingCheckError(wanted, f"it asks {asked}", redeploy)
    return Way(health, frozenset({200}), queue, predict, health, seconds)


def through_proxy(proxy: Mapping[str, Any] | None, balancer: Mapping[str, Any]) -> Any:
    """Port of the server at which requests arrive that a service registers for: its own, or the one behind the proxy's."""
    port = balancer.get("containerPort")
    if proxy is None or balancer.get("containerName") != PROXY:
        return port
    try:
        command = proxy["command"]
        config = json.loads(command[command.index("--config-yaml") + 1])["static_resources"]
        listens = config["listeners"][0]["address"]["socket_address"]["port_value"]
        (endpoint,) = config["clusters"][0]["load_assignment"]["endpoints"][0]["lb_endpoints"]
        asked = endpoint["endpoint"]["address"]["socket_address"]["port_value"]
    except (ValueError, KeyError, TypeError, IndexError):
        return port
    return asked if listens == port else port
