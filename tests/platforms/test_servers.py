"""Every server of the catalogue on ECS: the container's contract is its row's, or it is refused with the reason.

A new server is one row in `modelinfra/catalog/servers/` and one line in SERVED.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from modelinfra.catalog.servers import SERVERS, ModelServer, memory_need_mib, startup_budget_seconds
from modelinfra.graph.model import Graph
from modelinfra.serving import dockerfile
from modelinfra.serving.contract import read_contract
from tests.making import inputs
from tests.platforms.worlds import IMAGE, INGRESS, SERVICE, TARGET_GROUP, TASK, deployed, refusal

READY_IMAGE = "a.example/served@sha256:" + "0" * 64
HUGGING_FACE = {"config.json": "{}", "model.safetensors": "w"}
NO_GPU, NO_MEMORY = "needs a GPU, and Fargate has none", "Fargate has no setting for /dev/shm"


@dataclass(frozen=True)
class Served:
    """name: of the row. files: a model in the folder `served`, path -> content; none for a server whose image has the model inside.

    predict: path of its prediction, written out. refused: parts of the reasons, for a server that Fargate cannot run.
    """

    name: str
    predict: str
    files: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()


SETTINGS = '{"name": "digits", "implementation": "mlserver_sklearn.SKLearnModel"}'
RAY = "applications:\n- {route_prefix: /classify, import_path: 'app:app'}\n"
REPOSITORY = {"digits/config.pbtxt": 'backend: "onnxruntime"', "digits/1/model.onnx": "w"}

SERVED = [
    Served("mlserver", "/v2/models/digits/infer", {"model-settings.json": SETTINGS}),
    Served("tensorflow-serving", "/v1/models/served:predict", {"1/saved_model.pb": "w"}),
    Served("torchserve", "/predictions/digits", {"digits.mar": "w"}),
    Served("triton", "/v2/models/digits/infer", REPOSITORY),
    Served("kserve-sklearnserver", "/v2/models/served/infer", {"model.joblib": "w"}),
    Served("kserve-xgbserver", "/v2/models/served/infer", {"model.ubj": "w"}),
    Served("kserve-lgbserver", "/v2/models/served/infer", {"model.bst": "w"}),
    Served("kserve-pmmlserver", "/v2/models/served/infer", {"model.pmml": "w"}),
    Served("kserve-paddleserver", "/v2/models/served/infer", {"model.pdmodel": "w", "model.pdiparams": "w"}),
    Served("kserve-huggingfaceserver", "/openai/v1/chat/completions", HUGGING_FACE, (NO_MEMORY,)),
    Served("llama-cpp", "/v1/chat/completions", {"tiny-q8.gguf": "w"}),
    Served("bentoml", "/classify"),
    Served("litserve", "/predict"),
    Served("ray-serve", "/classify", {"serve_config.yaml": RAY, "app.py": ""}),
    Served("vllm", "/v1/chat/completions", HUGGING_FACE, (NO_GPU, NO_MEMORY)),
    Served("tgi", "/v1/chat/completions", HUGGING_FACE, (NO_GPU, NO_MEMORY)),
    Served("sglang", "/v1/chat/completions", HUGGING_FACE, (NO_GPU, NO_MEMORY)),
    Served("nim", "/v1/chat/completions", refused=(NO_GPU,)),
]

RUN = [pytest.param(each, id=each.name) for each in SERVED if not each.refused]
BUILT = [pytest.param(each, id=each.name) for each in SERVED if not each.refused and each.files]
REFUSED = [pytest.param(each, id=each.name) for each in SERVED if each.refused]


def test_every_server_of_the_catalogue_is_rendered() -> None:
    assert sorted(each.name for each in SERVED) == sorted(SERVERS)


def options(served: Served, root: Path) -> dict[str, Any]:
    for path, content in served.files.items():
        (root / "served" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "served" / path).write_text(content)
    # Longest requests of some are longer than a shared load balancer waits.
    found: dict[str, Any] = {"server": served.name, "load_balancer": "own"}
    return found | (
        {"model": "served"} if served.files else {"image": READY_IMAGE, "model": {"name": "classify", "size": "1GiB"}}
    )


def rendered(served: Served, root: Path) -> tuple[ModelServer, Graph, dict[str, Any]]:
    graph = deployed(root, **options(served, root))
    (container,) = json.loads(inputs(graph, TASK)["containerDefinitions"])
    return SERVERS[served.name], graph, container


def filled(text: str, served: Served) -> str:
    """A row's text with model and file put in, found here without the layouts."""
    model = next((part for part in ("digits", "classify") if part in served.predict), "served")
    file = next((path for path in served.files if "/" not in path and not path.endswith((".py", ".pdiparams"))), "")
    return text.replace("{model}", model).replace("{file}", file)


