from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modelinfra.catalog.fargate import refusals
from modelinfra.catalog.layouts.found import FoundModel
from modelinfra.catalog.model_directory import ModelDirectoryError, measure, model_name
from modelinfra.catalog.servers import (
    GIB,
    SERVERS,
    ModelServer,
    UnknownServerError,
    memory_need_mib,
    server,
    server_for_image,
    startup_budget_seconds,
)
from modelinfra.cli.main import app

MLSERVER = server("mlserver")
SETTINGS = '{"name": "digits", "implementation": "mlserver_sklearn.SKLearnModel"}'


@pytest.fixture
def model(tmp_path: Path) -> Path:
    directory = tmp_path / "digits"
    directory.mkdir()
    (directory / "model-settings.json").write_text(SETTINGS)
    (directory / "model.joblib").write_bytes(b"weights")
    return directory


def test_the_catalogue_imports_no_pulumi() -> None:
    code = "import sys, modelinfra.catalog.servers, modelinfra.catalog.model_directory; print('pulumi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("row", SERVERS.values(), ids=lambda row: row.name)
def test_every_row_is_consistent_in_itself(row: ModelServer) -> None:
    check_row(row)


def check_row(row: ModelServer) -> None:
    """What holds of every row."""
    if row.image is None:
        assert row.image_from
        assert (row.layout, row.command) == (None, ())
    else:
        assert re.fullmatch(r"[^@\s]+:[^@:/\s]+", row.image), "an image has a version tag and no digest"
        assert row.version in row.image
        assert row.image.split("/")[0] in {"docker.io", "ghcr.io", "nvcr.io"}, "the registry is said"
        assert not row.image.endswith(":latest")
        assert any(row.model_directory in word for word in (*row.command, *row.environment.values()))
        assert row.layout is not None
    assert "http" in row.ports
    assert set(row.ports) <= {"http", "grpc", "metrics"}
    assert len({*row.ports.values(), *row.management_ports}) == len(row.ports) + len(row.management_ports)
    assert bool(row.metrics_path) or bool(row.metrics_note)
    assert row.metrics_path or "metrics" not in row.ports
    for path in (row.liveness_path, row.readiness_path, row.predict_path("m"), row.model_readiness_path("m")):
        assert re.fullmatch(r"/[^{}\s]*", path.replace("{model}", "m"))
    predicted = row.predict_path("m")
    assert not [route for route in row.side_routes if predicted.startswith(route)], "predictions are no side route"
    assert not row.needs_shared_memory or row.shared_memory_mib


def test_the_row_in_the_guide_for_contributors_is_one() -> None:
    guide = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()
    (code,) = re.findall(r"```python\n( *\"\"\"Acme.*?)```", guide, re.DOTALL)
    found: dict[str, object] = {}
    exec(textwrap.dedent(code), found)
    row = found["ACME"]
    assert isinstance(row, ModelServer)
    check_row(row)
    assert row.serving(FoundModel("net", "net.onnx")).command[-2:] == ("--name=net", "/models/net.onnx")


def test_the_command_lists_every_server_and_whether_fargate_runs_it() -> None:
    result = CliRunner().invoke(app, ["servers", "--json"])
    rows = json.loads(result.stdout)
    assert list(rows) == list(SERVERS)
    assert rows["triton"]["fargate"] is True
    assert rows["vllm"]["fargate"][0] == "vLLM needs a GPU, and Fargate has none"
    assert rows["tensorflow-serving"]["layout"].startswith("numeric version folders")
    assert rows["torchserve"]["management_ports"] == [8081, 7071]
    shown = CliRunner().invoke(app, ["servers"], env={"COLUMNS": "120"}).stdout
    assert re.search(r"vllm .* no: needs GPU, /dev/shm", shown)
    assert re.search(r"mlserver .* yes", shown)


@pytest.mark.parametrize("row", [row for row in SERVERS.values() if row.local], ids=lambda row: row.name)
def test_a_local_substitute_is_locked_and_takes_the_same_ports(row: ModelServer) -> None:
    assert row.local is not None
    variables = (*row.local.port_variables.values(), row.local.address_variable)
    assert set(variables) <= set(row.contract_variables)
    for role, variable in row.local.port_variables.items():
        assert row.environment[variable] == str(row.ports[role])
    assert row.command[0] in row.local.executables
    lock = (files("modelinfra.catalog") / "local" / row.local.lock).read_text()
    assert f"\n{row.local.package}=={row.local.version} \\\n    --hash=sha256:" in lock
    assert "://" not in lock, "no package registry is named"


