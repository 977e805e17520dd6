"""Several models of one endpoint, served from one container."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, NotRequired

from modelinfra.catalog.servers import SERVERS
from modelinfra.options.declare import Option
from modelinfra.options.landing import TAGS, WEB_ACL
from modelinfra.options.model import MODEL_NAME, PlacedModelOptions, problems_of_model
from modelinfra.options.problems import Problem
from modelinfra.options.server import known_row
from modelinfra.options.sources import problem_of_uri, source_of

ModelName = Annotated[str, MODEL_NAME]
"""The name of a model: a part of its prediction URL."""

# Elastic Load Balancing asks for paths of 128 characters at most, and AWS WAF compares with 200.
_LONGEST_NAME: Final = 64


class ModelOfSeveralOptions(PlacedModelOptions):
    """One of several models: where it lies, and whose it is."""

    tenant: NotRequired[Annotated[str, Option(lands=(TAGS, f"{WEB_ACL}.rules"), example="bolt")]]
    """Name of the tenant whose model this is: of the clients of the endpoint's API keys, the one with this name alone may ask it, and may ask
    its own models alone. Left out, every client may that is no such tenant."""


def models_of(endpoint: Mapping[str, Any]) -> Iterator[tuple[str, str | None, Any]]:
    """The option that says it, its name (None of a single one, which has it elsewhere), and the validated model, of each of an endpoint."""
    if endpoint["models"] is None:
        yield "model", None, endpoint["model"]
        return
    for name, model in sorted(endpoint["models"].items()):
        yield f"models.{name}", name, model


def has_remote_model(endpoint: Mapping[str, Any]) -> bool:
    """Whether a model of an endpoint lies at an address."""
    return any(kind_of(model) not in (None, "local") for _, _, model in models_of(endpoint))


def has_token(endpoint: Mapping[str, Any]) -> bool:
    """Whether one of an endpoint's models is fetched with a token."""
    return any(getattr(model, "token", None) is not None for _, _, model in models_of(endpoint))


def kind_of(model: Any) -> str | None:
    """Kind of the source of a model, text or mapping; None where it is in an image, or its address is wrong."""
    uri = model if isinstance(model, str) else getattr(model, "uri", None)
    return None if uri is None or problem_of_uri(uri) is not None else source_of(uri).kind


def owners_of_models(endpoint: Any) -> dict[str, list[str]]:
    """Tenant -> names of its models, on a validated endpoint that several tenants share."""
    found: dict[str, list[str]] = {}
    for name, model in sorted((endpoint.models or {}).items()):
        owner = getattr(model, "tenant", None)
        if owner is not None:
            found.setdefault(owner, []).append(name)
    return found


def one_model_or_several(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `model`, `models`, `image`, `mode` and `revisions`: what goes with several models."""
    if endpoint["models"] is None:
        return
    if endpoint["model"] is not None:
        yield Problem("models", "the endpoint has a `model` as well", "Write it below `models`, too.")
    if endpoint["image"] is not None:
        reason = "which models a ready image serves, the image says"
        yield Problem("image", reason, "Remove it to have one built, or remove `models`.", endpoint["image"])
    if endpoint["mode"] == "async":
        reason = "a message in the queue names no model"
        remedy = "Make an asynchronous endpoint of each model, with a queue of its own, or write `mode: sync`."
        yield Problem("models", reason, remedy, sorted(endpoint["models"]))
    for name, revision in endpoint["revisions"].items():
        for key in ("model", "image"):
            if getattr(revision, key) is not None:
                reason = "a revision answers for all models, and would serve this one alone"
                remedy = (
                    "Remove it: another version of one model belongs into `models`, or onto an endpoint of its own."
                )
                yield Problem(f"revisions.{name}.{key}", reason, remedy)


def problems_of_models(endpoint: Mapping[str, Any]) -> Iterator[Problem]:
    """Rule over `server` and `models`: the server serves several, and each is right by itself."""
    models, row = endpoint["models"], known_row(endpoint["server"])
    if models is None or row is None:
        return
    if row.several is None:
        able = ", ".join(each.name for each in SERVERS.values() if each.several is not None)
        reason = f"{row.title} serves one model"
        remedy = f"Write `model`, and an endpoint for each of the others; several are served by {able}."
        yield Problem("models", reason, remedy, sorted(models))
        return
    for name, model in models.items():
        if len(name) > _LONGEST_NAME:
            reason = f"the name is a part of paths, and has {len(name)} characters"
            yield Problem(f"models.{name}", reason, f"Write one of {_LONGEST_NAME} at most.")
        yield from _of_one(endpoint, name, model)
    yield from _in_one_way(models)


def _of_one(endpoint: Mapping[str, Any], name: str, model: Any) -> Iterator[Problem]:
    alone = {"server": endpoint["server"], "model": model, "models": None, "image": None}
    for problem in problems_of_model(alone):
        yield replace(problem, path=f"models.{name}{problem.path.removeprefix('model')}")


def _in_one_way(models: Mapping[str, Any]) -> Iterator[Problem]:
    """They lie together in an image or on a volume, and the volume would hide what the image has there."""
    ways: dict[str, list[str]] = {}
    for name, model in sorted(models.items()):
        kind = kind_of(model)
        if kind is not None:
            baked = getattr(model, "delivery", None) == "baked"
            way = "a directory" if kind == "local" else "baked" if baked else "fetched"
            ways.setdefault(way, []).append(name)
    if len(ways) > 1:
        said = "; ".join(f"{way}: {', '.join(names)}" for way, names in ways.items())
        reason = f"all models of an endpoint come in one way, and these in {len(ways)} ({said})"
        remedy = "Store the directories where replicas fetch the others, or make two endpoints."
        yield Problem("models", reason, remedy)


def tenants_of_models_are_clients(endpoint: Mapping[str, Any]) -> Iterator[Problem]:
    """Rule over `models` and `exposure`: who may ask whose model, a key says."""
    exposure, keys = endpoint["exposure"], None
    if exposure.auth is not None:
        keys = exposure.auth.api_keys
    owned = False
    for name, model in sorted((endpoint["models"] or {}).items()):
        tenant = getattr(model, "tenant", None)
        if tenant is None:
            continue
        owned = True
        if tenant not in (keys or {}):
            reason = "only a key says who asks, and no client of `exposure.auth.api_keys` has this name"
            yield Problem(f"models.{name}.tenant", reason, f"Add {tenant}: {{}} there, or remove `tenant`.", tenant)
    if owned and exposure.paths is not None:
        reason = "which paths a client may ask for, the `tenant` of each model says"
        yield Problem("exposure.paths", reason, "Remove it.", list(exposure.paths))
    if owned and exposure.grpc is not None:
        reason = "a request over gRPC names its model in its body, where the firewall does not look"
        yield Problem("exposure.grpc", reason, "Remove it, or give each tenant an endpoint of its own.")
