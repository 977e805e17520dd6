"""Unit tests of this program, with the test kit of modelinfra: no cloud, no credentials, no `pulumi` command.

pytest test_own_program.py
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelinfra.graph import Graph
from modelinfra.graph.project import capture_project

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """Everything that the program registers, with values made up in the shapes of the real ones."""
    model = tmp_path_factory.mktemp("model")
    settings = {"name": "digits", "implementation": "mlserver_sklearn.SKLearnModel"}
    (model / "model-settings.json").write_text(json.dumps(settings))
    return capture_project(HERE, "dev", preview=False, config={"model": str(model)})


def test_the_model_may_send_to_its_queue_and_do_nothing_else(graph: Graph) -> None:
    role = graph.one("aws:iam/role:Role", "digits-task").outputs["name"]
    (policy,) = [node for node in graph.all("aws:iam/rolePolicy:RolePolicy") if node.inputs["role"] == role]
    assert json.loads(policy.inputs["policy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": graph.one("aws:sqs/queue:Queue", "doubts").outputs["arn"],
        }
    ]


def test_the_model_is_told_where_its_queue_is(graph: Graph) -> None:
    task = graph.one("aws:ecs/taskDefinition:TaskDefinition")
    (container,) = json.loads(task.inputs["containerDefinitions"])
    assert {"name": "DOUBTS_QUEUE_URL", "value": graph.outputs["doubtsQueueUrl"]} in container["environment"]


def test_nothing_is_reachable_from_the_internet(graph: Graph) -> None:
    assert graph.one("aws:lb/loadBalancer:LoadBalancer").inputs["internal"] is True
    assert graph.one("aws:ecs/service:Service").inputs["networkConfiguration"]["assignPublicIp"] is False
