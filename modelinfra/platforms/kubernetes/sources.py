"""How KServe's storage initializer writes an address, and what it cannot do that the library's own fetcher can."""

from __future__ import annotations

from collections.abc import Iterator

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
    uri, where = remote.source.uri, "model" if remote.said_as_text else "model.uri"
    if remote.baked:
        reason = "no image is built for Kubernetes"
        yield Problem(
            "model.delivery", reason, "Remove it to have replicas fetch the model, or write `image`.", "baked"
        )
    if remote.sha256 is not None:
        reason = "KServe's storage initializer verifies no digest"
        remedy = "Remove it, or put the model into an image that is named by its digest (`image`, or oci://)."
        yield Problem("model.sha256", reason, remedy, remote.sha256)
    if remote.kms_key_arn is not None:
        reason = "what a role may decrypt is said where the role is made"
        yield Problem(
            "model.kms_key_arn", reason, "Remove it, and let the role of the service account decrypt with it."
        )
    if remote.token is not None:
        reason = "the storage initializer reads credentials from secrets of its service account"
        remedy = (
            "Remove it, and name a `service_account` with a secret that holds HF_TOKEN (KServe, storage providers)."
        )
        yield Problem("model.token", reason, remedy)
    if remote.source.kind == "oci":
        reason = "KServe takes an image whose models lie at /models, and not an artifact"
        yield Problem(where, reason, "Write s3://, hf:// or https://, or put the model into `image`.", uri)
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
