"""`import modelinfra` costs next to nothing; what is heavy comes with the first use."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any

import pytest

import modelinfra

BUDGET_MS = 60
RUNS = 5

HEAVY = ("pydantic", "yaml", "typer", "rich", "pulumi_aws.ec2", "pulumi_aws.ecs", "pulumi_docker_build")
OWN = ("modelinfra.components", "modelinfra.platforms", "modelinfra.options", "modelinfra.graph", "modelinfra.testing")


def fresh(code: str) -> Any:
    """What `code` prints as JSON in an interpreter of its own."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def milliseconds(module: str) -> float:
    code = f"import time, json; began = time.perf_counter(); import {module}; print(json.dumps(time.perf_counter() - began))"
    return 1000 * float(fresh(code))


def test_the_package_alone_loads_neither_pydantic_nor_a_provider_nor_its_own_parts() -> None:
    loaded = fresh("import sys, json, modelinfra; print(json.dumps(sorted(sys.modules)))")
    assert [name for name in loaded if name in HEAVY or name.startswith(OWN)] == []


def test_loading_a_component_loads_no_pydantic_yet() -> None:
    loaded = fresh(
        "import sys, json; from modelinfra import ServingNetwork, EcsCluster; print(json.dumps(sorted(sys.modules)))"
    )
    assert "modelinfra.components.serving_network" in loaded
    assert [name for name in loaded if name.split(".")[0] == "pydantic"] == []


def test_the_import_is_within_60_ms_of_pulumis_own() -> None:
    # Run in turns, so that what else the machine does meets both alike.
    pairs = [(milliseconds("pulumi"), milliseconds("modelinfra")) for _ in range(RUNS)]
    pulumi, own = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert own - pulumi < BUDGET_MS, f"modelinfra {own:.0f} ms, pulumi {pulumi:.0f} ms"


@pytest.mark.parametrize("name", modelinfra.__all__)
def test_each_public_name_is_found_when_it_is_asked_for(name: str) -> None:
    assert getattr(modelinfra, name).__name__ == name
    assert name in dir(modelinfra)


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'modelinfra' has no attribute 'Environmint'"):
        modelinfra.Environmint  # noqa: B018


def test_no_cloud_is_asked_and_no_file_read_at_import() -> None:
    code = (
        "import sys, json; opened = []\n"
        "import pulumi\n"
        "sys.addaudithook(lambda event, args: opened.append(event) if event in ('socket.connect', 'subprocess.Popen') else None)\n"
        "import modelinfra; [getattr(modelinfra, name) for name in modelinfra.__all__]\n"
        "print(json.dumps(opened))"
    )
    assert fresh(code) == []
