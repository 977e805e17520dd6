"""The Dockerfile of an endpoint: the server's base image, the model, the start command."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from modelinfra.catalog.servers import ModelServer
from modelinfra.components.fetcher_image import fetching_stage
from modelinfra.components.program_image import HEAD, file_within
from modelinfra.platforms.remote_model import FETCHED_TO


def dockerfile(server: ModelServer) -> str:
    """A Dockerfile whose build context is the model's directory."""
    return _server(server, "with a model", f"COPY --chown={server.user_uid}:0 . {server.model_directory}\n")


def of_several(server: ModelServer, contexts: Mapping[str, str]) -> str:
    """A Dockerfile that copies several models, each from a build context of its own. contexts: model -> name of its context."""
    copied = "".join(
        f"COPY --from={context} --chown={server.user_uid}:0 . {server.model_directory}/{model}\n"
        for model, context in sorted(contexts.items())
    )
    return HEAD + _server(server, "with several models", copied)


def baked(server: ModelServer, work: Mapping[str, Any], folders: Sequence[str]) -> str:
    """A Dockerfile that fetches the models itself. work: what the fetcher is told. folders: into which."""
    copied = f"COPY --from=model --chown={server.user_uid}:0 {FETCHED_TO} {server.model_directory}\n"
    return HEAD + fetching_stage(work, folders) + _server(server, "with a model", copied)


def without_model(server: ModelServer) -> str:
    """A Dockerfile of the server alone: its replicas find the models on a volume."""
    return (HEAD if server.files else "") + _server(server, "without a model", "")


def _server(server: ModelServer, what: str, copied: str) -> str:
    ports = " ".join(str(port) for _, port in sorted(server.ports.items()))
    environment = "".join(f"ENV {name}={json.dumps(value)}\n" for name, value in sorted(server.environment.items()))
    return (
        f"# {server.title} {server.version} {what}, made by modelinfra.\n"
        f"FROM {server.image}\n"
        f"{copied}"
        f"{''.join(file_within(text, path) for path, text in sorted(server.files.items()))}"
        f"{environment}"
        f"EXPOSE {ports}\n"
        f"USER {server.user_uid}\n"
        + ("ENTRYPOINT []\n" if server.clear_entrypoint else "")
        + (f"CMD {json.dumps(list(server.command))}\n" if server.command else "")
    )
