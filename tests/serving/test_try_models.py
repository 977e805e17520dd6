"""Several models of one endpoint, served here by the real MLServer from the deployed state: each of them answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from modelinfra.catalog.servers import MLSERVER
from modelinfra.serving.check import ServingCheckError, try_endpoint
from modelinfra.serving.contract import read_contract
from modelinfra.serving.http import call, free_ports
from tests.platforms.worlds import deployed

# A model that takes a while to load, as large ones do.
SLOW = """
import asyncio
from mlserver import MLModel

class Slow(MLModel):
    async def load(self):
        await asyncio.sleep(SECONDS)
        return True
"""


def named(digits: Path, folder: Path, name: str) -> None:
    """The digits classifier under another name."""
    shutil.copytree(digits, folder)
    settings = json.loads((folder / "model-settings.json").read_text())
    (folder / "model-settings.json").write_text(json.dumps({**settings, "name": name}))


@pytest.mark.serving
def test_each_model_of_the_deployed_contract_answers(digits: Path, sample: bytes, tmp_path: Path) -> None:
    named(digits, tmp_path / "first", "fraud")
    named(digits, tmp_path / "second", "spam")
    graph = deployed(tmp_path, models={"fraud": "first", "spam": "second"})
    lines: list[str] = []
    answer = try_endpoint(graph, "digits", request=sample, report=lines.append)
    label = [json.loads(sample)["parameters"]["label"]]
    assert (answer.path, answer.outputs[0]["data"]) == ("/v2/models/fraud/infer", label)
    assert {name: each.outputs[0]["data"] for name, each in answer.others.items()} == {"spam": label}
    assert [line for line in lines if line.startswith("path /mnt/models/")] == [
        f"path /mnt/models/fraud -> {tmp_path}/first",
        f"path /mnt/models/spam -> {tmp_path}/second",
    ]


@pytest.mark.serving
def test_one_of_several_can_be_asked_alone_and_an_unknown_one_is_told(
    digits: Path, sample: bytes, tmp_path: Path
) -> None:
    named(digits, tmp_path / "first", "fraud")
    named(digits, tmp_path / "second", "spam")
    graph = deployed(tmp_path, models={"fraud": "first", "spam": "second"})
    answer = try_endpoint(graph, "digits", request=sample, model="spam")
    assert (answer.path, answer.others) == ("/v2/models/spam/infer", {})
    with pytest.raises(ServingCheckError, match=r"expected a model 'other' of endpoint 'digits'.*fraud, spam"):
        try_endpoint(graph, "digits", request=sample, model="other")


def test_the_contract_of_fetched_models_says_where_each_goes(tmp_path: Path) -> None:
    graph = deployed(tmp_path, models={"fraud": "s3://acme-models/fraud/7", "spam": "s3://acme-models/spam/3"})
    contract = read_contract(graph, "digits", project=tmp_path)
    assert contract.predict_paths == {name: f"/v2/models/{name}/infer" for name in ("fraud", "spam")}
    assert contract.fetch is not None
    assert (contract.fetch.to, str(contract.fetch.path)) == ("/model", "/mnt/models")
    assert [each["to"] for each in contract.fetch.into(tmp_path)["models"]] == [f"{tmp_path}/fraud", f"{tmp_path}/spam"]


@pytest.mark.serving
def test_mlserver_is_not_ready_before_the_last_of_several_models_is(mlserver_python: Path, tmp_path: Path) -> None:
    """What the row says of its readiness path: were it ready with the first model, requests to the other would fail."""
    for name, seconds in (("fast", 0), ("slow", 4)):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / f"{name}_model.py").write_text(SLOW.replace("SECONDS", str(seconds)))
        settings = {"name": name, "implementation": f"{name}_model.Slow"}
        (folder / "model-settings.json").write_text(json.dumps(settings))
    http, grpc, metrics = free_ports(3)
    ports = {"MLSERVER_HTTP_PORT": str(http), "MLSERVER_GRPC_PORT": str(grpc), "MLSERVER_METRICS_PORT": str(metrics)}
    path = ":".join(str(tmp_path / "models" / name) for name in ("fast", "slow"))
    server = subprocess.Popen(
        [mlserver_python.parent / "mlserver", "start", str(tmp_path / "models")],
        env={**ports, "MLSERVER_HOST": "127.0.0.1", "PYTHONPATH": path,
             "PATH": str(mlserver_python.parent), "HOME": str(tmp_path)},
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert MLSERVER.several is not None
    try:
        seen: list[tuple[int, int]] = []
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (not seen or seen[-1] != (200, 200)):
            try:
                all_ready = call(http, MLSERVER.several.readiness_path, seconds=2).status
                slow_ready = call(http, "/v2/models/slow/ready", seconds=2).status
                seen.append((all_ready, slow_ready))
            except OSError:
                pass
            time.sleep(0.05)
    finally:
        server.terminate()
        server.wait(20)
    assert seen[-1] == (200, 200)
    assert (200, 400) not in seen, "ready, while a model still loads"
    assert (400, 400) in seen
