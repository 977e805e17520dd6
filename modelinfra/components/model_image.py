"""`ModelImage`: a repository and the image in it, built from a server's base image and a model's directory."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build
from pulumi import Input, Output

from modelinfra.catalog.model_directory import ModelDirectory
from modelinfra.catalog.servers import ModelServer
from modelinfra.children import NONE, Adjustments, Children
from modelinfra.components.dockerfile import dockerfile

_PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}

# The one tag that may move: BuildKit overwrites its cache.
_CACHE_TAG = "cache"

_UNTAGGED_DAYS = 14


@dataclass(frozen=True)
class _Repository:
    """shared: others push to it, too, and no tag of it may move."""

    arn: Output[str]
    url: Output[str]
    registry_id: Output[str]
    shared: bool = False


class ModelImage(pulumi.ComponentResource):
    """Builds, pushes and names by digest. The tag is made of the content, so that the same content is never pushed twice."""

    reference: Output[str]
    """Repository and digest of the pushed image."""

    repository_arn: Output[str]
    """ARN of the repository."""

    def __init__(
        self,
        name: str,
        server: ModelServer,
        model: ModelDirectory,
        *,
        architecture: str,
        repository_arn: Input[str] | None,
        kms_key_arn: Input[str] | None,
        production: bool,
        adjustments: Adjustments = NONE,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("modelinfra:index:ModelImage", name, None, opts)
        self._children = Children(self, name, adjustments)
        repository = _adopted(repository_arn) if repository_arn is not None else self._make(kms_key_arn, production)
        image = self._image(repository, server, model, architecture)
        self.reference = Output.concat(repository.url, "@", image.digest)
        self.repository_arn = repository.arn
        self.register_outputs({"reference": self.reference, "repository_arn": self.repository_arn})

    def _make(self, kms_key_arn: Input[str] | None, production: bool) -> _Repository:
        repository = aws.ecr.Repository(
            self._children.named("images", "repository"),
            image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
            image_tag_mutability_exclusion_filters=[{"filter": _CACHE_TAG, "filter_type": "WILDCARD"}],
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": kms_key_arn}]
            if kms_key_arn is not None
            else None,
            force_delete=not production,
            opts=self._children.opts("repository", protect=production or None),
        )
        aws.ecr.LifecyclePolicy(
            self._children.named("expiry"),
            repository=repository.name,
            policy=_lifecycle_policy(),
            opts=self._children.opts("lifecycle-policy"),
        )
        return _Repository(repository.arn, repository.repository_url, repository.registry_id)

    def _image(
        self, repository: _Repository, server: ModelServer, model: ModelDirectory, architecture: str
    ) -> docker_build.Image:
        text = dockerfile(server)
        token = aws.ecr.get_authorization_token_output(registry_id=repository.registry_id, opts=self._children.invoke)
        tag = _content_tag(text, model, architecture)
        if repository.shared:
            tag = f"{self._children.name}-{tag}"
        cache = _cache(repository) if not repository.shared else {}
        return docker_build.Image(
            self._children.named("build"),
            # Relative to the program, so that the same model builds nothing anew on another machine.
            context={"location": os.path.relpath(model.path)},
            dockerfile={"inline": text},
            platforms=[docker_build.Platform(_PLATFORMS[architecture])],
            tags=[Output.concat(repository.url, ":", tag)],
            push=True,
            build_on_preview=False,
            **cache,
            registries=[
                {
                    "address": repository.url,
                    "username": token.user_name,
                    "password": Output.secret(token.password),
                }
            ],
            opts=self._children.opts("image"),
        )


def _adopted(arn: Input[str]) -> _Repository:
    """An existing repository, from its ARN: arn:aws:ecr:REGION:ACCOUNT:repository/NAME."""
    given = Output.from_input(arn)
    return _Repository(given, given.apply(repository_url), given.apply(lambda found: found.split(":")[4]), shared=True)


def repository_url(arn: str) -> str:
    """Where images of the repository with this ARN are pushed to."""
    _, partition, _, region, account, resource = arn.split(":", 5)
    domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"{account}.dkr.ecr.{region}.{domain}/{resource.removeprefix('repository/')}"


def _cache(repository: _Repository) -> dict[str, Any]:
    reference = Output.concat(repository.url, ":", _CACHE_TAG)
    written = {"ref": reference, "mode": docker_build.CacheMode.MAX, "image_manifest": True, "oci_media_types": True}
    return {"cache_from": [{"registry": {"ref": reference}}], "cache_to": [{"registry": written}]}


def _content_tag(text: str, model: ModelDirectory, architecture: str) -> str:
    digest = hashlib.sha256("\n".join([text, model.sha256, architecture]).encode()).hexdigest()
    return f"model-{digest[:16]}"


def _lifecycle_policy() -> str:
    """Only what has no tag expires. Every revision's image keeps its own tag, so none that runs or may be taken back to is lost."""
    rule: dict[str, Any] = {
        "rulePriority": 1,
        "description": "What a build left behind without a tag",
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": _UNTAGGED_DAYS,
        },
        "action": {"type": "expire"},
    }
    return json.dumps({"rules": [rule]})
