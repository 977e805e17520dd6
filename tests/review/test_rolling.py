"""How long deployments take at the most."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.review.figures.rolling import waves
from modelinfra.review.report import report
from modelinfra.review.usage import read_usage
from tests.review.making import ENDPOINT, changes, node, task


def world(image: str, *, group: dict[str, Any] | None = None, **service: Any) -> list[Node]:
    home = node(ENDPOINT, "chat")
    definition = task({"name": "model", "image": image, "stopTimeout": 60})
    check = {"interval": 15, "healthyThreshold": 2}
    target = node(
        "aws:lb/targetGroup:TargetGroup", "to", **{"deregistrationDelay": 60, "healthCheck": check, **(group or {})}
    )
    given = {"desiredCount": 4, "healthCheckGracePeriodSeconds": 600, **service}
    return [home, definition, target,
            node("aws:ecs/service:Service", "service", parent=home.urn, **given,
                 deps={"taskDefinition": [definition], "loadBalancers": [target]})]  # fmt: skip


def row(usage: Any = None, **service: Any) -> tuple[str, ...]:
    found = report(changes(world("a", **service), world("b", **service)), usage=read_usage(usage))
    (only,) = [each for table in found.tables if table.title == "How long deployments take" for each in table.rows]
    return only


def test_one_wave_with_room_for_twice_as_many() -> None:
    # 600 + 2 * 15 s to start, 60 + 60 s to go.
    assert row() == ("chat", "4", "1", "630 s", "120 s", "13 min", "not known")


def test_half_the_room_takes_two_waves() -> None:
    assert row(deploymentMaximumPercent=150)[2:6] == ("2", "630 s", "120 s", "25 min")


def test_a_deployment_without_room_never_ends() -> None:
    assert row(desiredCount=1, deploymentMaximumPercent=100)[2:6] == ("none", "630 s", "120 s", "never ends")


def test_a_cold_start_is_told_where_size_and_speed_are_stated() -> None:
    assert row({"components": {"chat": {"imageGb": 12, "pullMibPerSecond": 64}}})[6] == "14 min"
    assert row({"pullMibPerSecond": 64})[6] == "not known"


@pytest.mark.parametrize("unknown", ["desiredCount", "healthCheckGracePeriodSeconds", "deploymentMaximumPercent"])
def test_what_is_not_known_gives_no_minutes(unknown: str) -> None:
    assert row(**{unknown: Unknown})[5] == "not known"


@pytest.mark.parametrize(
    ("configuration", "whole"),
    [
        ({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": "0"}, "13 min"),
        (
            {"strategy": "CANARY", "bakeTimeInMinutes": "10", "canaryConfiguration": {"canaryBakeTimeInMinutes": "10"}},
            "33 min",
        ),
        (
            {
                "strategy": "LINEAR",
                "bakeTimeInMinutes": "0",
                "linearConfiguration": {"stepPercent": 30, "stepBakeTimeInMinutes": "5"},
            },
            "33 min",
        ),
        ({"strategy": "CANARY", "bakeTimeInMinutes": Unknown}, "not known"),
    ],
)
def test_traffic_that_is_moved_and_watched_takes_longer(configuration: dict[str, Any], whole: str) -> None:
    assert row(deploymentConfiguration=configuration)[5] == whole


def test_from_moved_traffic_back_to_rolling_deployments_is_high() -> None:
    moved = world("a", deploymentConfiguration={"strategy": "CANARY"})
    found = report(changes(moved, world("a", deploymentConfiguration={"strategy": "ROLLING"})))
    assert ("high", "chat goes back to rolling deployments: requests may be lost") in {
        (each.severity, each.title) for each in found.findings
    }
    away = report(changes(world("a"), moved))
    assert not [each for each in away.findings if each.severity == "high"]


def test_a_service_that_does_not_deploy_is_not_told() -> None:
    found = report(changes(world("a"), world("a", desiredCount=5)))
    assert "How long deployments take" not in {table.title for table in found.tables}


def test_a_deployment_during_which_nobody_need_serve_is_high_each_time() -> None:
    found = report(
        changes(world("a", deploymentMinimumHealthyPercent=0), world("b", deploymentMinimumHealthyPercent=0))
    )
    assert ("high", "nobody need answer requests to chat while it deploys") in {
        (each.severity, each.title) for each in found.findings
    }


@given(tasks=st.integers(1, 60), least=st.integers(0, 100), most=st.integers(100, 300))
def test_waves_end_unless_nothing_may_start_or_stop(tasks: int, least: int, most: int) -> None:
    found = waves(tasks, least, most)
    stuck = tasks * most // 100 == tasks and -(-tasks * least // 100) == tasks
    assert (found is None) == stuck
    assert found is None or 1 <= found <= tasks
