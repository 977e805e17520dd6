"""Pools of nodes through the real engine: made, left alone, moved to spare capacity, destroyed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.sandbox import Result
from tests.engine.conftest import sandbox_of
from tests.policies.good import ENVIRONMENTS

pytestmark = pytest.mark.engine

SERVICE = "aws:ecs/service:Service"


def touched(result: Result) -> list[tuple[str, str]]:
    """Operation and type."""
    found = [(op, urn.split("::")[2].rpartition("$")[2]) for op, urn in result.steps]
    return sorted(each for each in found if each[1].startswith("aws:"))


def test_managed_instances_come_move_to_spare_capacity_without_a_new_provider_and_go(
    project: Path, tmp_path: Path
) -> None:
    environment: dict[str, Any] = copy.deepcopy(ENVIRONMENTS["nodes"])
    with sandbox_of(project, tmp_path / "home", environment) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        environment["gpuNodePools"]["managed"]["spot"] = True
        sandbox.config["modelinfra:environment"] = environment
        assert touched(sandbox.up(check=True)) == [("update", SERVICE)]
        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []
