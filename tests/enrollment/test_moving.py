"""A device that goes into another ring: what AWS is asked, in which order, and what the command says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import Result
from typer.testing import CliRunner

from modelinfra.cli.main import app
from modelinfra.enrollment.deployed import DeployedFleet, FleetError
from modelinfra.enrollment.moving import check, move
from modelinfra.enrollment.script import RING
from modelinfra.enrollment.status import devices
from tests.enrollment.test_script import FLEET
from tests.enrollment.test_status import ARN, CANARY, SHOP, World, exported, instance, node, task, world

__all__ = ["exported", "world"]  # fixtures


def expects_move(world: World, name: str, ring: str) -> None:
    role = {"InstanceId": node(name), "IamRole": f"stores-{ring}-device-1"}
    world.stubs["ssm"].add_response("update_managed_instance_role", {}, role)
    attribute = {"name": RING, "value": ring, "targetId": f"{ARN}:container-instance/edge/{name}"}
    world.stubs["ecs"].add_response(
        "put_attributes", {"attributes": [attribute]}, {"cluster": "edge", "attributes": [attribute]}
    )


def runs(world: World) -> None:
    services = [
        {"serviceName": name, "taskDefinition": f"{ARN}:task-definition/stores-{ring}:8", "deployments": []}
        for ring, name in FLEET.services.items()
    ]
    asked = {"cluster": "edge", "services": list(FLEET.services.values())}
    world.stubs["ecs"].add_response("describe_services", {"services": services}, asked)


def test_a_moved_device_has_the_role_of_its_new_ring_before_it_belongs_there(world: World) -> None:
    world.has([instance(SHOP, "shops")], [])
    (one,) = devices(FLEET, world)
    order: list[str] = []
    for name, client in world.clients.items():
        client.meta.events.register(f"provide-client-params.{name}", lambda model, **_: order.append(model.name))
    expects_move(world, SHOP, "canary")
    check(FLEET, one, "canary")
    move(FLEET, one, "canary", world)
    # Were only the second to fail, the device would stay where it is, and be none the poorer.
    assert order == ["UpdateManagedInstanceRole", "PutAttributes"]


@pytest.mark.parametrize(
    ("fleet", "given", "ring", "said"),
    [
        (FLEET, {}, "early", "has no ring 'early'. It has: canary, shops."),
        (FLEET, {}, "shops", "is in the ring shops already"),
        (DeployedFleet(**{**vars(FLEET), "roles": {}}), {}, "canary", "Run `pulumi up`, and export it anew"),
        (FLEET, {"ec2InstanceId": ""}, "canary", "Enrol it anew, with --ring canary"),
    ],
)
def test_a_device_that_cannot_go_there_is_left_alone(
    world: World, fleet: DeployedFleet, given: dict[str, Any], ring: str, said: str
) -> None:
    machine = {**instance(SHOP, "shops"), **given}
    world.has([machine], [])
    if not machine["ec2InstanceId"]:  # nobody is asked about a node that there is not
        world.stubs["ssm"]._queue.clear()
    (one,) = devices(fleet, world)
    with pytest.raises(FleetError, match=said.replace("(", r"\(")):
        check(fleet, one, ring)


def asked(monkeypatch: pytest.MonkeyPatch, world: World, *arguments: str, answer: str = "") -> Result:
    monkeypatch.setattr(boto3, "Session", lambda **_: world)
    return CliRunner().invoke(app, ["fleet", *arguments], input=answer)


def said(result: Result) -> str:
    return " ".join(result.output.split())


@pytest.mark.parametrize("connected", [True, False])
def test_the_command_says_what_becomes_of_what_runs_and_asks(
    world: World, exported: Path, monkeypatch: pytest.MonkeyPatch, connected: bool
) -> None:
    world.has([instance(SHOP, "shops", connected=connected)], [task(SHOP, "stores-shops:6")])
    runs(world)
    expects_move(world, SHOP, "canary")
    arguments = ("move", "stores", "--device", SHOP, "--ring", "canary", "--state", str(exported))
    done = asked(monkeypatch, world, *arguments, answer="y\n")
    assert done.exit_code == 0, done.output
    assert f"{SHOP} runs stores-shops:6 in the ring shops. That ends, and stores-canary:8 starts" in said(done)
    assert ("once the device is connected again" in said(done)) is not connected
    assert f"Move {SHOP} to canary?" in said(done)
    assert "(/etc/ecs/ecs.config) still says shops: the agent reads that only when a machine joins" in said(done)


def test_nothing_is_moved_where_the_answer_is_no(world: World, exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world.has([instance(SHOP, "shops")], [])
    runs(world)
    arguments = ("move", "--device", SHOP, "--ring", "canary", "--state", str(exported))
    assert asked(monkeypatch, world, *arguments, answer="n\n").exit_code == 1


def test_nobody_is_asked_with_yes(world: World, exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world.has([instance(SHOP, "shops")], [])
    runs(world)
    expects_move(world, SHOP, "canary")
    done = asked(monkeypatch, world, "move", "--device", SHOP, "--ring", "canary", "--yes", "--state", str(exported))
    assert done.exit_code == 0, done.output
    assert "Move" not in done.output


def test_a_ring_that_is_not_there_is_refused(world: World, exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world.has([instance(SHOP, "shops")], [])
    done = asked(monkeypatch, world, "move", "--device", SHOP, "--ring", "early", "--state", str(exported))
    assert done.exit_code == 2
    assert "has no ring 'early'" in said(done)


def test_status_names_the_command_that_moves_a_device(
    world: World, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs(world)
    world.has([instance(CANARY, "shops")], [task(CANARY, "stores-shops:6")])
    done = asked(monkeypatch, world, "status", "--state", str(exported))
    assert f"modelinfra fleet move stores --device {CANARY} --ring canary" in said(done)
