"""Halves of a real model on a device's server and a cloud's, with the real router between: whether its answers are the whole model's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnxruntime

from modelinfra.catalog.servers import server
from modelinfra.serving.halves import directories
from modelinfra.serving.split import ABSOLUTE, RELATIVE, Halves, Splitter
from tests.edge.onnx_servers import ModelServer, Wire, answers
from tests.edge.world import free_port, settings, until
from tests.serving.real_model import INPUT, SHAPE, classifier

ROOT = Path(__file__).resolve().parents[2]
REQUESTS = 3


@dataclass(frozen=True)
class Wanted:
    """A model with one input, and where it is cut."""

    model: Path
    input: str
    shape: tuple[int, ...]
    tensor: str


@dataclass(frozen=True)
class Crossed:
    """asked: bytes of a client's own request. up, down: on the wire to the cloud and back for one request, all of HTTP. difference: the largest
    from the whole's answer."""

    halves: Halves
    here: str
    there: str
    asked: float
    up: float
    down: float
    difference: float


def of_classifier(tensors: Sequence[str]) -> list[Wanted]:
    """Cuts of the real model."""
    return [Wanted(classifier(), INPUT, SHAPE, each) for each in tensors]


def measured(folder: Path, here: str, there: str, wanted: Sequence[Wanted]) -> Iterator[Crossed]:
    """For each cut the same requests through device, router and cloud; raises AssertionError where an answer is another one."""
    cuts: list[tuple[Wanted, Halves, str, str]] = []
    laid: dict[str, dict[str, Path]] = {"device": {}, "cloud": {}}
    for at, one in enumerate(wanted):
        halves = Splitter(one.model, {one.input: one.shape}).split(one.tensor, folder / f"cut-{at}", checks=1)
        names = []
        for part, kind in (("device", here), ("cloud", there)):
            made = directories(halves, kind, f"cut-{at}", folder / f"cut-{at}" / f"{part}-{kind}")
            name = made.model if part == "device" else made.rest
            laid[part][name] = getattr(made, part)
            names.append(name)
        cuts.append((one, halves, names[0], names[1]))
    servers = [
        ModelServer(kind, folder / f"{part}-server", laid[part]) for part, kind in (("device", here), ("cloud", there))
    ]
    wire = Wire(servers[1].port)
    try:
        for each in servers:
            each.wait()
        for one, halves, model, rest in cuts:
            told = _told(folder, one.tensor, servers[0].url, model, here, wire.url, rest, there)
            with routing(told) as client:
                yield _compared(client, one, halves, model, here, there, wire)
    finally:
        for each in servers:
            each.stop()
        wire.stop()


def _compared(
    client: httpx.Client, one: Wanted, halves: Halves, model: str, here: str, there: str, wire: Wire
) -> Crossed:
    random = np.random.default_rng(7)
    whole = onnxruntime.InferenceSession(str(one.model), providers=["CPUExecutionProvider"])
    (output,) = [each.name for each in whole.get_outputs()]
    difference, asked, up, down = 0.0, 0, wire.up, wire.down
    for _ in range(REQUESTS):
        given = random.random(one.shape, dtype=np.float32)
        request = {
            "inputs": [
                {"name": one.input, "datatype": "FP32", "shape": list(one.shape), "data": given.flatten().tolist()}
            ]
        }
        answer = client.post(f"/v2/models/{model}/infer", json=request)
        assert answer.status_code == 200, answer.text
        asked += len(answer.request.content)
        assert answer.headers["x-modelinfra-answered-by"] == "cloud"
        (found,) = [each for each in answer.json()["outputs"] if each["name"] == output]
        (right,) = whole.run([output], {one.input: given})
        value = np.array(found["data"], np.float32).reshape(found["shape"])
        assert value.shape == right.shape
        assert np.allclose(value, right, rtol=RELATIVE, atol=ABSOLUTE), f"another answer at {one.tensor}"
        difference = max(difference, float(np.max(np.abs(value - right))))
    sent, back = (wire.up - up) / REQUESTS, (wire.down - down) / REQUESTS
    return Crossed(halves, here, there, asked / REQUESTS, sent, back, difference)


@contextmanager
def routing(told: dict[str, Any]) -> Iterator[httpx.Client]:
    """The router as a process, once both halves are ready."""
    running = _started(told)
    try:
        # The probe of the cloud is no prediction, and not to be counted with them.
        time.sleep(0.2)
        with httpx.Client(base_url=f"http://127.0.0.1:{told['port']}", timeout=60, trust_env=False) as client:
            yield client
    finally:
        running.terminate()
        running.wait(15)


def _started(told: dict[str, Any], times: int = 3) -> subprocess.Popen[bytes]:
    """Another process may take a port that was free a moment ago: then it is begun again at another one."""
    told["port"] = free_port()
    environment = {**os.environ, "MODELINFRA_ROUTER": json.dumps(told), "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen([sys.executable, "-m", "modelinfra.router"], env=environment)
    url = f"http://127.0.0.1:{told['port']}{told['readyPath']}"
    until(lambda: running.poll() is not None or answers(url), 60)
    if running.poll() is None:
        return running
    assert times > 1, "the router ended"
    return _started(told, times - 1)


def _told(
    folder: Path, tensor: str, light: str, model: str, here: str, cloud: str, rest: str, there: str
) -> dict[str, Any]:
    told = settings(light, cloud, folder)
    told |= {
        "path": server(here).predict_path(model),
        "readyPath": server(here).model_readiness_path(model),
        "maxBody": 10_000_000,
        "requestSeconds": 30.0,
        "confidence": None,
        "store": None,
        "split": {
            "tensor": tensor,
            "binaryHere": server(here).binary_tensors,
            "binaryThere": server(there).binary_tensors,
        },
    }
    told["local"] |= {"timeoutSeconds": 20.0}
    told["cloud"] |= {
        "path": server(there).predict_path(rest),
        "probePath": server(there).model_readiness_path(rest),
        "timeoutSeconds": 20.0,
    }
    return told
