"""Which client may ask which of several models: a tenant its own, everybody else those that are nobody's."""

from __future__ import annotations

from collections.abc import Iterable

from modelinfra.platforms.served_model import ServedModel


def routes_of_clients(served: ServedModel, clients: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Client -> the paths that it may ask for; empty where no model is a tenant's, and every client may ask for all."""
    owners = {each.tenant for each in served.models} - {None}
    if not owners:
        return {}
    return {client: _routes(served, client if client in owners else None) for client in clients}


def _routes(served: ServedModel, tenant: str | None) -> tuple[str, ...]:
    paths = served.predict_paths
    own = [paths[each.name] for each in served.models if each.tenant == tenant]
    # A path that tells of one model is that of its tenant's, and tells others nothing.
    everybodys = served.open_health_path == served.health_path
    return (*own, *([served.health_path] if everybodys else []))
