"""Which client may ask which of several models: a tenant its own, everybody else those that are nobody's."""

from __future__ import annotations

from collections.abc import Iterable

from modelinfra.platforms.served_model import ServedModel


def models_of_clients(served: ServedModel, clients: Iterable[str]) -> dict[str, list[str]]:
    """Client -> names of the models that it may ask; empty where no model is a tenant's, and every client may ask all of them."""
    owners = {each.tenant for each in served.models} - {None}
    if not owners:
        return {}

    def of(tenant: str | None) -> list[str]:
        return [each.name for each in served.models if each.tenant == tenant]

    return {client: of(client if client in owners else None) for client in clients}


def routes_of_clients(served: ServedModel, clients: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Client -> the paths that it may ask for; empty where every client may ask for all that is forwarded."""
    paths = served.predict_paths
    # A path that tells of one model is that of its tenant's, and tells others nothing.
    everybodys = (served.health_path,) if served.open_health_path == served.health_path else ()
    return {
        client: (*(paths[model] for model in models), *everybodys)
        for client, models in models_of_clients(served, clients).items()
    }
