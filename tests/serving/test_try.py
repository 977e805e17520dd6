"""The real MLServer, started from the deployed state, answers; and whatever is wrong in that state makes `try` fail."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from deployed_state import deployed, edit_container, edit_dockerfile, part

from modelinfra.graph.model import Graph
from modelinfra.serving.check import ServingCheckError, try_endpoint

BUDGET_SECONDS = 40.0
"""Enough for a start on a busy machine; a wrong contract is noticed long before."""

HTTP_PORT = "MLSERVER_HTTP_PORT=8080"


@pytest.mark.serving
def test_the_deployed_contract_serves_the_right_label_with_three_substitutions(digits: Path, sample: bytes) -> None:
    lines: list[str] = []
    answer = try_endpoint(deployed(digits), "digits", request=sample, report=lines.append)
    assert answer.outputs[0]["data"] == [json.loads(sample)["parameters"]["label"]]
    assert answer.status == 200
    assert answer.body["model_name"] == "digits"
    assert answer.ready_seconds < 60
    substitutions = [line for line in lines if " -> " in line]
    assert [line.split()[0] for line in substitutions] == ["image", "path", "ports"]
    assert substitutions[0].startswith("image docker.io/seldonio/mlserver:1.7.1 -> mlserver 1.7.1 in ")
    assert substitutions[1] == f"path /mnt/models -> {digits}"
    assert "http 8080 -> 127.0.0.1:" in substitutions[2]


@pytest.mark.serving
def test_without_a_request_zeros_in_the_declared_shape_are_sent(digits: Path) -> None:
    answer = try_endpoint(deployed(digits), "digits")
    assert answer.outputs[0]["shape"] == [1, 1]


def _command(*words: str) -> Callable[[Graph], object]:
    return lambda graph: edit_container(graph, lambda container: container.update(command=list(words)))


def _variable(name: str, value: str) -> Callable[[Graph], object]:
    return lambda graph: edit_container(
        graph, lambda container: container["environment"].append({"name": name, "value": value})
    )


def _all_ports_but_the_servers(graph: Graph) -> None:
    edit_container(graph, lambda container: container["portMappings"][0].update(containerPort=9090))
    part(graph, "TargetGroup").inputs["port"] = 9090
    part(graph, "Service").inputs["loadBalancers"][0]["containerPort"] = 9090


def _predict_url(graph: Graph) -> None:
    outputs = part(graph, "ModelEndpoint").outputs
    outputs["predict_url"] = outputs["predict_url"].replace("/models/digits/", "/models/numbers/")


def _health_url(graph: Graph) -> None:
    outputs = part(graph, "ModelEndpoint").outputs
    outputs["health_url"] = outputs["health_url"].replace("/ready", "/fine")


# Each breaks one part of the deployed state. The cases of the first group are seen before anything is started.
BEFORE_THE_START = [
    pytest.param(_command("mlserver", "start", "/mnt/other"), "the image has nothing from us at /mnt/other", id="command, path"),
    pytest.param(_command("mlserve", "start", "/mnt/models"), "a start command of MLServer", id="command, program"),
    pytest.param(lambda g: edit_dockerfile(g, 'CMD ["mlserver", "start", "/mnt/models"]', ""), "neither the task nor the Dockerfile", id="command, none"),
    pytest.param(lambda g: edit_dockerfile(g, ". /mnt/models", ". /srv/models"), "the model's path /srv/models", id="model path"),
    pytest.param(lambda g: part(g, "Image").inputs["context"].update(location="no/such"), "there is no such directory", id="model source"),
    pytest.param(lambda g: edit_dockerfile(g, "mlserver:1.7.1\n", "mlserver:1.6.0\n"), "a base image that the catalogue knows", id="base image"),
    pytest.param(lambda g: edit_dockerfile(g, "USER 1000", "RUN pip install x"), "it also says: RUN pip install x", id="an instruction to build"),
    pytest.param(_variable("MLSERVER_HTTP_PORT", "http"), "a port number in MLSERVER_HTTP_PORT", id="variable, no number"),
    pytest.param(_variable("MLSERVER_HOST", "127.0.0.1"), "where the load balancer does not reach it", id="variable, address"),
    pytest.param(lambda g: part(g, "TargetGroup").inputs.update(port=9090), "but it uses 9090", id="target group's port"),
    pytest.param(lambda g: g.nodes.pop(part(g, "Image").urn), "whose content is not known here", id="image's build"),
]  # fmt: skip
AFTER_THE_START = [
    pytest.param(_command("mlserver", "begin", "/mnt/models"), "No such command 'begin'", id="command, word"),
    pytest.param(_variable("MLSERVER_HTTP_PORT", "9090"), "the server is ready at /v2/health/ready on port 9090", id="variable, http port"),
    pytest.param(_variable("MLSERVER_METRICS_PORT", "9092"), "answer on its metrics port 8082 at /metrics", id="variable, metrics port"),
    pytest.param(_variable("MLSERVER_GRPC_PORT", "9091"), "answer on its grpc port 8081", id="variable, grpc port"),
    pytest.param(_variable("MLSERVER_LOAD_MODELS_AT_STARTUP", "false"), "404 came", id="variable, start-up"),
    pytest.param(_variable("MLSERVER_PARALLEL_WORKERS", "many"), "parallel_workers", id="variable, refused"),
    pytest.param(_all_ports_but_the_servers, "the server is ready at /v2/health/ready on port 8080", id="http port everywhere"),
    pytest.param(lambda g: part(g, "TargetGroup").inputs["healthCheck"].update(path="/healthy"), "status 200 at /healthy on port 8080", id="health path"),
    pytest.param(_predict_url, "the model directory serves 'digits'", id="predict_url"),
    pytest.param(_health_url, "200 at /v2/health/fine, where the health_url output arrives", id="health_url"),
    pytest.param(lambda g: part(g, "ListenerRule").inputs.update(transforms=[]), "404 came", id="listener rule's rewrite"),
]  # fmt: skip


@pytest.mark.parametrize(("corrupt", "message"), BEFORE_THE_START)
def test_a_contract_that_cannot_start_fails_with_a_telling_message(
    tmp_path: Path, corrupt: Callable[[Graph], object], message: str
) -> None:
    graph = deployed(tmp_path)
    corrupt(graph)
    with pytest.raises(ServingCheckError) as caught:
        try_endpoint(graph, "digits", request=b"{}")
    assert message in str(caught.value)
    assert caught.value.remedy


@pytest.mark.serving
@pytest.mark.parametrize(("corrupt", "message"), AFTER_THE_START)
def test_a_contract_that_does_not_serve_fails_with_a_telling_message(
    digits: Path, sample: bytes, corrupt: Callable[[Graph], object], message: str
) -> None:
    graph = deployed(digits)
    # Without its second process the server starts in half the time; how many it has is not what is tried here.
    _variable("MLSERVER_PARALLEL_WORKERS", "0")(graph)
    corrupt(graph)
    with pytest.raises(ServingCheckError) as caught:
        try_endpoint(graph, "digits", request=sample, budget_seconds=BUDGET_SECONDS)
    assert message in str(caught.value)
    assert caught.value.remedy


def _rename(model: Path) -> None:
    settings = model / "model-settings.json"
    settings.write_text(settings.read_text().replace('"digits"', '"numbers"'))


@pytest.mark.serving
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(_rename, "(the model directory serves 'numbers')", id="model name"),
        pytest.param(lambda model: (model / "model-settings.json").unlink(), "there is no model-settings.json", id="no settings"),
        pytest.param(lambda model: (model / "model.joblib").write_bytes(b"spoilt"), "failed to load during startup", id="spoilt model"),
    ],
)  # fmt: skip
def test_a_model_directory_that_has_changed_since_fails_with_a_telling_message(
    digits: Path, sample: bytes, tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    model = tmp_path / "digits"
    shutil.copytree(digits, model)
    spoil(model)
    graph = deployed(model)
    _variable("MLSERVER_PARALLEL_WORKERS", "0")(graph)
    with pytest.raises(ServingCheckError) as caught:
        try_endpoint(graph, "digits", request=sample, budget_seconds=BUDGET_SECONDS)
    assert message in str(caught.value)


@pytest.mark.serving
def test_a_request_that_the_model_refuses_fails_with_the_servers_words(digits: Path) -> None:
    wrong = {"inputs": [{"name": "image", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}
    with pytest.raises(ServingCheckError, match="features"):
        try_endpoint(deployed(digits), "digits", request=wrong, budget_seconds=BUDGET_SECONDS)


@pytest.mark.serving
def test_in_a_container_nothing_is_substituted(digits: Path, sample: bytes, docker_with_base_image: None) -> None:
    lines: list[str] = []
    answer = try_endpoint(deployed(digits), "digits", request=sample, how="docker", report=lines.append)
    assert answer.outputs[0]["data"] == [json.loads(sample)["parameters"]["label"]]
    assert not [line for line in lines if " -> " in line]
    left = subprocess.run(["docker", "ps", "--all", "--quiet", "--filter", "name=modelinfra-try"], capture_output=True)
    assert not left.stdout


@pytest.mark.serving
def test_in_a_container_a_wrong_contract_fails_too(digits: Path, sample: bytes, docker_with_base_image: None) -> None:
    graph = deployed(digits)
    _command("mlserver", "start", "/mnt/other")(graph)
    with pytest.raises(ServingCheckError, match="404 came"):
        try_endpoint(graph, "digits", request=sample, how="docker", budget_seconds=BUDGET_SECONDS)


def test_without_a_docker_engine_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ServingCheckError, match=r"there is no docker command on the PATH\. Start one, or try .* process"
    ):
        try_endpoint(deployed(tmp_path), "digits", request=b"{}", how="docker")


def test_a_server_without_a_package_on_this_machine_is_tried_with_docker(tmp_path: Path) -> None:
    graph = deployed(tmp_path)
    edit_dockerfile(graph, "docker.io/seldonio/mlserver:1.7.1", "docker.io/tensorflow/serving:2.18.0")
    with pytest.raises(ServingCheckError) as caught:
        try_endpoint(graph, "digits", request=b"{}")
    assert "a Python package that serves what TensorFlow Serving's image serves" in str(caught.value)
    assert "add --docker" in str(caught.value)
