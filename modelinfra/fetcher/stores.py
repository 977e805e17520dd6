"""What lies at an address: its files, how each is fetched, and what the store says of their content."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from modelinfra.fetcher.archives import SUFFIXES
from modelinfra.fetcher.checks import FetchError
from modelinfra.fetcher.web import StatusError, Web, shown


@dataclass(frozen=True)
class RemoteFile:
    """A file at a source. `fetch` writes it and returns the checksums that the store knows, as `checks.verify` takes them.

    size: in bytes; None when only the transfer will tell. unpack: it is an archive of files, not a file of the model.
    """

    name: str
    size: int | None
    fetch: Callable[[Path], Mapping[str, str]]
    unpack: bool = False


@dataclass(frozen=True)
class Listing:
    """The files of a source. one: the source itself is a file; else it is something that holds files. remark: what was found out."""

    files: tuple[RemoteFile, ...]
    one: bool = False
    remark: str = ""


def named(uri: str) -> str:
    """An address as messages write it: of https:// without what may be secret; the others hold nothing of that kind."""
    return shown(uri) if uri.startswith("https://") else uri


def listing(uri: str, token: str) -> Listing:
    """What lies at an address. Raises FetchError when nothing does, or it may not be read."""
    token = _sendable(token)
    try:
        return _found(uri, token)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FetchError(
            f"the answer for {named(uri)} cannot be understood",
            f"something in it is missing or of another type ({type(error).__name__})",
            "See whether the host speaks the protocol of this address",
        ) from None


def _found(uri: str, token: str) -> Listing:
    # What only one store needs is loaded with it.
    if uri.startswith("s3://"):
        from modelinfra.fetcher.s3 import bucket_listing

        return bucket_listing(uri)
    if uri.startswith("oci://"):
        from modelinfra.fetcher.oci import artifact_listing

        return artifact_listing(uri, token)
    if uri.startswith("hf://"):
        return _hugging_face(uri, token)
    if uri.startswith("https://"):
        return _address(uri, token)
    raise FetchError(
        f"{shown(uri)} cannot be fetched", "it is none of s3, hf, https, oci", "Write one of these addresses"
    )


def _address(uri: str, token: str) -> Listing:
    web, headers = Web(), _bearer(token)
    name = unquote(urlsplit(uri).path.rsplit("/", 1)[-1])

    def fetch(target: Path) -> Mapping[str, str]:
        try:
            web.download(uri, target, headers)
        except StatusError as error:
            raise refused(shown(uri), error.status, token) from None
        return {}

    return Listing((RemoteFile(name, None, fetch, unpack=name.endswith(SUFFIXES)),), one=True)


def _hugging_face(uri: str, token: str) -> Listing:
    name, _, revision = uri.removeprefix("hf://").partition("@")
    base = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    token = token or _sendable(os.environ.get("HF_TOKEN", ""))
    web, headers = Web(), _bearer(token)
    try:
        found = web.data(f"{base}/api/models/{name}/revision/{quote(revision, safe='')}?blobs=true", headers)
    except StatusError as error:
        raise refused(uri, error.status, token) from None
    commit = found["sha"]
    if re.fullmatch(r"[0-9a-f]{40}", revision) and commit != revision:
        raise FetchError(f"{uri} is another commit", f"the hub answers {commit}", "Write the commit of the model")

    def file(entry: Mapping[str, Any]) -> RemoteFile:
        path = entry["rfilename"]
        lfs = entry.get("lfs") or {}
        known = {"sha256": lfs["sha256"]} if "sha256" in lfs else {"git": entry["blobId"]} if "blobId" in entry else {}

        def fetch(target: Path) -> Mapping[str, str]:
            try:
                # By commit: a branch that moves meanwhile gives no mixture.
                web.download(f"{base}/{name}/resolve/{commit}/{quote(path)}", target, headers)
            except StatusError as error:
                raise refused(f"{uri}/{path}", error.status, token) from None
            return known

        return RemoteFile(path, lfs.get("size", entry.get("size")), fetch)

    entries = [entry for entry in found["siblings"] if entry["rfilename"] != ".gitattributes"]
    return Listing(tuple(file(entry) for entry in entries), remark=f"commit {commit}")


def refused(where: str, status: int, token: str) -> FetchError:
    """An answer that will stay the same, in words."""
    if status in (401, 403):
        remedy = (
            "Give `model.token` a token that may read it"
            if not token
            else "Give `model.token` another token, or accept the model's terms with its account"
        )
        return FetchError(f"{where} may not be read", f"the answer was {status}", remedy)
    if status == 404:
        return FetchError(
            f"there is no {where}",
            "the answer was 404",
            "Correct the address or the revision; what is private answers so, too, without `model.token`",
        )
    return FetchError(f"{where} cannot be fetched", f"the answer was {status}", "Check the address")


def sha256_of(data: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def basic(user: str, password: str) -> dict[str, str]:
    """The header of HTTP's basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def _sendable(token: str) -> str:
    """Without the line break that a file or a shell left at its end. Raises FetchError, which does not show it, for what no header holds."""
    token = token.strip()
    if not re.fullmatch(r"[!-~]*", token):
        raise FetchError(
            "the token cannot be sent",
            "it has spaces, line breaks or characters that are not ASCII within",
            "Store the token alone in the secret of `model.token`",
        )
    return token


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
