"""The container contract of an asynchronous endpoint: what its worker asks is what is tried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelinfra.graph.model import Graph
from modelinfra.serving.contract import read_contract
from modelinfra.serving.errors import ServingCheckError
from tests.platforms.worlds import TASK, deployed


def queued(root: Path) -> Graph:
    return deployed(root, mode="async", scaling={"min": 0, "max": 2})


def test_what_the_worker_asks_is_the_contract(tmp_path: Path) -> None:
    found = read_contract(queued(tmp_path), "digits", project=tmp_path)
    assert (found.health_path, found.predict_path) == ("/v2/models/digits/ready", "/v2/models/digits/infer")
    assert found.predict_url.startswith("https://sqs.")
    assert found.startup_budget_seconds == 121
    assert found.build is not None


def test_a_worker_that_asks_where_nobody_listens_is_told(tmp_path: Path) -> None:
    graph = queued(tmp_path)
    inputs = graph.one(TASK).inputs
    containers = json.loads(inputs["containerDefinitions"])
    settings = containers[-1]["environment"][-1]
    settings["value"] = settings["value"].replace("127.0.0.1:8080", "127.0.0.1:9090")
    inputs["containerDefinitions"] = json.dumps(containers)
    with pytest.raises(ServingCheckError, match=r"to ask the container's http port 8080"):
        read_contract(graph, "digits", project=tmp_path)
