"""The Dockerfile of an endpoint: the server's base image, the model, the start command."""

from __future__ import annotations

import json
from collections.abc import Mapping

from modelinfra.catalog.servers import ModelServer
from modelinfra.components.fetcher_image import fetching_stage
from modelinfra.components.program_image import HEAD
from modelinfra.platforms.remote_model import FETCHED_TO


def dockerfile(server: ModelServer) -> str:
    """A Dockerfile whose build context is the model's directory."""
    return _server(server, "with", f"COPY --chown={server.user_uid}:0 . {server.model_directory}\n")


def baked(server: ModelServer, work: Mapping[str, str]) -> str:
    """A Dockerfile that fetches the model itself. work: what the fetcher is told."""
    copied = f"COPY --from=model --chown={server.user_uid}:0 {FETCHED_TO} {server.model_directory}\n"
    return HEAD + fetching_stage(work) + _server(server, "with", copied)


def without_model(server: ModelServer) -> str:
    """A Dockerfile of the server alone: its replicas find the model on a volume."""
    return _server(server, "without", "")


def _server(server: ModelServer, model: str, copied: str) -> str:
    ports = " ".join(str(port) for _, port in sorted(server.ports.items()))
    environment = "".join(f"ENV {name}={json.dumps(value)}\n" for name, value in sorted(server.environment.items()))
    return (
        f"# {server.title} {server.version} {model} a model, made by modelinfra.\n"
        f"FROM {server.image}\n"
        f"{copied}"
        f"{environment}"
        f"EXPOSE {ports}\n"
        f"USER {server.user_uid}\n"
        + ("ENTRYPOINT []\n" if server.clear_entrypoint else "")
        + (f"CMD {json.dumps(list(server.command))}\n" if server.command else "")
    )
