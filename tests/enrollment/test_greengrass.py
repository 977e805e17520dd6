"""Devices of a fleet on Greengrass: the script that enrols one, what is told of them, and how one is taken out."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner

from modelinfra import EdgeFleet
from modelinfra.cli.main import app
from modelinfra.enrollment import greengrass, moving, script
from modelinfra.enrollment.deployed import FleetError, GreengrassFleet, fleet_of
from modelinfra.enrollment.status import named
from tests.enrollment.exported import write_state
from tests.enrollment.greengrass_machine import FLEET, PREFIX, web, with_greengrass
from tests.enrollment.machine import Machine
from tests.making import captured, write_model

KEY = "NotForOthers2Read00x"
CLAIM = {
    "certificate": "-----BEGIN CERTIFICATE-----\nclaimed\n-----END CERTIFICATE-----\n",
    "privateKey": f"-----BEGIN RSA PRIVATE KEY-----\n{KEY}\n-----END RSA PRIVATE KEY-----\n",
}
ENROLL = "bash /enroll/till.sh /enroll/claim.json"

__all__ = ["web", "with_greengrass"]  # fixtures


@pytest.fixture
def machine(with_greengrass: Machine) -> Machine:
    """A machine with the script of a device, and the claim that lets it in."""
    (with_greengrass.directory / "claim.json").write_text(json.dumps(CLAIM))
    write(with_greengrass)
    return with_greengrass


def write(machine: Machine, fleet: GreengrassFleet = FLEET, device: str = "till-0042") -> None:
    of = script.device(fleet, device, ring="canary", site="berlin")
    (machine.directory / "till.sh").write_text(script.install_script(fleet, of))


def test_shellcheck_has_nothing_to_say() -> None:
    for fleet in (FLEET, replace(FLEET, gpu=True, architecture="arm64")):
        text = script.install_script(fleet, script.device(fleet, "till-1", site="a/b"))
        checker = Path(sys.executable).with_name("shellcheck")
        run = subprocess.run([checker, "-"], input=text, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout


def test_a_machine_becomes_a_device_with_a_key_of_its_own_and_keeps_no_claim(machine: Machine) -> None:
    done = machine.run(
        ENROLL,
        "find /greengrass /var/lib/modelinfra -type f",
        "stat -c %a /greengrass/v2/privKey.key",
        "cat /var/lib/modelinfra/device",
    )
    assert done.status == 0, done.output
    assert "till-0042 is a device of the fleet stores." in done.output
    seen = machine.directory / "seen"
    assert (seen / "claim.key").read_text() == CLAIM["privateKey"]
    assert (seen / "claim.crt").read_text().startswith("-----BEGIN CERTIFICATE-----\nclaimed\n")
    assert "BEGIN PRIVATE KEY" in (seen / "device.key").read_text()
    request = subprocess.run(
        ["openssl", "req", "-in", seen / "device.csr", "-noout", "-subject", "-verify"], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert f"{PREFIX}-till-0042" in request.stdout
    config = (seen / "config.yaml").read_text()
    for said in (
        f'ThingName: "{PREFIX}-till-0042"',
        'Ring: "canary"',
        'Site: "berlin"',
        f'deviceId: "claim:{PREFIX}-till-0042"',
        'provisioningTemplate: "stores-claim-1"',
    ):
        assert said in config
    assert "/greengrass/v2/claim" not in done.output, "what lets devices in stays on the device"
    assert "\n600\n" in done.output


def test_the_claim_is_no_part_of_the_script_and_is_told_nowhere(machine: Machine) -> None:
    assert KEY not in (machine.directory / "till.sh").read_text()
    done = machine.run(ENROLL)
    assert KEY not in done.output
    assert not [call for call in done.calls if KEY in call], "users of the machine can see arguments of programs"


def test_the_claim_comes_from_the_standard_input_too(machine: Machine) -> None:
    done = machine.run("bash /enroll/till.sh - < /enroll/claim.json")
    assert done.status == 0, done.output
    assert KEY in (machine.directory / "seen" / "claim.key").read_text()


def test_a_second_run_leaves_everything_as_it_is(machine: Machine) -> None:
    done = machine.run(ENROLL, "echo AGAIN >> /enroll/calls", ENROLL)
    assert done.status == 0, done.output
    again = done.calls[done.calls.index("AGAIN") + 1 :]
    assert again == ["systemctl enable --now docker", "systemctl enable --now greengrass"]


def test_what_is_taken_out_leaves_nothing_of_the_fleet(machine: Machine) -> None:
    done = machine.run(ENROLL, "bash /enroll/till.sh --uninstall", "ls /greengrass/v2 /var/lib/modelinfra")
    assert done.output.count("No such file or directory") == 2, done.output
    assert "modelinfra fleet revoke stores --device till-0042" in done.output


@pytest.mark.parametrize("file", ["nucleus.zip", "plugin.jar"])
def test_software_that_was_changed_is_not_run(machine: Machine, file: str) -> None:
    there = machine.directory / "web" / file
    kept = there.read_bytes()
    there.write_bytes(kept + b"and something else")
    try:
        done = machine.run(ENROLL)
    finally:
        there.write_bytes(kept)
    assert done.status != 0
    assert "is not what modelinfra knows" in done.output
    assert not [call for call in done.calls if call.startswith("java")]


def test_another_root_certificate_is_not_trusted(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "ROOT_CA_FINGERPRINT", "00:11")
    write(machine)
    done = machine.run(ENROLL)
    assert "is not Amazon's root certificate." in done.output
    assert not [call for call in done.calls if call.startswith("java")]


def test_a_device_that_aws_refuses_keeps_no_claim_and_is_told_why_that_may_be(machine: Machine) -> None:
    (machine.directory / "refused").touch()
    done = machine.run(ENROLL, "ls /greengrass/v2/claim")
    assert "AWS IoT has given no certificate." in done.output
    assert "cannot access" in done.output
    assert done.calls[-1] == "systemctl disable --now greengrass", "it would go on asking"


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("mkdir -p /greengrass/v2/config", "Greengrass is installed here already, for something else"),
        ("mkdir -p /var/lib/modelinfra; echo depots-1-till-9 > /var/lib/modelinfra/thing", "this machine is the device depots-1-till-9."),
        ("rm -rf /run/systemd", "Greengrass needs systemd."),
        ("echo {} > /enroll/claim.json", "the claim has no certificate and privateKey."),
        ("rm /enroll/claim.json", "/enroll/claim.json cannot be read."),
    ],
)  # fmt: skip
def test_a_machine_that_cannot_be_enrolled_is_told_why(machine: Machine, before: str, said: str) -> None:
    done = machine.run(before, ENROLL)
    assert done.status != 0
    assert f"Not enrolled: {said}" in done.output
    assert not [call for call in done.calls if call.startswith("java")]


@pytest.mark.parametrize("name", ["till.1", "a" * 64, "till*", "till:1", "-till"])
def test_a_device_has_a_name_that_aws_iot_takes_and_that_is_no_pattern(name: str) -> None:
    with pytest.raises(FleetError, match="is no name of a device"):
        script.device(FLEET, name)


def test_a_fleet_without_a_claim_or_with_one_that_has_ended_lets_nobody_in() -> None:
    for closed, said in (
        (replace(FLEET, secret=""), "Write `claim:"),
        (replace(FLEET, expires="2026-01-01"), "has ended on 2026-01-01"),
    ):
        with pytest.raises(FleetError, match=said):
            script.install_script(closed, script.device(closed, "till-1"))


# What AWS says of devices, in the shapes that botocore knows.

SEEN = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2)
CANARY = next(name for name in (f"till-{n}" for n in range(1000)) if FLEET.ring_of(name) == "canary")
SHOP = next(name for name in (f"till-{n}" for n in range(1000)) if FLEET.ring_of(name) == "shops")


class World:
    """A session whose clients answer what the test says, and check what they are asked."""

    def __init__(self) -> None:
        credentials = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-west-2"}
        self.clients = {name: boto3.client(name, **credentials) for name in ("iot", "greengrassv2")}  # type: ignore[call-overload]
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def client(self, name: str) -> Any:
        return self.clients[name]

    def answers(
        self, service: str, operation: str, answer: dict[str, Any], asked: dict[str, Any] | None = None
    ) -> None:
        self.stubs[service].add_response(operation, answer, asked)

    def has(self, things: dict[str, str], cores: dict[str, tuple[str, datetime.datetime, str, str]]) -> None:
        """things: device -> ring. cores: device -> status, when it was seen, version and state of the component."""
        for ring, group in FLEET.groups.items():
            inside = [FLEET.thing(name) for name, of in things.items() if of == ring]
            self.answers("iot", "list_things_in_thing_group", {"things": inside}, {"thingGroupName": group})
        listed = [{"thingName": FLEET.thing(name), "attributes": {"site": "berlin"}} for name in things]
        self.answers("iot", "list_things", {"things": listed}, {"thingTypeName": FLEET.thing_type})
        devices = [
            {"coreDeviceThingName": FLEET.thing(name), "status": status, "lastStatusUpdateTimestamp": seen}
            for name, (status, seen, _, _) in cores.items()
        ]
        self.answers("greengrassv2", "list_core_devices", {"coreDevices": devices}, {})
        for name in sorted(things):
            if name in cores:
                _, _, version, state = cores[name]
                runs = [{"componentName": PREFIX, "componentVersion": version, "lifecycleState": state}]
                asked = {"coreDeviceThingName": FLEET.thing(name), "topologyFilter": "ROOT"}
                self.answers("greengrassv2", "list_installed_components", {"installedComponents": runs}, asked)


def test_devices_are_told_with_what_they_run_and_whether_it_does() -> None:
    world = World()
    old = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=3)
    things = {CANARY: "canary", SHOP: "shops", "till-a": "shops", "till-b": "shops"}
    world.has(
        things,
        {
            CANARY: ("HEALTHY", SEEN, "1.2.3", "RUNNING"),
            SHOP: ("HEALTHY", old, "1.9.9", "RUNNING"),
            "till-a": ("UNHEALTHY", SEEN, "1.4.5", "BROKEN"),
        },
    )
    found = {each.name: each for each in greengrass.devices(FLEET, world)}
    assert (found[CANARY].revision, found[CANARY].health, found[CANARY].connected) == (
        "candidate 1.2.3",
        "HEALTHY",
        True,
    )
    assert found[CANARY].site == "berlin"
    # What it runs is not what is declared now, and it has been silent for three days.
    assert (found[SHOP].revision, found[SHOP].connected) == ("1.9.9", False)
    assert (found["till-a"].revision, found["till-a"].health) == ("", "UNHEALTHY")
    # Enrolled, and never heard of since.
    assert (found["till-b"].connected, found["till-b"].health, found["till-b"].last_seen) == (False, "UNKNOWN", None)


def test_rings_are_told_with_their_deployment_and_how_it_went() -> None:
    world = World()
    jobs = {"canary": ("CANCELED", {"numberOfSucceededThings": 1, "numberOfFailedThings": 4}), "shops": ("ACTIVE", {"numberOfSucceededThings": 7})}  # fmt: skip
    for ring, (status, counted) in jobs.items():
        arn = f"arn:aws:iot:us-west-2:123456789012:thinggroup/{FLEET.groups[ring]}"
        world.answers("iot", "describe_thing_group", {"thingGroupArn": arn}, {"thingGroupName": FLEET.groups[ring]})
        newest = [{"deploymentId": ring, "deploymentStatus": status, "targetArn": arn}]
        asked = {"targetArn": arn, "historyFilter": "LATEST_ONLY", "maxResults": 1}
        world.answers("greengrassv2", "list_deployments", {"deployments": newest}, asked)
        world.answers(
            "iot", "list_things_in_thing_group", {"things": ["a"] * 9}, {"thingGroupName": FLEET.groups[ring]}
        )
        world.answers("greengrassv2", "get_deployment", {"iotJobId": f"job-{ring}"}, {"deploymentId": ring})
        world.answers("iot", "describe_job", {"job": {"jobProcessDetails": counted}}, {"jobId": f"job-{ring}"})
    canary, shops = greengrass.rings(FLEET, world)
    assert (canary.state, canary.reason, canary.running, canary.wanted) == ("FAILED", "stopped: 4 failed", 1, 9)
    assert (shops.state, shops.revision, shops.running) == ("ACTIVE", "stable 1.4.5", 7)


def test_a_device_that_is_taken_out_loses_its_certificate_first_and_then_all_that_is_its() -> None:
    world = World()
    world.has({SHOP: "shops"}, {SHOP: ("HEALTHY", SEEN, "1.4.5", "RUNNING")})
    device = named(greengrass.devices(FLEET, world), SHOP, FLEET)
    certificate, thing = "a" * 64, FLEET.thing(SHOP)
    arn = f"arn:aws:iot:us-west-2:123456789012:cert/{certificate}"
    world.answers("iot", "list_thing_principals", {"principals": [arn]}, {"thingName": thing})
    world.answers("iot", "update_certificate", {}, {"certificateId": certificate, "newStatus": "REVOKED"})
    world.answers("iot", "list_attached_policies", {"policies": [{"policyName": "own"}]}, {"target": arn})
    world.answers("iot", "detach_policy", {}, {"policyName": "own", "target": arn})
    world.answers("iot", "list_targets_for_policy", {"targets": []}, {"policyName": "own"})
    world.answers("iot", "delete_policy", {}, {"policyName": "own"})
    world.answers("iot", "detach_thing_principal", {}, {"thingName": thing, "principal": arn})
    world.answers(
        "iot",
        "describe_certificate",
        {"certificateDescription": {"certificateMode": "DEFAULT"}},
        {"certificateId": certificate},
    )
    world.answers("iot", "delete_certificate", {}, {"certificateId": certificate})
    world.answers("greengrassv2", "delete_core_device", {}, {"coreDeviceThingName": thing})
    world.answers("iot", "delete_thing", {}, {"thingName": thing})
    greengrass.revoke(FLEET, device, world)
    for stub in world.stubs.values():
        stub.assert_no_pending_responses()


def test_the_command_reads_the_deployed_state_and_writes_the_script(tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    rings = [{"name": "canary", "share": 0.05}, {"name": "shops"}]
    declared = {"runtime": "greengrass", "server": "mlserver", "model": "model", "rings": rings}
    claimed = {**declared, "claim": {"expires": FLEET.expires}}
    graph = captured(lambda: EdgeFleet("stores", claimed), tmp_path)  # type: ignore[arg-type]
    found = fleet_of(graph, "stores")
    assert isinstance(found, GreengrassFleet)
    outputs = graph.one("modelinfra:index:EdgeFleet").outputs
    state = write_state(tmp_path / "prod.json", outputs["enrollment"])
    out = tmp_path / "till.sh"
    run = CliRunner().invoke(app, ["fleet", "enroll", "--device", "till-1", "--state", str(state), "--out", str(out)])
    assert run.exit_code == 0, run.output
    assert "sudo bash till.sh claim.json" in run.output
    assert f"readonly THING={found.prefix}-till-1" in out.read_text()


def test_a_device_is_moved_from_one_group_to_another_at_once() -> None:
    world = World()
    world.has({SHOP: "shops"}, {})
    (one,) = greengrass.devices(FLEET, world)
    moving.check(FLEET, one, "canary")
    groups = {"thingGroupsToAdd": [FLEET.groups["canary"]], "thingGroupsToRemove": [FLEET.groups["shops"]]}
    world.answers("iot", "update_thing_groups_for_thing", {}, {"thingName": FLEET.thing(SHOP), **groups})
    moving.move(FLEET, one, "canary", world)
    world.stubs["iot"].assert_no_pending_responses()
    assert moving.afterwards(FLEET, one, "canary").startswith("Nothing is to be done on the device")
    with pytest.raises(FleetError, match="in the ring shops already"):
        moving.check(FLEET, one, "shops")