def test_the_traps_that_the_facts_name_are_avoided() -> None:
    def said(name: str) -> str:
        return " ".join([*SERVERS[name].command, *(f"{k}={v}" for k, v in SERVERS[name].environment.items())])

    assert "--disable-token-auth" in said("torchserve")
    assert "--host 0.0.0.0" in said("llama-cpp")
    assert "--metrics" in said("llama-cpp").split()
    assert "--enable-metrics" in said("sglang")
    assert "HOSTNAME=0.0.0.0" in said("tgi")
    assert SERVERS["vllm"].model_readiness_path("m") == "/v1/models"


def test_only_what_needs_a_gpu_or_shared_memory_is_refused_on_fargate() -> None:
    refused = {name for name, row in SERVERS.items() if refusals(row)}
    assert refused == {name for name, row in SERVERS.items() if row.needs_gpu or row.needs_shared_memory}
    assert refused == {"vllm", "tgi", "sglang", "nim", "kserve-huggingfaceserver"}


def test_a_misspelt_server_gets_a_suggestion() -> None:
    with pytest.raises(UnknownServerError, match="no model server is called 'mlsever'") as caught:
        server("mlsever")
    assert caught.value.suggestion == "mlserver"
    assert str(caught.value).endswith("did you mean 'mlserver'?")
    with pytest.raises(KeyError):
        server("nothing like it")


@pytest.mark.parametrize(
    "image",
    [
        "docker.io/seldonio/mlserver:1.7.1",
        "seldonio/mlserver:1.7.1",
        "123456789012.dkr.ecr.us-west-2.amazonaws.com/mirror/seldonio/mlserver:1.7.1",
        "docker.io/seldonio/mlserver:1.7.1@sha256:" + "0" * 64,
    ],
)
def test_an_image_is_recognised_also_from_a_mirror_and_with_a_digest(image: str) -> None:
    assert server_for_image(image) is MLSERVER


@pytest.mark.parametrize("image", ["seldonio/mlserver:1.7.0", "seldonio/mlserver", "notseldonio/mlserver:1.7.1"])
def test_another_version_or_repository_is_another_server(image: str) -> None:
    assert server_for_image(image) is None


def test_the_start_up_budget_grows_with_the_model_and_takes_the_ceiling_for_an_unknown_size() -> None:
    base = MLSERVER.startup_base_seconds
    assert startup_budget_seconds(MLSERVER, 0) == base
    assert startup_budget_seconds(MLSERVER, 1) == base + 1
    assert startup_budget_seconds(MLSERVER, 2 * GIB) == base + 2 * MLSERVER.startup_seconds_per_gib
    assert startup_budget_seconds(MLSERVER, None) == startup_budget_seconds(MLSERVER, MLSERVER.assumed_model_gib * GIB)
    with pytest.raises(ValueError, match="-1 bytes"):
        startup_budget_seconds(MLSERVER, -1)


def test_memory_grows_with_the_model() -> None:
    assert memory_need_mib(MLSERVER, 0) == MLSERVER.memory_base_mib
    assert memory_need_mib(MLSERVER, GIB) == MLSERVER.memory_base_mib + 2 * 1024


def test_a_measured_directory_has_the_size_of_its_files(model: Path) -> None:
    assert measure(model).bytes == len(SETTINGS) + len(b"weights")


def test_the_digest_depends_on_names_and_contents_only(model: Path, tmp_path: Path) -> None:
    twin = tmp_path / "elsewhere"
    twin.mkdir()
    (twin / "model.joblib").write_bytes(b"weights")
    (twin / "model-settings.json").write_text(SETTINGS)
    os.utime(twin / "model.joblib", (0, 0))
    (twin / "model.joblib").chmod(0o600)
    first = measure(model).sha256
    assert measure(twin).sha256 == first
    (twin / "model.joblib").rename(twin / "model.pickle")
    assert measure(twin).sha256 != first
    (twin / "model.pickle").rename(twin / "model.joblib")
    (twin / "model.joblib").write_bytes(b"weighty")
    assert measure(twin).sha256 != first


