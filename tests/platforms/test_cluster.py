"""`EcsCluster`: where endpoints run, and the load balancer that they share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from modelinfra import EcsCluster
from modelinfra.graph.model import Graph
from tests.making import captured, inputs
from tests.platforms.worlds import LOAD_BALANCER, NETWORK

CLUSTER = "aws:ecs/cluster:Cluster"


def cluster(root: Path, **options: Any) -> Graph:
    return captured(lambda: EcsCluster("web", network=NETWORK, **options), root)


def test_a_cluster_offers_fargate_and_its_spare_capacity(tmp_path: Path) -> None:
    found = inputs(cluster(tmp_path), "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
    assert found["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]


@pytest.mark.parametrize("level", ["disabled", "enabled", "enhanced"])
def test_insights_are_as_detailed_as_asked(tmp_path: Path, level: str) -> None:
    assert inputs(cluster(tmp_path, container_insights=level), CLUSTER)["settings"] == [
        {"name": "containerInsights", "value": level}
    ]


def test_a_shell_is_configured_only_where_it_is_asked_for(tmp_path: Path) -> None:
    assert "configuration" not in inputs(cluster(tmp_path), CLUSTER)
    asked = inputs(cluster(tmp_path, exec=True), CLUSTER)
    assert asked["configuration"] == {"executeCommandConfiguration": {"logging": "DEFAULT"}}


def test_the_shared_load_balancer_waits_as_long_as_asked(tmp_path: Path) -> None:
    assert inputs(cluster(tmp_path, idle_timeout="3m"), LOAD_BALANCER)["idleTimeout"] == 180


def test_the_shared_load_balancer_can_be_left_out(tmp_path: Path) -> None:
    assert cluster(tmp_path, shared_load_balancer=False).all(LOAD_BALANCER) == []


@pytest.mark.parametrize("production", [False, True])
def test_a_load_balancer_is_protected_in_production_alone(tmp_path: Path, production: bool) -> None:
    assert inputs(cluster(tmp_path, production=production), LOAD_BALANCER)["enableDeletionProtection"] is production


def test_every_mistake_of_a_cluster_is_told_before_anything_is_registered(tmp_path: Path) -> None:
    said: list[str] = []

    def program() -> None:
        try:
            EcsCluster("web", container_insights="full", idle_timeout=60)  # type: ignore[call-overload]
        except pulumi.RunError as error:
            said.extend(str(error).splitlines())

    assert captured(program, tmp_path).resources == []
    assert said == [
        "EcsCluster 'web': 3 mistakes, nothing was created",
        "  network: this is required. Pass a ServingNetwork or a NetworkReference.",
        "  container_insights (given: 'full'): this is not one of the choices. Write one of: disabled, enabled, enhanced.",
        "  idle_timeout (given: 60): a duration needs a unit. Write 60s for seconds or 60m for minutes.",
    ]
