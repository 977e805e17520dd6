"""The example of a pipeline that sleeps: it previews, deploys, stays as it is, changes and goes, and what it asks is answered."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from modelinfra.graph.cost import estimate
from modelinfra.graph.project import capture_project
from modelinfra.testing.plugin import require_engine
from modelinfra.testing.sandbox import Sandbox
from tests.examples.projects import ENVIRONMENT, EXAMPLES, declared, place, touched
from tests.worker.conftest import aws, world
from tests.worker.world import World

__all__ = ["aws", "world"]

EXAMPLE = EXAMPLES / "image-queue"
SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
QUEUE = "aws:sqs/queue:Queue"
BUCKET = "aws:s3/bucket:Bucket"
POLICY = "aws:appautoscaling/policy:Policy"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"


@pytest.mark.parametrize("preview", [True, False])
def test_the_example_warns_of_nothing(preview: bool) -> None:
    graph = capture_project(EXAMPLE, "dev", preview=preview)
    assert [each["message"] for each in graph.logs if each["severity"] == "warning"] == []


def test_it_has_no_load_balancer_and_its_client_has_the_policy_that_the_endpoint_gives() -> None:
    graph = capture_project(EXAMPLE, "dev", preview=False)
    assert [node.name for node in graph if node.type.startswith("aws:lb/")] == []
    (policy,) = [node for node in graph.all(ROLE_POLICY) if node.name == "photos-client"]
    allowed = json.loads(policy.inputs["policy"])["Statement"]
    assert "sqs:SendMessage" in [each["Action"] for each in allowed]
    assert not any("Delete" in str(each["Action"]) for each in allowed)


def test_while_it_sleeps_it_costs_its_alarms_and_the_way_to_the_internet() -> None:
    found = estimate(capture_project(EXAMPLE, "dev", preview=True), default_region="us-west-2")
    tasks = [each for each in found.items if "Fargate" in each.what]
    assert tasks
    assert {each.quantity_min for each in tasks} == {0}


def test_what_it_asks_is_answered(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_file_location("ask", EXAMPLE / "ask.py")
    assert spec is not None
    assert spec.loader is not None
    ask = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ask)
    for name in ("cat", "dog"):
        world.s3.put_object(Bucket="photos", Key=f"incoming/{name}.jpg", Body=name.encode())
    world.server.reply = lambda body: (200, "application/json", json.dumps({body.decode(): 0.9}).encode())
    with world.working(concurrency=2):
        assert ask.main(world.queue, "s3://results/digits/", "s3://photos/incoming/") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "2 of 2 photos sent"
    assert sorted(said[1:]) == [
        "photos/incoming/cat.jpg: {'cat': 0.9}",
        "photos/incoming/dog.jpg: {'dog': 0.9}",
    ]


@pytest.mark.slow_judge
@pytest.mark.engine
def test_it_is_deployed_left_alone_changed_and_destroyed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    require_engine(request)
    environment = declared(EXAMPLE)
    photos = environment["endpoints"]["photos"]
    config = {"aws:region": "us-west-2", ENVIRONMENT: environment}
    with Sandbox(EXAMPLE, home=tmp_path / "home", stack="dev", config=config) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        queues = {each.id for each in sandbox.cloud.all(QUEUE)}
        assert len(queues) == 2

        # More replicas for each message: limits and steps alone, in place, and no revision rolls out.
        photos["scaling"] |= {"max": 30, "backlogPerReplica": 20}
        assert touched(sandbox.up(check=True).steps) == {
            ("update", POLICY),
            ("update", "aws:appautoscaling/target:Target"),
        }

        # More attempts: the queue, in place, and a revision whose worker knows.
        photos["queue"]["maxReceiveCount"] = 8
        steps = touched(sandbox.up(check=True).steps)
        assert ("update", QUEUE) in steps
        assert {token for operation, token in steps if operation != "update"} == {TASK}
        assert {each.id for each in sandbox.cloud.all(QUEUE)} == queues

        steps = sandbox.destroy(check=True).steps
        assert place(steps, "delete", SERVICE) < place(steps, "delete", QUEUE)
        assert sandbox.cloud.things == []


@pytest.mark.slow_judge
@pytest.mark.engine
def test_in_production_queues_stay_until_somebody_says_so_and_results_stay_behind(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    require_engine(request)
    environment = declared(EXAMPLE) | {"production": True}
    config = {"aws:region": "us-west-2", ENVIRONMENT: environment}
    with Sandbox(EXAMPLE, home=tmp_path / "home", stack="dev", config=config) as sandbox:
        sandbox.up(check=True)
        assert not sandbox.destroy(check=False).ok
        assert len(sandbox.cloud.all(QUEUE)) == 2

        environment["production"] = False
        sandbox.up(check=True)
        sandbox.destroy(check=True)
        # The bucket with its privacy, its lifecycle and its policy; nothing else.
        assert {each.type for each in sandbox.cloud.things} == {
            BUCKET,
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            "aws:s3/bucketPolicy:BucketPolicy",
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        }