def test_content_cannot_move_between_names_unnoticed(tmp_path: Path) -> None:
    for name, contents in {"one": {"a": "bc", "d": ""}, "two": {"a": "b", "cd": ""}}.items():
        (tmp_path / name).mkdir()
        for file, content in contents.items():
            (tmp_path / name / file).write_text(content)
    assert measure(tmp_path / "one").sha256 != measure(tmp_path / "two").sha256


def test_hidden_files_and_subfolders_count(model: Path) -> None:
    before = measure(model)
    (model / "extra").mkdir()
    (model / "extra" / ".hidden").write_text("x")
    after = measure(model)
    assert after.sha256 != before.sha256
    assert after.bytes == before.bytes + 1


def test_a_link_inside_the_directory_is_kept(model: Path) -> None:
    before = measure(model)
    (model / "latest.joblib").symlink_to("model.joblib")
    after = measure(model)
    assert after.sha256 != before.sha256
    assert after.bytes == before.bytes


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("/etc/hostname", "leads out of the model directory"),
        ("../secret", "leads out of the model directory"),
        ("../digits/model.joblib", "leads out of the model directory"),
        ("missing", "does not exist"),
        ("loop", "does not exist"),
    ],
)
def test_a_link_that_the_image_cannot_keep_is_refused(model: Path, target: str, message: str) -> None:
    (model.parent / "secret").write_text("x")
    (model / "loop").symlink_to(target)
    with pytest.raises(ModelDirectoryError, match=message):
        measure(model)


def test_a_linked_folder_outside_is_refused(model: Path) -> None:
    (model.parent / "outside").mkdir()
    (model / "folder").symlink_to("../outside")
    with pytest.raises(ModelDirectoryError, match="leads out"):
        measure(model)


def test_what_is_neither_file_nor_folder_is_refused(model: Path) -> None:
    os.mkfifo(model / "pipe")
    with pytest.raises(ModelDirectoryError, match="neither a file nor a folder"):
        measure(model)


def test_an_empty_or_missing_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    with pytest.raises(ModelDirectoryError, match="holds no file"):
        measure(tmp_path / "empty")
    with pytest.raises(ModelDirectoryError, match="there is no directory"):
        measure(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(ModelDirectoryError, match="is a file"):
        measure(tmp_path / "file")


def test_the_model_has_the_name_in_its_settings(model: Path) -> None:
    assert model_name(model) == "digits"


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("{", "is not JSON"),
        ("[]", "is JSON, but a list"),
        ('{"implementation": "a.B"}', "has no name"),
        ('{"name": "", "implementation": "a.B"}', "has no name"),
        ('{"name": 7, "implementation": "a.B"}', "has no name"),
        ('{"name": "a/b", "implementation": "a.B"}', "names the model 'a/b'"),
        ('{"name": "digits"}', "has no implementation"),
        ('{"name": "d", "implementation": "a.B", "parameters": {"uri": "./no.joblib"}}', "which is not in"),
        ('{"name": "d", "implementation": "a.B", "parameters": {"uri": "/home/me/m.joblib"}}', "points at /home/me"),
        ('{"name": "d", "implementation": "a.B", "parameters": {"uri": "/mnt/models/no"}}', "which is not in"),
    ],
)
def test_settings_that_mlserver_would_not_serve_are_refused_with_reason_and_remedy(
    model: Path, text: str, fact: str
) -> None:
    (model / "model-settings.json").write_text(text)
    with pytest.raises(ModelDirectoryError) as caught:
        model_name(model)
    assert fact in caught.value.fact
    assert str(caught.value) == f"{caught.value.fact}: {caught.value.reason}. {caught.value.remedy}."


def test_a_directory_without_settings_is_refused(model: Path) -> None:
    (model / "model-settings.json").unlink()
    with pytest.raises(ModelDirectoryError, match=r"there is no model-settings\.json"):
        model_name(model)


@pytest.mark.parametrize("uri", ["./model.joblib", "model.joblib", "/mnt/models/model.joblib", "s3://bucket/model"])
def test_a_model_file_that_is_there_is_accepted(model: Path, uri: str) -> None:
    text = SETTINGS.replace("}", f', "parameters": {{"uri": "{uri}"}}}}')
    (model / "model-settings.json").write_text(text)
    assert model_name(model) == "digits"
