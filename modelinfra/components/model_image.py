"""`ModelImage`: a repository and the images of one endpoint in it: the server's, and those of the programs beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build
from pulumi import Input, Output

from modelinfra import naming
from modelinfra.children import NONE, Adjustments, Children
from modelinfra.components.builds import Build
from modelinfra.platforms.base import ImageBeside, Registry

_PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}

# The one tag that may move: BuildKit overwrites its cache.
_CACHE_TAG = "cache"

_UNTAGGED_DAYS = 14


@dataclass(frozen=True)
class _Repository:
    """arn, registry_id: of ECR; empty elsewhere. shared: others push to it, too, and no tag of it may move."""

    arn: Output[str]
    url: Output[str]
    registry_id: Output[str] | None
    shared: bool = False


class ModelImage(pulumi.ComponentResource):
    """Builds, pushes and names by digest. The tag is made of the content, so that the same content is never pushed twice."""

    reference: Output[str] | None
    """Repository and digest of the server's image; None where a ready one is used."""

    revisions: Mapping[str, Output[str]]
    """The same of other revisions, by name, where they are built."""

    fetcher_reference: Output[str] | None
    """Repository and digest of the image that fetches the model; None where the model is in the server's."""

    worker_reference: Output[str] | None
    """Repository and digest of the image that takes messages from a queue; None where there is no queue."""

    capture_reference: Output[str] | None
    """Repository and digest of the image that captures; None where nothing is captured."""

    router_reference: Output[str] | None
    """Repository and digest of the image of the router on devices; None where there is none."""

    repository_arn: Output[str]
    """ARN of the repository; empty where it is none of ECR."""

    def __init__(
        self,
        name: str,
        server: Build | None,
        fetcher: Build | None,
        worker: Build | None,
        capture: Build | None,
        *,
        router: Build | None = None,
        revisions: Mapping[str, Build],
        architecture: str,
        registry: Registry | None,
        repository_arn: Input[str] | None,
        kms_key_arn: Input[str] | None,
        production: bool,
        adjustments: Adjustments = NONE,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("modelinfra:index:ModelImage", name, None, opts)
        self._children = Children(self, name, adjustments)
        self._pushed_tags: dict[str, Output[str]] = {}
        self._registry = registry
        if registry is not None:
            repository = _Repository(Output.from_input(""), Output.concat(registry.url, "/", name), None)
        elif repository_arn is not None:
            repository = _adopted(repository_arn)
        else:
            repository = self._make(kms_key_arn, production)
        self.reference = self._pushed(repository, server, architecture)
        self.revisions = {
            revision: self._push(repository, each, architecture, naming.of_revision(name, revision))
            for revision, each in revisions.items()
        }
        self.fetcher_reference = self._pushed(repository, fetcher, architecture)
        self.worker_reference = self._pushed(repository, worker, architecture)
        self.capture_reference = self._pushed(repository, capture, architecture)
        self.router_reference = self._pushed(repository, router, architecture)
        self.repository_arn = repository.arn
        self.register_outputs({"reference": self.reference, "repository_arn": self.repository_arn})

    def beside(self, reference: Output[str] | None) -> ImageBeside | None:
        """An image of a program beside the server, where there is one."""
        return None if reference is None else ImageBeside(reference, self.repository_arn)

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

    def _pushed(self, repository: _Repository, build: Build | None, architecture: str) -> Output[str] | None:
        return None if build is None else self._push(repository, build, architecture, self._children.name)

    def _push(self, repository: _Repository, build: Build, architecture: str, name: str) -> Output[str]:
        tag = build.tag(architecture)
        if repository.shared:
            tag = f"{self._children.name}-{tag}"
        if tag in self._pushed_tags:
            # Two revisions of the same content: a second build could not write the tag again.
            return self._pushed_tags[tag]
        cache = _cache(repository) if build.cached and not repository.shared else {}
        image = docker_build.Image(
            naming.child(name, build.child),
            context=build.context(),
            dockerfile={"inline": build.dockerfile},
            platforms=[docker_build.Platform(_PLATFORMS[architecture])],
            tags=[Output.concat(repository.url, ":", tag)],
            push=True,
            build_on_preview=False,
            **cache,
            registries=self._login(repository),
            opts=self._children.opts(build.role),
        )
        self._pushed_tags[tag] = Output.concat(repository.url, "@", image.digest)
        return self._pushed_tags[tag]

    def _login(self, repository: _Repository) -> Any:
        """Who pushes; None for whoever this machine is logged in as."""
        username: Any
        password: Any
        if self._registry is None:
            token = aws.ecr.get_authorization_token_output(
                registry_id=repository.registry_id, opts=self._children.invoke
            )
            username, password = token.user_name, token.password
        elif self._registry.username is not None:
            username, password = self._registry.username, self._registry.password
        else:
            return None
        return [{"address": repository.url, "username": username, "password": Output.secret(password)}]


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
