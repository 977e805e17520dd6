"""Models in OCI registries: artifacts whose layers are files (as ORAS pushes them) or archives of files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from modelinfra.fetcher.checks import FetchError
from modelinfra.fetcher.stores import Listing, RemoteFile, basic, refused, sha256_of
from modelinfra.fetcher.web import StatusError, Web, json_object

_TITLE = "org.opencontainers.image.title"
_UNPACK = "io.deis.oras.content.unpack"
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_BEARER = re.compile(r"\bbearer\s(.*)", re.IGNORECASE)
_BASIC = re.compile(r"\bbasic\b", re.IGNORECASE)
_USER = "token"
_ECR = re.compile(r"(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")


def artifact_listing(uri: str, token: str) -> Listing:
    """The layers of an artifact; all digests of the distribution specification are verified."""
    host, _, rest = uri.removeprefix("oci://").partition("/")
    repository, _, digest = rest.partition("@")
    name, _, tag = repository.rpartition(":")
    repository, reference = (name, tag) if name and not digest else (repository, digest)
    registry = _Registry(host, repository, token, uri)
    manifest = registry.manifest(reference)
    if manifest.get("manifests") is not None:
        several = manifest["manifests"]
        if len(several) != 1:
            raise FetchError(
                f"{uri} is an index of {len(several)}",
                "it does not say which is the model",
                "Write the digest of one manifest",
            )
        manifest = registry.manifest(several[0]["digest"])
    layers = [layer for layer in manifest.get("layers") or [] if layer["size"] > 0 or _title(layer)]
    return Listing(tuple(_file(registry, layer) for layer in layers), remark=f"manifest sha256:{registry.last_digest}")


def _title(layer: Mapping[str, Any]) -> str:
    return str((layer.get("annotations") or {}).get(_TITLE, ""))


def _file(registry: _Registry, layer: Mapping[str, Any]) -> RemoteFile:
    digest, notes, kind = layer["digest"], layer.get("annotations") or {}, layer.get("mediaType", "")
    algorithm, _, value = digest.partition(":")
    if algorithm != "sha256":
        raise FetchError(
            f"a layer of {registry.uri} has the digest {digest}",
            "only SHA-256 is verified here",
            "Push the artifact with SHA-256",
        )
    archive = re.search(r"\btar\b", kind) is not None and (_TITLE not in notes or notes.get(_UNPACK) == "true")
    if not archive and _TITLE not in notes:
        raise FetchError(
            f"a layer of {registry.uri} has no name",
            f"it is {kind} without {_TITLE}",
            "Push the model's files with ORAS",
        )

    def fetch(target: Path) -> Mapping[str, str]:
        registry.download(f"blobs/{digest}", target)
        return {"sha256": value}

    return RemoteFile(notes.get(_TITLE, f"layer {value[:12]}"), layer["size"], fetch, unpack=archive)


class _Registry:
    """One repository. The registry says itself where a token is to be had (distribution specification, token authentication)."""

    def __init__(self, host: str, repository: str, token: str, uri: str) -> None:
        self.uri, self.last_digest = uri, ""
        self._base, self._repository = f"https://{host}/v2/{repository}", repository
        self._web, self._token = Web(), token
        self._headers = _of_ecr(host, uri)

    def manifest(self, reference: str) -> dict[str, Any]:
        accept = {"Accept": ", ".join((*_MANIFESTS, *_INDEXES))}
        body = self._answered(
            lambda: self._web.read(f"{self._base}/manifests/{reference}", {**self._headers, **accept})[0]
        )
        self.last_digest = sha256_of(body)
        if reference.startswith("sha256:") and reference != f"sha256:{self.last_digest}":
            raise FetchError(
                f"{self.uri} is not what its digest says",
                f"the registry sent {self.last_digest}",
                "Push the artifact again",
            )
        return json_object(body, f"{self._base}/manifests/{reference}")

    def download(self, path: str, target: Path) -> None:
        self._answered(lambda: self._web.download(f"{self._base}/{path}", target, self._headers))

    def _answered(self, ask: Any) -> Any:
        try:
            return ask()
        except StatusError as error:
            challenge = error.headers.get("WWW-Authenticate", "")
            bearer, password = _BEARER.search(challenge), _BASIC.search(challenge) and self._token
            if error.status != 401 or not (bearer or password):
                raise refused(self.uri, error.status, self._token) from None
        try:
            self._headers = self._logged_in(bearer[1]) if bearer else basic(_USER, self._token)
            return ask()
        except StatusError as error:
            if error.status == 401 and not bearer:
                raise FetchError(
                    f"{self.uri} may not be read",
                    f"this registry asks for a user and a password, and does not take the token as that of the user {_USER!r}",
                    "Use a registry that gives tokens, or store the model in ECR or S3",
                ) from None
            raise refused(self.uri, error.status, self._token) from None

    def _logged_in(self, challenge: str) -> dict[str, str]:
        asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        realm = asked.pop("realm", "")
        if urlsplit(realm).scheme != "https":
            raise FetchError(
                f"{self.uri} asks for a token from {realm!r}", "only HTTPS is asked", "Use another registry"
            )
        asked.setdefault("scope", f"repository:{self._repository}:pull")
        asked.pop("error", None)
        # Registries that give tokens for a personal token take it as the password of any user.
        headers = basic(_USER, self._token) if self._token else {}
        found = self._web.data(f"{realm}?{urlencode(asked)}", headers)
        return {"Authorization": f"Bearer {found.get('token') or found.get('access_token')}"}


def _of_ecr(host: str, uri: str) -> dict[str, str]:
    """Amazon ECR gives a password for the task's role."""
    match = _ECR.fullmatch(host)
    if match is None:
        return {}
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = boto3.client("ecr", region_name=match[2]).get_authorization_token()
    except (ClientError, BotoCoreError) as error:
        raise FetchError(
            f"{uri} cannot be read",
            f"ECR gives no token ({type(error).__name__})",
            "Give the task's role and network a way to ECR",
        ) from None
    return {"Authorization": f"Basic {answer['authorizationData'][0]['authorizationToken']}"}
