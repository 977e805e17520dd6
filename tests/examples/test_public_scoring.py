"""The example of a model on the internet with a candidate beside it: it previews, deploys, is promoted by one line, and goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.model import Graph
from modelinfra.graph.project import capture_project
from modelinfra.graph.values import plain
from modelinfra.testing.plugin import require_engine
from modelinfra.testing.sandbox import Sandbox
from tests.examples.projects import ENVIRONMENT, EXAMPLES, declared

EXAMPLE = EXAMPLES / "public-scoring"
RULE, ALARM, TASK = (
    "aws:lb/listenerRule:ListenerRule",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:ecs/taskDefinition:TaskDefinition",
)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return capture_project(EXAMPLE, "prod", preview=False)


def test_it_warns_of_nothing(graph: Graph) -> None:
    assert [each["message"] for each in graph.logs if each["severity"] == "warning"] == []


def test_whoever_asks_has_logged_in_whichever_revision_answers(graph: Graph) -> None:
    rules = graph.all(RULE)
    assert len(rules) == 2
    for rule in rules:
        assert [each["type"] for each in plain(rule.inputs)["actions"]] == ["authenticate-oidc", "forward"]


def test_each_revision_fetches_its_own_model(graph: Graph) -> None:
    def fetched(task: Any) -> str:
        (container,) = (
            each for each in json.loads(plain(task.inputs)["containerDefinitions"]) if each["name"] == "model-fetch"
        )
        return next(each["value"] for each in container["environment"] if each["name"] == "MODELINFRA_FETCH")

    assert sorted("churn/8/" in fetched(each) for each in graph.all(TASK)) == [False, True]


def test_people_are_told_of_every_revision(graph: Graph) -> None:
    (topic,) = graph.all("aws:sns/topic:Topic")
    told = {node.name for node in graph.all(ALARM) if plain(node.inputs).get("alarmActions") == [topic.outputs["arn"]]}
    for name in ("prod-churn-p95", "prod-churn--candidate-p95", "prod-churn--candidate-target-5xx"):
        assert name in told


@pytest.mark.slow_judge
@pytest.mark.engine
def test_it_is_deployed_left_alone_promoted_and_destroyed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    require_engine(request)
    environment: dict[str, Any] = declared(EXAMPLE, "prod")
    config = {"aws:region": "us-west-2", ENVIRONMENT: environment}
    with Sandbox(EXAMPLE, home=tmp_path / "home", stack="prod", config=config) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}

        # Promoted, and taken back: the rule alone.
        endpoint = environment["endpoints"]["churn"]
        for traffic in ({"candidate": 100}, {"stable": 100}):
            endpoint["traffic"] = traffic
            result = sandbox.up(check=True)
            assert result.changes == {"update": 1}
            assert [urn.rsplit("::")[-1] for op, urn in result.steps if op == "update"] == ["prod-churn-public-rule"]

        # It has proven itself: the endpoint gets its model, and the revision goes.
        endpoint["model"] = endpoint.pop("revisions")["candidate"]["model"]
        del endpoint["traffic"], endpoint["stickiness"]
        sandbox.up(check=True)
        assert len(sandbox.cloud.all(RULE)) == 1

        # What production protects goes only when it is production no longer.
        environment["production"] = False
        sandbox.up(check=True)
        sandbox.destroy(check=True)
        assert [each.token for each in sandbox.cloud.things] == []
