"""What docker-build does: hashes a build context, makes a digest, pushes to a registry."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from modelinfra.testing.cloud.store import Push, Store

IMAGE: Final = "docker-build:index:Image"
_ECR = re.compile(r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[^:@]+)")

# What the image is made of; credentials, caches and where it goes do not change what is in it.
_CONTENT: Final = ("buildArgs", "context", "dockerfile", "labels", "platforms", "target", "secrets")


def context_hash(inputs: Mapping[str, Any], root: Path) -> str:
    """A digest of the files in the local build contexts, the Dockerfile included. A remote context is its address."""
    digest = hashlib.sha256()
    context = inputs.get("context")
    named = (context.get("named") if isinstance(context, Mapping) else None) or {}
    for each in (context, *(named[name] for name in sorted(named))):
        location = each.get("location") if isinstance(each, Mapping) else None
        folder = root / str(location) if isinstance(location, str) else root
        if isinstance(location, str) and folder.is_dir():
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    dockerfile = inputs.get("dockerfile")
    if isinstance(dockerfile, Mapping):
        file = root / str(dockerfile.get("location"))
        digest.update(file.read_bytes() if file.is_file() else str(dockerfile.get("inline")).encode())
    return digest.hexdigest()


def built(inputs: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """The outputs of a build. The same content gives the same digest, as a reproducible build does."""
    hashed = context_hash(inputs, root)
    content = json.dumps([hashed, {key: inputs.get(key) for key in _CONTENT}], sort_keys=True, default=repr)
    digest = "sha256:" + hashlib.sha256(content.encode()).hexdigest()
    tags = inputs.get("tags") or []
    return {"contextHash": hashed, "digest": digest, "ref": f"{tags[0]}@{digest}" if tags else digest}


def refusal_of_push(store: Store, inputs: Mapping[str, Any], digest: str) -> str | None:
    """Why a registry would refuse the push, or None."""
    if inputs.get("push") is not True:
        return None
    for reference in inputs.get("tags") or []:
        match = _ECR.match(str(reference))
        if match is None:
            continue
        name, tag = match["name"], _tag(str(reference))
        repository = _repository(store, str(reference))
        if repository is None:
            account = match["account"]
            return (
                f"failed to push {reference}: name unknown: The repository with name '{name}' does not exist in the "
                f"registry with id '{account}'"
            )
        if _is_immutable(repository, tag):
            for push in store.pushes:
                if (push.repository, push.tag) == (_url(str(reference)), tag) and push.digest != digest:
                    return (
                        f"failed to push {reference}: tag invalid: The image tag '{tag}' already exists in the '{name}' "
                        "repository and cannot be overwritten because the tag is immutable."
                    )
    return None


def push(store: Store, inputs: Mapping[str, Any], digest: str) -> None:
    """Note what was pushed, so that repositories know that they are not empty."""
    if inputs.get("push") is not True:
        return
    with store.lock:
        for reference in inputs.get("tags") or []:
            url, tag = _url(str(reference)), _tag(str(reference))
            store.pushes = [old for old in store.pushes if (old.repository, old.tag) != (url, tag)]
            store.pushes.append(Push(url, tag, digest))


def _url(reference: str) -> str:
    head, _, last = reference.rpartition("/")
    return f"{head}/{last.partition('@')[0].partition(':')[0]}"


def _tag(reference: str) -> str:
    return reference.rpartition("/")[2].partition("@")[0].partition(":")[2] or "latest"


def _repository(store: Store, reference: str) -> dict[str, Any] | None:
    url = _url(reference)
    return next((thing.actual for thing in store if thing.actual.get("repositoryUrl") == url), None)


def _is_immutable(repository: Mapping[str, Any], tag: str) -> bool:
    mode = repository.get("imageTagMutability")
    if mode == "IMMUTABLE_WITH_EXCLUSION":
        filters = repository.get("imageTagMutabilityExclusionFilters") or []
        patterns = [str(item.get("filter", "")).replace("*", ".*") for item in filters]
        return not any(re.fullmatch(pattern, tag) for pattern in patterns)
    return mode == "IMMUTABLE"
