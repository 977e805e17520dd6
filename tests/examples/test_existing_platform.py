"""The example of an endpoint on a platform that exists: it makes nothing that belongs to others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelinfra.graph import Graph
from modelinfra.graph.project import capture_project
from tests.making import inputs, write_model

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "existing-platform"


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    model = write_model(tmp_path_factory.mktemp("model"))
    return capture_project(EXAMPLE, "prod", preview=False, config={"model": str(model)})


def test_only_what_belongs_to_the_endpoint_is_made(graph: Graph) -> None:
    made = sorted(node.name for node in graph if node.type.startswith(("aws:", "docker-build:")))
    assert made == [
        "digits-build", "digits-by-requests", "digits-dashboard", "digits-replicas", "digits-rule", "digits-service", "digits-target-5xx",
        "digits-task", "digits-task", "digits-to", "digits-unhealthy-hosts",
    ]  # fmt: skip


def test_it_says_the_address_that_the_owners_of_the_load_balancer_gave_it(graph: Graph) -> None:
    url = graph.outputs["predictUrl"]
    assert url == "https://models.internal.example.com/digits/v2/models/digits/infer"


def test_it_says_what_each_thing_that_is_handed_in_must_allow(graph: Graph) -> None:
    said = " ".join(entry["message"] for entry in graph.logs)
    for thing in ("execution role", "replicas' security group", "load balancer's security group"):
        assert f"the {thing} is handed in: it must" in said
    assert graph.warnings == []


def test_the_one_role_that_is_made_is_bounded(graph: Graph) -> None:
    role = inputs(graph, "aws:iam/role:Role")
    assert role["permissionsBoundary"] == "arn:aws:iam::123456789012:policy/workload-boundary"


@pytest.mark.slow_judge
def test_a_type_checker_has_nothing_to_say_about_it() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(EXAMPLE / "__main__.py")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
