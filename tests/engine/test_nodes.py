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
LISTED = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"


def touched(result: Result) -> list[tuple[str, str]]:
    """Operation and type."""
    found = [(op, urn.split("::")[2].rpartition("$")[2]) for op, urn in result.steps]
    return sorted(each for each in found if each[1].startswith("aws:"))


def test_pools_come_move_to_spare_capacity_without_a_new_provider_lose_their_exporter_and_go(
    project: Path, tmp_path: Path
) -> None:
    environment: dict[str, Any] = copy.deepcopy(ENVIRONMENTS["nodes"])
    with sandbox_of(project, tmp_path / "home", environment) as sandbox:
        # As ECS answers while a capacity provider is still being created.
        sandbox.cloud.fail(
            type=LISTED, message="InvalidParameterException: 'x' is not in an ACTIVE state. Specify a valid one"
        )
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        assert len(sandbox.cloud.all(PROVIDER)) == 3
        environment["gpuNodePools"]["managed"]["spot"] = True
        del environment["gpuNodePools"]["own"]["gpuMetrics"]
        sandbox.config["modelinfra:environment"] = environment
        changed = touched(sandbox.up(check=True))
        assert not any(type_ == PROVIDER for _, type_ in changed)
        assert ("update", SERVICE) in changed
        assert {type_ for op, type_ in changed if op == "delete"} == {
            "aws:cloudwatch/logGroup:LogGroup",
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            "aws:ecs/service:Service",
            "aws:ecs/taskDefinition:TaskDefinition",
            "aws:iam/role:Role",
            "aws:iam/rolePolicy:RolePolicy",
        }
        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []
