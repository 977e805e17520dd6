"""What watches an environment, through the real engine: made, left alone, changed, taken away."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import sandbox_of
from tests.walk.base import ENVIRONMENT

pytestmark = pytest.mark.engine

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"


def environment(**options: Any) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(ENVIRONMENT)
    made.update({key: value for key, value in options.items() if key != "iris"})
    made["endpoints"]["iris"].update(options.get("iris", {}))
    return made


def test_dashboards_follow_what_they_show_and_go_with_it(project: Path, tmp_path: Path) -> None:
    with sandbox_of(project, tmp_path / "home", environment()) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        before = {each.actual["dashboardName"] for each in sandbox.cloud.all(DASHBOARD)}
        assert len(before) == 2

        # Another load balancer: the same dashboards look at another target group.
        sandbox.config["modelinfra:environment"] = environment(iris={"loadBalancer": "own"})
        sandbox.up(check=True)
        assert {each.actual["dashboardName"] for each in sandbox.cloud.all(DASHBOARD)} == before
        groups = {each.actual["arnSuffix"] for each in sandbox.cloud.all("aws:lb/targetGroup:TargetGroup")}
        for each in sandbox.cloud.all(DASHBOARD):
            assert seen(json.loads(each.actual["dashboardBody"])) == groups

        sandbox.config["modelinfra:environment"] = environment(dashboard=False, iris={"dashboard": False})
        sandbox.up(check=True)
        assert sandbox.cloud.all(DASHBOARD) == []
        assert sandbox.up(check=True).changes == {}
        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []


def seen(body: dict[str, Any]) -> set[str]:
    """Target groups that a dashboard looks at."""
    lines = [line for each in body["widgets"] for line in each["properties"].get("metrics", ())]
    return {line[index + 1] for line in lines for index, word in enumerate(line) if word == "TargetGroup"}
