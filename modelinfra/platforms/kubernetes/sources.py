"""How KServe's storage initializer writes an address, and what it cannot do that the library's own fetcher can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from modelinfra.catalog.storage_secrets import store_of
from modelinfra.options.problems import Problem
from modelinfra.options.sources import Source
from modelinfra.platforms.remote_model import RemoteModel


def storage_uri(source: Source) -> str:
    """The address as KServe reads it.

    `hf://org/name@revision` is `hf://org/name:revision` there (python/storage/kserve_storage/kserve_storage.py, KServe 0.20); the others
    are the same.
    """
    return source.uri.replace("@", ":", 1) if source.kind == "hf" else source.uri


def unfetchable(remote: RemoteModel) -> Iterator[Problem]:
    """What the storage initializer would not do, with paths relative to the endpoint."""
    uri, where, model = remote.source.uri, remote.where, remote.where.removesuffix(".uri")
    if remote.sha256 is not None:
        reason = "KServe's storage initializer verifies no digest"
        remedy = "Remove it, or put the model into an image that is named by its digest (`image`, or oci://)."
        yield Problem(f"{model}.sha256", reason, remedy, remote.sha256)
    if remote.kms_key_arn is not None:
        reason = "what a role may decrypt is said where the role is made"
        yield Problem(
            f"{model}.kms_key_arn", reason, "Remove it, and let the role of the service account decrypt with it."
        )
    if remote.token is not None:
        reason = "the storage initializer reads credentials from secrets of the namespace"
        remedy = f"Remove it, and name in `storage_secrets` one that holds {store_of(uri).needed}."
        yield Problem(f"{model}.token", reason, remedy)
    if remote.source.kind == "oci":
        reason = "KServe takes an image whose models lie at /models, and not an artifact"
        yield Problem(where, reason, "Write s3://, gs://, hf:// or https://, or put the model into `image`.", uri)
    if remote.source.kind == "hf" and "/" in remote.source.uri.partition("@")[2]:
        reason = "KServe takes what stands behind the colon as one word, and this revision has a slash"
        yield Problem(where, reason, "Write a commit.", uri)


def of_initializer(remote: RemoteModel) -> Iterator[str]:
    """What is not certain about a fetched model, in words for the preview."""
    uri = remote.source.uri
    yield f"model {uri} is fetched by KServe's storage initializer, which verifies nothing but the connection"
    moving = remote.source.moving
    if moving:
        pinned = "a commit of 40 digits" if remote.source.kind == "hf" else "the digest"
        yield f"'{moving}' of {uri} can move, so that two replicas may differ: write {pinned}"


def secrets_needed(names: Sequence[str], remotes: Sequence[RemoteModel]) -> Iterator[str]:
    """What the secrets with which models are fetched must hold, in words for the preview. names: of the secrets."""
    for store in (
        dict.fromkeys(store_of(each.source.uri) for each in remotes if each.source.kind != "oci") if names else ()
    ):
        words = f"models are fetched from {store.title} with what {' or '.join(names)} holds: {store.needed}"
        where = f" (annotations of the secret: {', '.join(store.annotations)})" if store.annotations else ""
        yield words + where


def of_volume(remote: RemoteModel, volume: Any) -> Iterator[str]:
    """What is not certain about a model on a volume."""
    where = f"/{volume.path}" if volume.path else ""
    yield (
        f"model {remote.source.uri} is read from {volume.claim}{where}: nothing compares what lies there with the address, and another "
        "address changes nothing"
    )