@pytest.mark.parametrize("served", RUN)
def test_ports_are_mapped_by_role_and_only_http_is_open(served: Served, tmp_path: Path) -> None:
    row, graph, container = rendered(served, tmp_path)
    assert {each["name"]: each["containerPort"] for each in container["portMappings"]} == dict(row.ports)
    assert not {each["containerPort"] for each in container["portMappings"]} & set(row.management_ports)
    opened = inputs(graph, INGRESS, "digits-tasks-from-lb")
    assert (opened["fromPort"], opened["toPort"]) == (row.ports["http"], row.ports["http"])
    assert inputs(graph, TARGET_GROUP)["port"] == row.ports["http"]
    assert inputs(graph, SERVICE)["loadBalancers"][0]["containerPort"] == row.ports["http"]


@pytest.mark.parametrize("served", RUN)
def test_health_predictions_and_variables_are_the_rows(served: Served, tmp_path: Path) -> None:
    row, graph, container = rendered(served, tmp_path)
    contract = read_contract(graph, "digits", project=tmp_path)
    assert contract.health_path == filled(row.model_readiness_path_template, served)
    assert contract.predict_path == served.predict
    assert {each["name"]: each["value"] for each in container["environment"]} == {
        name: filled(value, served) for name, value in row.environment.items()
    }


@pytest.mark.parametrize("served", RUN)
def test_times_and_memory_follow_from_the_row(served: Served, tmp_path: Path) -> None:
    row, graph, container = rendered(served, tmp_path)
    size = sum(len(content) for content in served.files.values()) or 2**30
    assert inputs(graph, TARGET_GROUP)["deregistrationDelay"] == row.longest_request_seconds
    assert container["stopTimeout"] == min(row.longest_request_seconds, 120)
    assert inputs(graph, SERVICE)["healthCheckGracePeriodSeconds"] == startup_budget_seconds(row, size)
    assert int(inputs(graph, TASK)["memory"]) >= memory_need_mib(row, size)
    disk = inputs(graph, TASK).get("ephemeralStorage") or {"sizeInGib": 20}
    assert disk["sizeInGib"] > row.unpacked_image_gib


@pytest.mark.parametrize("served", BUILT)
def test_the_image_starts_the_rows_command_on_the_model(served: Served, tmp_path: Path) -> None:
    row, graph, _ = rendered(served, tmp_path)
    text = inputs(graph, IMAGE)["dockerfile"]["inline"]
    stage = dockerfile.parse(text)
    assert (stage.base, stage.user, stage.opaque) == (row.image, str(row.user_uid), [])
    assert [str(copy.destination) for copy in stage.copies] == [row.model_directory]
    assert (stage.command or ()) == tuple(filled(word, served) for word in row.command)
    assert stage.entrypoint == (() if row.clear_entrypoint else None)
    assert "{" not in text.replace("{}", "")


@pytest.mark.parametrize("served", REFUSED)
def test_a_server_that_fargate_cannot_run_is_refused_with_every_reason(served: Served, tmp_path: Path) -> None:
    said = refusal(tmp_path, **options(served, tmp_path))
    assert len(said) == 1 + len(served.refused)
    for line, reason in zip(said[1:], served.refused, strict=True):
        assert line.startswith(f"server (given: '{served.name}'): ")
        assert reason in line
        assert "`modelinfra servers` says which" in line


@pytest.mark.parametrize("name", [name for name, row in SERVERS.items() if row.image is None])
def test_a_server_without_an_image_of_its_own_asks_for_yours(name: str, tmp_path: Path) -> None:
    (line,) = refusal(tmp_path, server=name)[1:]
    assert line.startswith(f"image: {SERVERS[name].title} has no image to put a model into: every ")
    assert line.endswith("Write that image by digest.")


def test_a_model_that_needs_shared_memory_is_refused_though_its_server_runs(tmp_path: Path) -> None:
    python = Served(
        "triton", "", {"digits/config.pbtxt": 'name: "digits"\nbackend: "python"\n', "digits/1/model.py": ""}
    )
    (line,) = refusal(tmp_path, **options(python, tmp_path))[1:]
    assert (
        "uses Triton's Python backend, which talks to its processes through shared memory, and Fargate has no" in line
    )


