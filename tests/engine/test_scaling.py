"""Autoscaling through the real engine: made, left alone, moved by its schedule, edited, destroyed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.sandbox import Result, Sandbox
from tests.engine.conftest import sandbox_of
from tests.walk.base import ENVIRONMENT

pytestmark = pytest.mark.engine

TARGET, ACTION, POLICY, ALARM = (
    "aws:appautoscaling/target:Target",
    "aws:appautoscaling/scheduledAction:ScheduledAction",
    "aws:appautoscaling/policy:Policy",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
)
WAITING = {"namespace": "Acme/Iris", "name": "Waiting", "dimensions": {"Service": "iris"}}
SCHEDULE = {
    "day": {"at": "cron(0 8 ? * MON-FRI *)", "min": 4},
    "night": {"at": "cron(0 20 ? * MON-FRI *)"},
}


def environment(**scaling: Any) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(ENVIRONMENT)
    made["endpoints"]["iris"]["scaling"] = {"min": 2, "max": 10, **scaling}
    return made


def scale(sandbox: Sandbox, **scaling: Any) -> Result:
    sandbox.config["modelinfra:environment"] = environment(**scaling)
    return sandbox.up(check=True)


def touched(result: Result) -> list[tuple[str, str, str]]:
    """Operation, type and name."""
    found = [(op, urn.split("::")[2].rpartition("$")[2], urn.split("::")[3]) for op, urn in result.steps]
    return sorted(each for each in found if each[1].startswith("aws:"))


def limits(sandbox: Sandbox) -> tuple[int, int]:
    target = sandbox.cloud.one(TARGET).actual
    return target["minCapacity"], target["maxCapacity"]


def test_a_deployment_within_a_scheduled_window_leaves_the_window_as_it_is(project: Path, tmp_path: Path) -> None:
    with sandbox_of(project, tmp_path / "home", environment(schedule=SCHEDULE)) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        assert sandbox.cloud.drift("schedules") != []
        assert limits(sandbox) == (4, 10)
        sandbox.refresh(check=True)
        assert sandbox.up(check=True).changes == {}
        assert limits(sandbox) == (4, 10)

        # The limit that no point in time states is Pulumi's, and an edit of it does not end the window.
        assert touched(scale(sandbox, max=20, schedule=SCHEDULE)) == [("update", TARGET, "proof-iris-replicas")]
        assert limits(sandbox) == (4, 20)

        # The other one waits for the point in time that goes back to it.
        found = touched(scale(sandbox, min=3, max=20, schedule=SCHEDULE))
        assert found == [("update", ACTION, "proof-iris-at-night")]
        assert limits(sandbox) == (4, 20)

        # Without a schedule the limits are Pulumi's at once.
        found = touched(scale(sandbox, min=3, max=20))
        assert [each for each in found if each[0] == "delete"] == [
            ("delete", ACTION, "proof-iris-at-day"),
            ("delete", ACTION, "proof-iris-at-night"),
        ]
        assert limits(sandbox) == (3, 20)
        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []


def test_targets_steps_and_guard_come_and_go_one_by_one(project: Path, tmp_path: Path) -> None:
    everything: dict[str, Any] = {
        "concurrency": 4,
        "p95LatencyMs": 250,
        "metrics": {"waiting": {**WAITING, "targetPerReplica": 3}},
        "steps": {"rush": {**WAITING, "add": [{"above": 20, "replicas": 2}]}},
    }
    with sandbox_of(project, tmp_path / "home", environment(**everything)) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        assert len(sandbox.cloud.all(POLICY)) == 4

        assert {each[:2] for each in touched(scale(sandbox, **{**everything, "concurrency": 6}))} == {
            ("update", POLICY)
        }
        rest = {key: value for key, value in everything.items() if key not in ("steps", "p95LatencyMs")}
        found = [each for each in touched(scale(sandbox, **rest)) if each[0] == "delete"]
        assert found == [
            ("delete", POLICY, "proof-iris-latency-guard"),
            ("delete", POLICY, "proof-iris-steps-rush-up"),
            ("delete", ALARM, "proof-iris-latency-guard"),
            ("delete", ALARM, "proof-iris-steps-rush-up"),
        ]
        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []
