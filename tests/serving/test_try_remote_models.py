"""A model at an address is fetched to this machine by the fetcher itself, verified, and served."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.model import Graph
from modelinfra.serving.check import try_endpoint
from modelinfra.serving.contract import read_contract
from modelinfra.serving.errors import ServingCheckError
from tests.fetcher.conftest import Host, authority, host, moto, new_host, s3  # noqa: F401
from tests.platforms.worlds import IMAGE, READY, TASK, deployed

COMMIT = "a" * 40
HUB = f"hf://acme/digits@{COMMIT}"
S3 = "s3://models/digits/7"


def test_the_contract_of_a_fetched_model_says_what_is_fetched_and_where_the_server_finds_it(tmp_path: Path) -> None:
    contract = read_contract(deployed(tmp_path, model=S3), "digits")
    assert contract.fetch is not None
    assert contract.build is not None
    assert (dict(contract.fetch.work), contract.fetch.baked) == ({"uri": S3, "to": "/model"}, False)
    assert str(contract.fetch.path) == str(contract.build.model_path) == "/mnt/models"
    assert (contract.fetch.region, contract.build.opaque) == ("us-west-2", ())
    assert contract.build.base == "docker.io/seldonio/mlserver:1.7.1"
    assert contract.command == ("mlserver", "start", "/mnt/models")


def test_the_contract_of_a_baked_model_says_what_the_build_fetches(tmp_path: Path) -> None:
    contract = read_contract(deployed(tmp_path, model={"uri": HUB, "delivery": "baked"}), "digits")
    assert contract.fetch is not None
    assert contract.build is not None
    assert (dict(contract.fetch.work), contract.fetch.baked) == ({"uri": HUB, "to": "/model"}, True)
    assert str(contract.build.model_path) == "/mnt/models"
    assert contract.build.opaque == ()


def test_a_ready_image_with_a_fetched_model_has_no_build(tmp_path: Path) -> None:
    contract = read_contract(deployed(tmp_path, image=READY["image"], model=S3), "digits")
    assert contract.build is None
    assert contract.fetch is not None


def _edit(graph: Graph, edit: Callable[[list[Any]], object]) -> Graph:
    task = graph.one(TASK).inputs
    containers = json.loads(task["containerDefinitions"])
    edit(containers)
    task["containerDefinitions"] = json.dumps(containers)
    return graph


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            lambda containers: containers[0].pop("mountPoints"),
            "from which the server reads it, but the fetching container has",
        ),
        (lambda containers: containers[1].pop("environment"), "expected what to fetch in MODELINFRA_FETCH"),
    ],
)
def test_a_fetch_that_does_not_reach_the_server_is_no_contract(
    tmp_path: Path, edit: Callable[[list[Any]], object], said: str
) -> None:
    with pytest.raises(ServingCheckError, match=said):
        read_contract(_edit(deployed(tmp_path, model=S3), edit), "digits")


@pytest.mark.serving
def test_a_model_in_s3_is_fetched_verified_and_served(
    digits: Path,
    sample: bytes,
    tmp_path: Path,
    s3: Any,  # noqa: F811
) -> None:
    sums = []
    for path in sorted(digits.iterdir()):
        s3.put_object(Bucket="models", Key=f"digits/7/{path.name}", Body=path.read_bytes())
        sums.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    manifest = "".join(sums).encode()
    s3.put_object(Bucket="models", Key="digits/7/SHA256SUMS", Body=manifest)
    graph = deployed(tmp_path, model={"uri": S3, "sha256": hashlib.sha256(manifest).hexdigest()})
    lines: list[str] = []
    answer = try_endpoint(graph, "digits", request=sample, report=lines.append)
    assert answer.outputs[0]["data"] == [json.loads(sample)["parameters"]["label"]]
    assert any(line.endswith("sha256 of SHA256SUMS verified") for line in lines)
    substituted = next(line for line in lines if line.startswith(f"model {S3}, which a volume of the task holds -> "))
    folder = substituted.rpartition(" -> ")[2]
    assert f"path /mnt/models -> {folder}" in lines
    assert not Path(folder).exists(), "it is removed with the server"


@pytest.mark.serving
def test_in_a_container_the_fetched_model_is_a_volume(
    digits: Path,
    sample: bytes,
    tmp_path: Path,
    s3: Any,  # noqa: F811
    docker_with_base_image: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in digits.iterdir():
        s3.put_object(Bucket="models", Key=f"digits/7/{path.name}", Body=path.read_bytes())
    lines: list[str] = []
    graph = deployed(tmp_path, model=S3, memory="2GiB")
    answer = try_endpoint(graph, "digits", request=sample, how="docker", report=lines.append)
    assert answer.outputs[0]["data"] == [json.loads(sample)["parameters"]["label"]]
    assert [line.split()[0] for line in lines if " -> " in line] == ["model"]


@pytest.mark.serving
def test_a_model_of_the_hub_that_the_build_would_fetch_is_served(
    digits: Path,
    sample: bytes,
    tmp_path: Path,
    host: Host,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", host.url)
    siblings = []
    for path in digits.iterdir():
        body = path.read_bytes()
        blob = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
        siblings.append({"rfilename": path.name, "size": len(body), "blobId": blob})
        host.serve(f"/acme/digits/resolve/{COMMIT}/{path.name}", body)
    host.serve(f"/api/models/acme/digits/revision/{COMMIT}?blobs=true", {"sha": COMMIT, "siblings": siblings})
    answer = try_endpoint(deployed(tmp_path, model={"uri": HUB, "delivery": "baked"}), "digits", request=sample)
    assert answer.outputs[0]["data"] == [json.loads(sample)["parameters"]["label"]]


def test_a_model_that_cannot_be_fetched_fails_with_the_fetchers_own_words(tmp_path: Path, s3: Any) -> None:  # noqa: F811
    with pytest.raises(ServingCheckError) as caught:
        try_endpoint(deployed(tmp_path, model=S3), "digits", request=b"{}")
    assert str(caught.value) == (
        f"expected the model {S3} on this machine, but there is nothing at {S3}: no object has this key or prefix. "
        "Correct it, or store the model there. This machine fetches with its own network and credentials, not with the "
        "endpoint's role."
    )


def test_both_images_are_built_from_dockerfiles_that_can_be_read(tmp_path: Path) -> None:
    from modelinfra.serving.dockerfile import parse

    graph = deployed(tmp_path, model=S3)
    texts = {node.name: graph.one(IMAGE, node.name).inputs["dockerfile"]["inline"] for node in graph.all(IMAGE)}
    fetcher = parse(texts["digits-fetcher"])
    assert fetcher.command == ("python", "-m", "modelinfra.fetcher")
    assert fetcher.user == "65532"
    assert fetcher.environment["PYTHONPATH"] == "/opt/fetcher"
    assert 'VOLUME ["/model"]' in fetcher.opaque
    assert parse(texts["digits-build"]).copies == []