def test_what_a_server_does_without_on_fargate_is_noted(tmp_path: Path) -> None:
    torchserve = next(each for each in SERVED if each.name == "torchserve")
    notes = [entry["message"] for entry in rendered(torchserve, tmp_path)[1].logs]
    assert notes[1] == (
        "endpoint 'digits': TorchServe runs without what its documentation gives it: 1 GiB of shared memory "
        "(Fargate has no setting for /dev/shm), ulimits memlock and stack (Fargate sets nofile only)"
    )


OWN = {"image": "registry.example/own:1.2", "port": 9000, "health_path": "/ready", "predict_path": "/{model}/ask"}


def test_a_server_of_ones_own_is_rendered_like_a_row(tmp_path: Path) -> None:
    own = {
        **OWN,
        "grpc_port": 9001,
        "command": ["serve", "--model={model}"],
        "environment": {"WORKERS": "2"},
        "model_directory": "/opt/model",
        "user_id": 65532,
        "startup_budget": "3m",
        "longest_request": "45s",
    }
    graph = deployed(tmp_path, server=own)
    contract = read_contract(graph, "digits", project=tmp_path)
    assert contract.ports == {"http": 9000, "grpc": 9001}
    assert (contract.health_path, contract.predict_path) == ("/ready", "/model/ask")
    assert (contract.command, contract.environment["WORKERS"]) == (("serve", "--model=model"), "2")
    assert contract.startup_budget_seconds == 180
    assert inputs(graph, TARGET_GROUP)["deregistrationDelay"] == 45
    assert inputs(graph, IMAGE)["dockerfile"]["inline"].splitlines()[1:] == [
        "FROM registry.example/own:1.2",
        "COPY --chown=65532:0 . /opt/model",
        'ENV WORKERS="2"',
        "EXPOSE 9001 9000",
        "USER 65532",
        "ENTRYPOINT []",
        'CMD ["serve", "--model=model"]',
    ]
    assert [warning for warning in graph.warnings if "1 GiB assumed for a server that the catalogue" in warning]


def test_a_server_of_ones_own_starts_as_its_image_says_unless_told_otherwise(tmp_path: Path) -> None:
    stage = dockerfile.parse(inputs(deployed(tmp_path, server=OWN), IMAGE)["dockerfile"]["inline"])
    assert (stage.command, stage.entrypoint, str(stage.copies[0].destination)) == (None, None, "/mnt/models")


def test_a_ready_image_needs_no_other(tmp_path: Path) -> None:
    own = {key: value for key, value in OWN.items() if key != "image"}
    graph = deployed(tmp_path, server=own, image=READY_IMAGE, model={"name": "digits"})
    assert read_contract(graph, "digits").predict_path == "/digits/ask"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"image": "own"}, "server.image (given: 'own'): it names no version"),
        (
            {"image": "registry.example:5000/own"},
            "server.image (given: 'registry.example:5000/own'): it names no version",
        ),
        ({"image": "own:latest"}, "server.image (given: 'own:latest'): it names no version"),
        ({"image": "own:1@sha256:12"}, "server.image (given: 'own:1@sha256:12'): this is no reference of an image"),
        ({"port": 0}, "server.port (given: 0): the least is 1"),
        ({"health_path": "ready"}, "server.health_path (given: 'ready'): this is not a path that begins with a slash"),
        ({"grpc_port": 9000}, "server.grpc_port (given: 9000): `port` is the same"),
        ({"environment": {"A B": "1"}}, "server.environment.A B: this is no name of a variable"),
        ({"predictPath": "/x"}, "server.predictPath (given: '/x'): there is no such key. Did you mean 'predict_path'?"),
        ({"image": None}, "server.image"),
    ],
)
def test_mistakes_in_a_server_of_ones_own_are_told_with_their_place(
    change: dict[str, Any], line: str, tmp_path: Path
) -> None:
    said = refusal(tmp_path, server={**OWN, **change})
    assert any(each.startswith(line) for each in said), said


def test_a_server_of_ones_own_without_any_image_is_refused(tmp_path: Path) -> None:
    own = {key: value for key, value in OWN.items() if key != "image"}
    assert refusal(tmp_path, server=own)[1:] == [
        "server.image: this is required. Write the image that the server is in, with its tag."
    ]
