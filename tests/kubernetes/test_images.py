"""Images that are built for a Kubernetes cluster: with models from directories, in a registry of one's own or in ECR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from modelinfra import Environment, KubernetesPlatform, ModelEndpoint
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import CLUSTER, GATEWAY, HUB, deployed, manifests, predictor, refusal, server
from tests.making import captured, inputs, write_model

IMAGE = "docker-build:index:Image"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
REPOSITORY = "aws:ecr/repository:Repository"
OWN: dict[str, Any] = {"registry": {"url": "registry.acme.ai/models"}, "image_pull_secrets": ["registry"]}
ECR: dict[str, Any] = {"registry": "ecr"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_model(tmp_path / "model", name="iris")
    return tmp_path


def test_a_directory_is_put_into_an_image_that_the_replica_runs_by_its_digest(root: Path) -> None:
    graph = deployed(root, model="model", platform=OWN)
    built = inputs(graph, IMAGE)
    (tag,) = built["tags"]
    assert tag.startswith("registry.acme.ai/models/iris:model-")
    assert built["push"] is True
    # Whoever this machine is logged in as.
    assert "registries" not in built
    digest = plain(graph.one(IMAGE).outputs["digest"])
    assert server(graph)["image"] == f"registry.acme.ai/models/iris@{digest}"
    assert "storageUris" not in predictor(graph)
    assert predictor(graph)["imagePullSecrets"] == [{"name": "registry"}]
    assert not [node.type for node in graph if node.type.startswith("aws:")]
    assert [found for each in manifests(graph) for found in complaints(each)] == []


def test_a_model_that_is_fetched_builds_nothing_though_there_is_a_registry(root: Path) -> None:
    for platform in (OWN, ECR):
        graph = deployed(root, platform=platform)
        assert graph.all(IMAGE) == graph.all(REPOSITORY) == []
        assert predictor(graph)["storageUris"]


def test_on_aws_each_endpoint_has_a_repository_of_ecr(root: Path) -> None:
    graph = deployed(root, model="model", platform=ECR)
    url = plain(graph.one(REPOSITORY).outputs["repositoryUrl"])
    assert server(graph)["image"].startswith(f"{url}@sha256:")
    assert inputs(graph, IMAGE)["registries"][0]["address"] == url
    key = "arn:aws:kms:us-west-2:123456789012:key/images"
    graph = deployed(root, model="model", platform=ECR, repository={"kms_key_arn": key})
    assert inputs(graph, REPOSITORY)["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": key}]


def test_what_lies_in_ecr_has_the_tags_of_its_tenant_and_of_the_environment(root: Path) -> None:
    declared: dict[str, Any] = {
        "tags": {"team": "ml"},
        "tenants": {"bank": {"kubernetes": {}}},
        "platforms": {"k8s": {"type": "kubernetes", **CLUSTER, **ECR}},
        "endpoints": {"iris": {"server": "mlserver", "model": "model", "tenant": "bank"}},
    }
    graph = captured(lambda: Environment("dev", **declared), root)
    assert inputs(graph, REPOSITORY)["tags"] == {"team": "ml", "tenant": "bank"}


def test_a_name_and_a_password_are_those_of_who_pushes_and_the_password_stays_secret(root: Path) -> None:
    def program() -> None:
        registry = {"url": "registry.acme.ai/models", "username": "ci", "password": pulumi.Output.secret("pushing")}
        cluster: Any = KubernetesPlatform("k8s", {**CLUSTER, "registry": registry})  # type: ignore[typeddict-item]
        ModelEndpoint("iris", platform=cluster, server="mlserver", model="model")

    graph = captured(program, root)
    (login,) = inputs(graph, IMAGE)["registries"]
    assert (login["username"], login["password"]) == ("ci", "pushing")
    assert "pushing" not in str(graph.one(IMAGE).to_json())


def several(root: Path, platform: dict[str, Any]) -> Graph:
    for name in ("fraud", "spam"):
        (root / name / "1").mkdir(parents=True)
        (root / name / "1" / "saved_model.pb").write_text(name)
    models = {"fraud": "fraud", "spam": "spam"}
    return deployed(root, {"iris": {"server": "tensorflow-serving", "models": models}}, platform=platform)


def test_several_directories_are_put_into_one_image_with_the_files_that_tell_of_them(root: Path) -> None:
    graph = several(root, OWN)
    assert "/models/served/spam" in inputs(graph, IMAGE)["dockerfile"]["inline"]
    assert graph.all(CONFIG_MAP) == []
    assert "volumes" not in predictor(graph)
    assert "ephemeral-storage" not in server(graph)["resources"]["requests"]


def test_a_model_that_is_baked_is_fetched_by_the_build(root: Path) -> None:
    chat = {"server": "llama-cpp", "model": {"uri": HUB, "file": "chat.gguf", "size": "2GiB", "delivery": "baked"}}
    graph = deployed(root, platform=OWN, **chat)
    assert "storageUris" not in predictor(graph)
    assert HUB in inputs(graph, IMAGE)["dockerfile"]["inline"]
    assert [line for line in graph.logs if "baked into the image" in line["message"]]
    assert not [line for line in graph.logs if "storage initializer" in line["message"]]


def test_the_model_of_another_revision_is_an_image_beside_it(root: Path) -> None:
    write_model(root / "next", name="iris", weights="better")
    graph = deployed(root, model="model", revisions={"next": {"model": "next"}}, platform={**OWN, "gateway": GATEWAY})
    images = {node.name: plain(node.inputs)["tags"][0].partition(":")[0] for node in graph.all(IMAGE)}
    assert images == {"iris-build": "registry.acme.ai/models/iris", "iris--next-build": "registry.acme.ai/models/iris"}
    assert server(graph, "iris-inference-service")["image"] != server(graph, "iris--next-inference-service")["image"]
    # One that is fetched beside one that is built: each as it comes.
    mixed = {"next": {"model": {"uri": "s3://acme-models/iris/8", "name": "iris"}}}
    graph = deployed(root, model="model", revisions=mixed, platform={**OWN, "gateway": GATEWAY})
    assert len(graph.all(IMAGE)) == 1
    assert server(graph, "iris--next-inference-service")["image"] == "docker.io/seldonio/mlserver:1.7.1"


@pytest.mark.parametrize(
    ("options", "platform", "said"),
    [
        (
            {"model": "model"},
            {},
            "model (given: 'model'): images are built for a cluster whose platform has a `registry`, and this one has none. Write `registry` there, store the model at s3://, hf:// or https://, or write `image`.",
        ),
        ({"models": {"iris": "model"}}, {}, "models.iris (given: 'model'): images are built for a cluster"),
        (
            {"model": {"uri": HUB, "delivery": "baked"}},
            {},
            "model.delivery (given: 'baked'): images are built for a cluster whose platform has a `registry`, and this one has none. Write `registry` there, or remove it to have replicas fetch the model.",
        ),
        (
            {"model": "model", "repository": {"kms_key_arn": "arn:aws:kms:us-west-2:123456789012:key/a"}},
            OWN,
            "repository: the platform's `registry` is not ECR, and has a repository for each endpoint by its name. Remove it.",
        ),
        (
            {"repository": {"kms_key_arn": "arn:aws:kms:us-west-2:123456789012:key/a"}},
            ECR,
            "repository: no image is built for it. Remove it.",
        ),
    ],
    ids=["directory", "several", "baked", "repository elsewhere", "repository of nothing"],
)
def test_what_is_not_built_is_refused(options: dict[str, Any], platform: Any, said: str, root: Path) -> None:
    (found,) = refusal(root, platform=platform, **options)
    assert found.startswith(said)


@pytest.mark.parametrize(
    ("registry", "said"),
    [
        ({"url": "https://registry.acme.ai/models"}, "registry.url"),
        ({"url": "registry.acme.ai"}, "registry.url"),
        ({"url": "registry.acme.ai/a", "username": "ci"}, "registry.password: `username` does not say enough alone"),
        (
            {"url": "registry.acme.ai/a", "username": "ci", "password": "pushing"},
            "registry.password (given: '…'): it would stay readable in the stack file, or the program.",
        ),
    ],
)
def test_a_registry_that_does_not_say_enough_or_too_much_is_refused(registry: Any, said: str, root: Path) -> None:
    told: list[str] = []

    def program() -> None:
        try:
            KubernetesPlatform("k8s", {**CLUSTER, "registry": registry})  # type: ignore[typeddict-item]
        except pulumi.RunError as error:
            told.extend(line.strip() for line in str(error).splitlines()[1:])

    captured(program, root)
    (found,) = told
    assert found.startswith(said)
