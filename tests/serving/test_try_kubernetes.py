"""An endpoint on Kubernetes is tried under the contract that its InferenceService declares, and under no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.servers import MLSERVER
from modelinfra.graph.model import Graph
from modelinfra.serving import check
from modelinfra.serving.check import try_endpoint
from modelinfra.serving.contract import read_contract
from modelinfra.serving.errors import ServingCheckError
from modelinfra.serving.http import call
from modelinfra.serving.running import Running
from tests.fetcher.conftest import moto, s3  # noqa: F401
from tests.kubernetes.worlds import GATEWAY, HUB, LLAMA, SERVING, deployed
from tests.making import write_model

S3 = "s3://models/digits/7"
DIGITS: dict[str, Any] = {"server": "mlserver", "model": S3, "path": "/digits"}


def world(root: Path, **options: Any) -> Graph:
    return deployed(root, {"digits": {**DIGITS, **options}}, platform={"gateway": GATEWAY})


def test_the_contract_is_what_the_inference_service_declares(tmp_path: Path) -> None:
    contract = read_contract(world(tmp_path, memory="2GiB", startup_budget="5m"), "digits", project=tmp_path)
    assert contract.image == MLSERVER.image
    assert contract.command == ("mlserver", "start", "/mnt/models")
    assert contract.ports == {"http": 8080, "grpc": 8081, "metrics": 8082}
    assert (contract.health_path, contract.startup_budget_seconds) == ("/v2/models/digits/ready", 300)
    assert 302 in contract.health_status
    assert (contract.predict_url, contract.predict_path) == (
        "https://models.acme.ai/digits/v2/models/digits/infer",
        "/v2/models/digits/infer",
    )
    assert contract.task_memory_mib == 2048
    assert contract.fetch is not None
    assert dict(contract.fetch.work) == {"uri": S3, "to": "/mnt/models"}
    assert contract.environment["MLSERVER_HTTP_PORT"] == "8080"


def test_without_a_gateway_a_path_is_the_servers(tmp_path: Path) -> None:
    contract = read_contract(deployed(tmp_path), "iris", project=tmp_path)
    assert contract.predict_path == "/v2/models/iris/infer"


def test_a_revision_of_the_hub_is_one_that_our_fetcher_reads(tmp_path: Path) -> None:
    contract = read_contract(deployed(tmp_path, **LLAMA), "iris", project=tmp_path)
    assert contract.fetch is not None
    assert contract.fetch.work["uri"] == HUB


def test_a_secret_of_the_cluster_is_named_and_has_no_value(tmp_path: Path) -> None:
    contract = read_contract(world(tmp_path, secrets={"TOKEN": "hub/token"}), "digits", project=tmp_path)
    assert contract.secrets == ("TOKEN",)
    assert "TOKEN" not in contract.environment


def test_another_revision_is_not_the_endpoint(tmp_path: Path) -> None:
    graph = world(tmp_path, revisions={"candidate": {"model": "s3://models/digits/8"}})
    contract = read_contract(graph, "digits", project=tmp_path)
    assert contract.fetch is not None
    assert contract.fetch.work["uri"] == S3


EDITS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no server": (lambda pod: pod["containers"][0].update(name="other"), "a container 'kserve-container'"),
    "ports in another order": (
        lambda pod: pod["containers"][0]["ports"].reverse(),
        "the first port of endpoint 'digits' to be 'http'",
    ),
    "a probe of another port": (
        lambda pod: pod["containers"][0]["readinessProbe"]["httpGet"].update(port=8082),
        "the readinessProbe of 'digits-inference-service' to ask a path on the container's http port 8080",
    ),
    "no probe": (lambda pod: pod["containers"][0].pop("livenessProbe"), "the livenessProbe of"),
}


def edited(graph: Graph, edit: Callable[[dict[str, Any]], object]) -> Graph:
    edit(graph.one(SERVING).inputs["spec"]["predictor"])
    return graph


@pytest.mark.parametrize("name", EDITS)
def test_an_inference_service_that_contradicts_itself_is_no_contract(name: str, tmp_path: Path) -> None:
    edit, said = EDITS[name]
    with pytest.raises(ServingCheckError, match=said):
        read_contract(edited(world(tmp_path), edit), "digits", project=tmp_path)


def stored(model: Path, store: Any) -> None:
    for path in model.iterdir():
        store.put_object(Bucket="models", Key=f"digits/7/{path.name}", Body=path.read_bytes())


@pytest.mark.serving
def test_mlserver_answers_under_it_and_tells_what_alarms_ask_for(
    digits: Path,
    sample: bytes,
    tmp_path: Path,
    s3: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored(digits, s3)
    told: list[str] = []
    last = check._check_other_ports

    def and_metrics(contract: Any, running: Running, row: Any) -> None:
        last(contract, running, row)
        told.append(call(running.ports[8082], "/metrics", seconds=5).text(10**6))

    monkeypatch.setattr(check, "_check_other_ports", and_metrics)
    lines: list[str] = []
    answer = try_endpoint(world(tmp_path), "digits", request=sample, report=lines.append, project=tmp_path)
    assert answer.outputs[0]["data"] == [json.loads(sample)["parameters"]["label"]]
    assert answer.path == "/v2/models/digits/infer"
    assert any(line.startswith("path /mnt/models -> ") for line in lines)
    assert MLSERVER.answered is not None
    assert MLSERVER.answered.latency is not None
    series = [line for line in told[0].splitlines() if 'method="POST"' in line and 'status_code="200"' in line]
    counted = [*(each.name for each in MLSERVER.answered.requests), f"{MLSERVER.answered.latency.name}_bucket"]
    for name in counted:
        assert any(line.startswith(f"{name}{{") for line in series), name


@pytest.mark.serving
def test_a_server_that_listens_elsewhere_than_the_probes_ask_is_told(
    digits: Path,
    sample: bytes,
    tmp_path: Path,
    s3: Any,  # noqa: F811
) -> None:
    stored(digits, s3)

    def elsewhere(pod: dict[str, Any]) -> None:
        for variable in pod["containers"][0]["env"]:
            if variable["name"] == "MLSERVER_HTTP_PORT":
                variable["value"] = "8090"

    with pytest.raises(ServingCheckError, match="as the kubelet asks"):
        try_endpoint(edited(world(tmp_path), elsewhere), "digits", request=sample, project=tmp_path, budget_seconds=40)


def test_a_ready_image_is_tried_with_docker(tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    ready = {"image": "r.example/served@sha256:" + "0" * 64, "model": {"name": "digits"}}
    with pytest.raises(ServingCheckError, match="runs the ready image"):
        try_endpoint(world(tmp_path, **ready), "digits", request=b"{}", project=tmp_path)
