"""What is told of a fleet's devices: AWS's answers in the shapes that botocore knows, and the command around them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner

from modelinfra import EdgeFleet
from modelinfra.cli.main import app
from modelinfra.enrollment.deployed import DeployedFleet, FleetError, fleet_of
from modelinfra.enrollment.script import DEVICE, RING, SITE, device, install_script
from modelinfra.enrollment.status import devices, named, revoke, rings
from modelinfra.graph.state import from_export
from tests.enrollment.exported import write_state
from tests.enrollment.test_script import FLEET
from tests.making import captured, write_model

SEEN = datetime.datetime(2026, 11, 30, 6, 0, tzinfo=datetime.UTC)
ARN = "arn:aws:ecs:us-west-2:123456789012"
# Drawn into `canary` and into `shops` by their names; see test_a_device_whose_ring_is_another_by_now_is_told.
CANARY = next(name for name in (f"till-{n}" for n in range(1000)) if FLEET.ring_of(name) == "canary")
SHOP = next(name for name in (f"till-{n}" for n in range(1000)) if FLEET.ring_of(name) == "shops")


def node(name: str) -> str:
    return f"mi-{int.from_bytes(name.encode(), 'big') % 16**17:017x}"


def instance(name: str, ring: str, *, connected: bool = True) -> dict[str, Any]:
    said = {RING: ring, DEVICE: name, SITE: "berlin", "ecs.capability.external": ""}
    return {
        "containerInstanceArn": f"{ARN}:container-instance/edge/{name}",
        "ec2InstanceId": node(name),
        "agentConnected": connected,
        "attributes": [{"name": key, "value": value} for key, value in said.items()],
    }


def task(name: str, revision: str, health: str = "HEALTHY", last: str = "RUNNING") -> dict[str, Any]:
    return {
        "taskArn": f"{ARN}:task/edge/{name}",
        "containerInstanceArn": f"{ARN}:container-instance/edge/{name}",
        "taskDefinitionArn": f"{ARN}:task-definition/{revision}",
        "healthStatus": health,
        "lastStatus": last,
    }


class World:
    """A session whose clients answer what the test says, and check what they are asked."""

    def __init__(self) -> None:
        credentials = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-west-2"}
        self.clients = {name: boto3.client(name, **credentials) for name in ("ecs", "ssm")}  # type: ignore[call-overload]
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def client(self, name: str) -> Any:
        return self.clients[name]

    def has(self, instances: list[dict[str, Any]], tasks: list[dict[str, Any]]) -> None:
        ecs, ssm = self.stubs["ecs"], self.stubs["ssm"]
        arns = [each["containerInstanceArn"] for each in instances]
        cluster = {"cluster": "edge"}
        ecs.add_response("list_container_instances", {"containerInstanceArns": arns}, cluster)
        for start in range(0, len(arns), 100):
            some = arns[start : start + 100]
            answer = {"containerInstances": instances[start : start + 100]}
            ecs.add_response("describe_container_instances", answer, {**cluster, "containerInstances": some})
        running = [each["taskArn"] for each in tasks]
        ecs.add_response("list_tasks", {"taskArns": running}, cluster)
        if tasks:
            ecs.add_response("describe_tasks", {"tasks": tasks}, {**cluster, "tasks": running})
        nodes = [each["ec2InstanceId"] for each in instances]
        for start in range(0, len(nodes), 50):
            some = nodes[start : start + 50]
            known = [{"InstanceId": each, "LastPingDateTime": SEEN} for each in some]
            asked = {"Filters": [{"Key": "InstanceIds", "Values": some}]}
            ssm.add_response("describe_instance_information", {"InstanceInformationList": known}, asked)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    for stub in made.stubs.values():
        stub.assert_no_pending_responses()


def test_each_device_is_told_with_what_runs_on_it(world: World) -> None:
    world.has(
        [instance(SHOP, "shops"), instance(CANARY, "canary", connected=False)],
        [
            task(CANARY, "stores-canary:7", "UNHEALTHY"),
            task(SHOP, "stores-shops:6"),
            task(SHOP, "old:1", last="STOPPED"),
        ],
    )
    first, second = devices(FLEET, world)
    assert (first.name, first.ring, first.site, first.node) == (CANARY, "canary", "berlin", node(CANARY))
    assert (first.connected, first.revision, first.health, first.last_seen) == (
        False,
        "stores-canary:7",
        "UNHEALTHY",
        SEEN,
    )
    assert (second.name, second.connected, second.revision, second.health) == (SHOP, True, "stores-shops:6", "HEALTHY")
    assert not first.moved
    assert not second.moved


def test_a_device_that_runs_nothing_is_told_so(world: World) -> None:
    world.has([instance(SHOP, "shops")], [])
    (one,) = devices(FLEET, world)
    assert (one.revision, one.health) == ("", "UNKNOWN")


def test_many_devices_are_asked_for_in_as_many_calls_as_aws_wants(world: World) -> None:
    world.has([instance(f"till-{number}", "shops") for number in range(230)], [])
    assert len(devices(FLEET, world)) == 230


def test_a_device_whose_ring_is_another_by_now_is_told(world: World) -> None:
    world.has([instance(CANARY, "shops")], [])
    (one,) = devices(FLEET, world)
    assert (one.ring, one.drawn, one.moved) == ("shops", "canary", True)


def test_rings_are_told_with_their_deployment(world: World) -> None:
    failed = {"status": "PRIMARY", "taskDefinition": f"{ARN}:task-definition/stores-canary:8", "rolloutState": "FAILED",
              "rolloutStateReason": "tasks failed to start"}  # fmt: skip
    service = {
        "serviceName": "stores-canary-1",
        "taskDefinition": f"{ARN}:task-definition/stores-canary:7",
        "runningCount": 3,
        "desiredCount": 4,
        "deployments": [{"status": "ACTIVE"}, failed],
    }
    world.stubs["ecs"].add_response(
        "describe_services", {"services": [service]}, {"cluster": "edge", "services": list(FLEET.services.values())}
    )
    (canary,) = rings(FLEET, world)
    assert (canary.revision, canary.state, canary.reason) == ("stores-canary:8", "FAILED", "tasks failed to start")
    assert (canary.running, canary.wanted) == (3, 4)


def test_a_revoked_device_loses_its_credentials_before_its_place(world: World) -> None:
    world.has([instance(SHOP, "shops")], [])
    (one,) = devices(FLEET, world)
    order: list[str] = []
    for name, client in world.clients.items():
        client.meta.events.register(f"provide-client-params.{name}", lambda model, **_: order.append(model.name))
    world.stubs["ssm"].add_response("deregister_managed_instance", {}, {"InstanceId": node(SHOP)})
    world.stubs["ecs"].add_response(
        "deregister_container_instance", {}, {"cluster": "edge", "containerInstance": one.instance_arn, "force": True}
    )
    revoke(FLEET, one, world)
    assert order == ["DeregisterManagedInstance", "DeregisterContainerInstance"]


def test_two_machines_with_one_name_are_not_mixed_up(world: World) -> None:
    twice = [instance(SHOP, "shops"), {**instance(SHOP, "shops"), "ec2InstanceId": "mi-other"}]
    world.has(twice, [])
    with pytest.raises(FleetError, match="2 machines say that they are"):
        named(devices(FLEET, world), SHOP, FLEET)


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """What `pulumi stack export` writes of a deployed fleet."""
    said = {
        "fleet": "stores", "region": "us-west-2", "cluster": "edge", "gpu": False, "architecture": "x86_64", "expires": FLEET.expires,
        "rings": [{"name": "canary", "share": 0.05}, {"name": "shops", "share": 0.95}],
        "secrets": dict(FLEET.secrets), "services": dict(FLEET.services), "roles": dict(FLEET.roles),
    }  # fmt: skip
    return write_state(tmp_path / "state.json", said)


def test_the_command_writes_a_script_that_can_be_read(exported: Path, tmp_path: Path) -> None:
    target = tmp_path / "till.sh"
    command = [
        "fleet",
        "enroll",
        "stores",
        "--device",
        CANARY,
        "--site",
        "berlin",
        "--state",
        str(exported),
        "--out",
        str(target),
    ]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "in the ring canary" in done.output.replace("\n", " ")
    assert "readonly CLUSTER=edge\n" in target.read_text()


def test_the_command_reads_the_state_from_the_standard_input(exported: Path, tmp_path: Path) -> None:
    command = ["fleet", "enroll", "--device", SHOP, "--state", "-", "--out", str(tmp_path / "x.yaml"), "--cloud-init"]
    done = CliRunner().invoke(app, command, input=exported.read_text())
    assert done.exit_code == 0, done.output
    assert (tmp_path / "x.yaml").read_text().startswith("#cloud-config\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["depots", "--device", "a"], "This state has no fleet 'depots'. It has: stores."),
        (["stores", "--device", "a b"], "'a b' is no name of a device."),
        (["stores", "--device", "a", "--ring", "early"], "has no ring 'early'. It has: canary, shops."),
        (["stores", "--device", "a", "-a", "rack"], "'rack' is no attribute. Write NAME=VALUE."),
        (["stores", "--device", "a", "-a", "rack=1 2"], "'rack=1 2' is no attribute of a device."),
        (["stores", "--device", "a", "-a", "modelinfra.ring=x"], "'modelinfra.ring' is written by the script itself."),
    ],
)
def test_the_command_says_what_cannot_be(exported: Path, arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["fleet", "enroll", *arguments, "--state", str(exported)])
    assert done.exit_code == 2
    assert said in done.output.replace("\n", " ")


def test_the_component_says_what_the_command_reads(tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    declared = {"server": "mlserver", "model": "model", "rings": [{"name": "canary", "share": 0.1}, {"name": "shops"}]}

    def program() -> None:
        EdgeFleet("stores", {**declared, "activation": {"expires": "2027-01-15"}})  # type: ignore[typeddict-item]

    graph = captured(program, tmp_path, preview=False)
    fleet = fleet_of(graph, None)
    assert (fleet.name, fleet.region, fleet.shares) == ("stores", "us-west-2", {"canary": 0.1, "shops": 0.9})
    assert set(fleet.secrets) == set(fleet.services) == set(fleet.roles) == {"canary", "shops"}
    assert fleet.roles["canary"] == graph.one("aws:iam/role:Role", "stores-canary-device").outputs["name"]
    assert fleet.expires == "2027-01-15"
    assert from_export({"version": 3, "deployment": {"resources": []}}).all("modelinfra:index:EdgeFleet") == []


@pytest.mark.parametrize("given", ['{"steps": []}', '{"version": 3, "deployment": null}', "[]", "no JSON"])
def test_what_is_no_export_is_told_without_a_traceback(given: str) -> None:
    done = CliRunner().invoke(app, ["fleet", "enroll", "stores", "--device", "a", "--state", "-"], input=given)
    assert done.exit_code == 2
    assert "is no export of a stack" in done.output


def test_no_script_is_written_for_an_activation_that_has_ended() -> None:
    ended = DeployedFleet(**{**vars(FLEET), "expires": "2026-01-15"})
    with pytest.raises(FleetError, match="has ended on 2026-01-15"):
        install_script(ended, device(ended, "till-1"))
