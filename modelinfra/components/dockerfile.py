"""The Dockerfile of an endpoint: the server's base image, the model, the start command."""

from __future__ import annotations

import json

from modelinfra.catalog.servers import ModelServer


def dockerfile(server: ModelServer) -> str:
    """A Dockerfile whose build context is the model's directory."""
    ports = " ".join(str(port) for _, port in sorted(server.ports.items()))
    environment = "".join(f"ENV {name}={json.dumps(value)}\n" for name, value in sorted(server.environment.items()))
    return (
        f"# {server.title} {server.version} with a model, made by modelinfra.\n"
        f"FROM {server.image}\n"
        f"COPY --chown={server.user_uid}:0 . {server.model_directory}\n"
        f"{environment}"
        f"EXPOSE {ports}\n"
        f"USER {server.user_uid}\n"
        + ("ENTRYPOINT []\n" if server.clear_entrypoint else "")
        + (f"CMD {json.dumps(list(server.command))}\n" if server.command else "")
    )
