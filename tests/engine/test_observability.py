"""What watches an environment, through the real engine: made, left alone, changed, taken away."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.values import Secret
from modelinfra.testing.sandbox import Sandbox
from tests.engine.conftest import sandbox_of
from tests.walk.base import ENVIRONMENT

pytestmark = pytest.mark.engine

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"


def environment(**options: Any) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(ENVIRONMENT)
    made.update({key: value for key, value in options.items() if key != "iris"})
    given = {key: value for key, value in options.get("iris", {}).items() if value is not None}
    made["endpoints"]["iris"].update(given)
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


WATCHED = {
    "slo": {"availability": 99.9, "p99LatencyMs": 500},
    "metrics": {},
    "tracing": {"to": "xray"},
    "logs": {"masked": ["EmailAddress"]},
}
TOLD: dict[str, Any] = {
    "tags": {"team": "ml"},
    "notify": {
        "slack": {"workspaceId": "T0123ABCD", "channelId": "C0123ABCD"},
        "webhooks": {"pagerduty": "arn:aws:secretsmanager:us-west-2:123456789012:secret:pagerduty-AbCdEf"},
    },
    "budget": {"monthlyUsd": 500, "tag": "team"},
}
TASK = "aws:ecs/taskDefinition:TaskDefinition"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"


def test_an_environment_that_is_watched_in_every_way_comes_changes_and_goes(project: Path, tmp_path: Path) -> None:
    with sandbox_of(project, tmp_path / "home", environment(**TOLD, iris=WATCHED)) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        assert containers(sandbox) == ["model", "collector"]
        (budget,) = sandbox.cloud.all("aws:budgets/budget:Budget")
        assert budget.actual["costFilters"] == [{"name": "TagKeyValue", "values": ["user:team$ml"]}]
        # The address of the pager is in the state, and nobody can read it there.
        pager = sandbox.graph().one(SUBSCRIPTION)
        assert isinstance(pager.inputs["endpoint"], Secret)
        assert isinstance(pager.outputs["endpoint"], Secret)

        # The second day: another limit, other metrics, no traces, another channel.
        changed = {**TOLD, "budget": {"monthlyUsd": 900, "tag": "team"}}
        changed["notify"] = {**TOLD["notify"], "slack": {"workspaceId": "T0123ABCD", "channelId": "C0000ZZZZ"}}
        watched = {**WATCHED, "metrics": {"names": ["model_infer_request_failure_total"]}, "tracing": None}
        sandbox.config["modelinfra:environment"] = environment(**changed, iris=watched)
        changes = sandbox.up(check=True).changes
        assert changes.get("delete") is None
        (channel,) = sandbox.cloud.all("aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration")
        assert channel.actual["slackChannelId"] == "C0000ZZZZ"
        assert sandbox.up(check=True).changes == {}

        # Nobody watches any more.
        sandbox.config["modelinfra:environment"] = environment()
        sandbox.up(check=True)
        assert containers(sandbox) == ["model"]
        assert sandbox.cloud.all(SUBSCRIPTION) == []
        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []


def containers(sandbox: Sandbox) -> list[str]:
    """Containers of the newest revision."""
    newest = sandbox.cloud.all(TASK)[-1]
    return [each["name"] for each in json.loads(newest.actual["containerDefinitions"])]


def seen(body: dict[str, Any]) -> set[str]:
    """Target groups that a dashboard looks at."""
    lines = [line for each in body["widgets"] for line in each["properties"].get("metrics", ())]
    return {line[index + 1] for line in lines for index, word in enumerate(line) if word == "TargetGroup"}
