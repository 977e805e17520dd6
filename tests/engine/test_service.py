"""The real engine and a hand-written service: drift, replacement, roll-back, failures, interruption."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelinfra.testing.plugin import require_engine
from modelinfra.testing.process import Interrupt
from modelinfra.testing.sandbox import Result, Sandbox

pytestmark = pytest.mark.engine

PROJECT = Path(__file__).parent / "projects/ecs"
ROLE, SERVICE, TASK = "aws:iam/role:Role", "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition"
RULE, TARGET, IMAGE = "aws:lb/listenerRule:ListenerRule", "aws:appautoscaling/target:Target", "docker-build:index:Image"


def touched(result: Result) -> set[str]:
    """The types that an operation did something to."""
    return {urn.split("::")[2].rpartition("$")[2] for _, urn in result.steps}


@pytest.fixture(scope="module")
def deployed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Sandbox, Path]]:
    """One deployed stack for the tests that leave it as they found it."""
    require_engine(request)
    project = tmp_path_factory.mktemp("service") / "project"
    shutil.copytree(PROJECT, project)
    with Sandbox(project) as stack:
        stack.up(check=True)
        yield stack, project


def test_what_aws_moves_shows_nowhere_when_the_program_ignores_it(deployed: tuple[Sandbox, Path]) -> None:
    stack, _ = deployed
    moved = {line.split(":")[0] for line in stack.cloud.drift()}
    assert moved == {"desired_counts", "weights", "sets", "policies", "containers"}
    count = stack.cloud.one(SERVICE).actual["desiredCount"]
    assert stack.refresh(check=True).changes == {}
    assert stack.up(check=True).changes == {}
    assert stack.cloud.one(SERVICE).actual["desiredCount"] == count


def test_what_aws_moves_is_put_back_when_the_program_does_not_ignore_it(deployed: tuple[Sandbox, Path]) -> None:
    stack, _ = deployed
    stack.cloud.drift()
    stack.config["ignore"] = False
    refreshed = stack.refresh(check=True)
    assert touched(refreshed) <= {SERVICE, RULE}
    up = stack.up(check=True)
    assert touched(up) == {SERVICE, RULE}
    assert stack.cloud.one(SERVICE).actual["desiredCount"] == 2
    del stack.config["ignore"]
    assert stack.up(check=True).changes == {}


def test_a_new_model_changes_image_task_and_service_and_a_roll_back_is_seen(deployed: tuple[Sandbox, Path]) -> None:
    stack, project = deployed
    before = stack.outputs["task"]
    (project / "model/weights.txt").write_text("two")
    stack.config["tag"] = "v2"
    stack.cloud.roll_back("service", reason="tasks failed container health checks")
    up = stack.up(check=True)
    assert touched(up) == {IMAGE, TASK, SERVICE}
    assert up.changes == {"update": 2, "replace": 1}
    assert up.outputs["task"] != before
    assert up.outputs["running"] == before, "the look-up tells what really runs"
    assert any("tasks failed container health checks" in event["message"] for event in up.outputs["events"])
    assert touched(stack.up(check=True)) == {SERVICE}, "the next up tries the same revision once more"


def test_a_scaling_change_touches_the_scaling_target_only(deployed: tuple[Sandbox, Path]) -> None:
    stack, _ = deployed
    stack.config["max"] = 9
    up = stack.up(check=True)
    assert touched(up) == {TARGET}
    assert up.changes == {"update": 1}


def test_secrets_stay_secret_on_the_terminal(deployed: tuple[Sandbox, Path]) -> None:
    stack, _ = deployed
    assert "hush" not in stack.preview(check=True).text
    assert stack.outputs["secret"] == "hush"


def test_a_plan_is_a_graph(deployed: tuple[Sandbox, Path]) -> None:
    stack, _ = deployed
    plan = stack.plan()
    assert plan.one(SERVICE).inputs["desiredCount"] >= 2
    assert len(plan.resources) == len(stack.graph().resources)


def test_failures_and_interruptions_end_in_one_stack_and_an_empty_cloud(sandbox: Callable[..., Sandbox]) -> None:
    stack = sandbox(PROJECT)
    stack.cloud.latency = 0.2
    stack.up(interrupt=Interrupt(after=6))
    assert 0 < len(stack.cloud.things) < 18
    stack.cloud.latency = 0
    # It exists but did not become healthy: the engine keeps it and updates it in the next round.
    stack.cloud.fail(type=SERVICE, when="after", partial=True, message="not stable")
    failed = stack.up()
    assert failed.exit_code != 0
    assert "not stable" in failed.text
    stack.up(check=True)
    assert len(stack.cloud.things) == 18
    # A role with a fixed name that was made although the engine was told it was not: AWS knows the name.
    stack.config["roleName"] = "fixed"
    stack.cloud.fail(type=ROLE, when="after")
    assert stack.up().exit_code != 0
    assert "EntityAlreadyExists: Role with name fixed already exists" in stack.up().text
    stack.config.clear()
    known = {node.id for node in stack.graph()}
    (orphan,) = (thing for thing in stack.cloud.things if thing.id not in known)
    assert (orphan.type, orphan.id) == (ROLE, "fixed")
    stack.cloud.forget(orphan)
    # A delete that is refused, then an interrupted destroy, then the rest.
    stack.cloud.fail(op="delete", type=TASK, message="ServerException")
    assert stack.destroy().exit_code != 0
    stack.destroy(check=True)
    assert stack.cloud.things == []


def test_a_killed_engine_leaves_a_stack_that_can_be_destroyed(sandbox: Callable[..., Sandbox]) -> None:
    stack = sandbox(PROJECT)
    stack.cloud.latency = 0.2
    killed = stack.up(interrupt=Interrupt(after=4, kill=True))
    assert killed.exit_code == -9
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert not [line for line in processes.splitlines() if str(stack.home) in line], "no process is left"
    stack.cloud.latency = 0
    # What a kill between two writes leaves behind.
    attributes = next((stack.home / "state").rglob("*.json.attrs"))
    attributes.write_text("")
    stack.cancel()
    # What was being made when it was killed, the engine does not know; a person would find and delete it.
    known = {node.id for node in stack.graph()}
    for thing in stack.cloud.things:
        if thing.id not in known:
            stack.cloud.forget(thing)
    destroyed = stack.destroy()
    assert destroyed.ok, destroyed.text
    assert stack.cloud.things == []
