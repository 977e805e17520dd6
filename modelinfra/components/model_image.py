"""`ModelImage`: a repository and the images of one endpoint in it: the server's, and the one that fetches its model."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build
from pulumi import Input, Output

from modelinfra import naming
from modelinfra.components.builds import Build

_PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}

# The one tag that may move: BuildKit overwrites its cache.
_CACHE_TAG = "cache"

_UNTAGGED_DAYS = 14


class ModelImage(pulumi.ComponentResource):
    """Builds, pushes and names by digest. The tag is made of the content, so that the same content is never pushed twice."""

    reference: Output[str] | None
    """Repository and digest of the server's image; None where a ready one is used."""

    fetcher_reference: Output[str] | None
    """Repository and digest of the image that fetches the model; None where the model is in the server's."""

    repository_arn: Output[str]
    """ARN of the repository."""

    def __init__(
        self,
        name: str,
        server: Build | None,
        fetcher: Build | None,
        *,
        architecture: str,
        kms_key_arn: Input[str] | None,
        production: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("modelinfra:index:ModelImage", name, None, opts)
        repository = self._repository(name, kms_key_arn, production)
        self.reference = self._pushed(name, repository, server, architecture)
        self.fetcher_reference = self._pushed(name, repository, fetcher, architecture)
        self.repository_arn = repository.arn
        self.register_outputs({"reference": self.reference, "repository_arn": self.repository_arn})

    def _repository(self, name: str, kms_key_arn: Input[str] | None, production: bool) -> aws.ecr.Repository:
        child = pulumi.ResourceOptions(parent=self)
        repository = aws.ecr.Repository(
            naming.child(name, "images", "repository"),
            image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
            image_tag_mutability_exclusion_filters=[{"filter": _CACHE_TAG, "filter_type": "WILDCARD"}],
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": kms_key_arn}]
            if kms_key_arn is not None
            else None,
            force_delete=not production,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(protect=production or None)),
        )
        aws.ecr.LifecyclePolicy(
            naming.child(name, "expiry"),
            repository=repository.name,
            policy=_lifecycle_policy(),
            opts=child,
        )
        return repository

    def _pushed(
        self, name: str, repository: aws.ecr.Repository, build: Build | None, architecture: str
    ) -> Output[str] | None:
        if build is None:
            return None
        token = aws.ecr.get_authorization_token_output(
            registry_id=repository.registry_id, opts=pulumi.InvokeOptions(parent=self)
        )
        cache = Output.concat(repository.repository_url, ":", _CACHE_TAG)
        image = docker_build.Image(
            naming.child(name, build.child),
            context={"location": build.location()},
            dockerfile={"inline": build.dockerfile},
            platforms=[docker_build.Platform(_PLATFORMS[architecture])],
            tags=[Output.concat(repository.repository_url, ":", build.tag(architecture))],
            push=True,
            build_on_preview=False,
            # The fetcher is small, and built anew only when it changes.
            cache_from=[{"registry": {"ref": cache}}] if build.cached else None,
            cache_to=[
                {
                    "registry": {
                        "ref": cache,
                        "mode": docker_build.CacheMode.MAX,
                        "image_manifest": True,
                        "oci_media_types": True,
                    }
                }
            ]
            if build.cached
            else None,
            registries=[
                {
                    "address": repository.repository_url,
                    "username": token.user_name,
                    "password": Output.secret(token.password),
                }
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return Output.concat(repository.repository_url, "@", image.digest)


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
