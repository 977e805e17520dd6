"""Devices on Greengrass that bring a certificate of their own: what is made of it in AWS IoT, and the script that installs Greengrass."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from modelinfra import EdgeFleet
from modelinfra.cli.main import app
from modelinfra.enrollment import certificates, greengrass, script
from modelinfra.enrollment.deployed import FleetError, GreengrassFleet, fleet_of
from modelinfra.enrollment.status import named
from modelinfra.platforms.edge.greengrass.device_policy import device_policy
from tests.enrollment.exported import write_state
from tests.enrollment.greengrass_machine import FLEET, web, with_greengrass
from tests.enrollment.machine import Machine
from tests.making import captured, write_model
from tests.moto_server import ENVIRONMENT

__all__ = ["web", "with_greengrass"]  # fixtures

NO_CLAIM = replace(FLEET, secret="", template="", expires="")
"""A fleet that lets nobody in by a claim."""
ENROLL = "bash /enroll/till.sh /enroll/device.pem /enroll/device.key"


def make_certificate(directory: Path, name: str = "device", *, days: int = 30, kind: str = "rsa:2048") -> Path:
    """NAME.pem and NAME.key, as a maker of machines would sign it."""
    made = ["openssl", "req", "-x509", "-newkey", *kind.split(), "-nodes", "-days", str(days), "-subj", f"/CN={name}"]
    files = ["-keyout", str(directory / f"{name}.key"), "-out", str(directory / f"{name}.pem")]
    subprocess.run([*made, *files], check=True, capture_output=True)
    (directory / f"{name}.key").chmod(0o600)
    return directory / f"{name}.pem"


@pytest.fixture
def iot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of AWS IoT in which the fleet is deployed."""
    for name, value in {**ENVIRONMENT, "AWS_DEFAULT_REGION": FLEET.region}.items():
        monkeypatch.setenv(name, value)
    with mock_aws(config={"iot": {"use_valid_cert": True}}):
        client = boto3.client("iot")
        client.create_thing_type(thingTypeName=FLEET.thing_type)
        for group in FLEET.groups.values():
            client.create_thing_group(thingGroupName=group)
        client.create_role_alias(roleAlias=FLEET.alias, roleArn="arn:aws:iam::123456789012:role/stores")
        yield client


def enroll(iot: Any, file: Path, name: str = "till-0042", *, ring: str = "canary", site: str = "berlin") -> str:
    """The certificate's ARN."""
    own = certificates.read(file)
    certificates.register(NO_CLAIM, script.device(NO_CLAIM, name, ring=ring, site=site), own, boto3.Session())
    arn: str = iot.describe_certificate(certificateId=own.sha256)["certificateDescription"]["certificateArn"]
    return arn


def status(iot: Any, arn: str) -> str:
    found: str = iot.describe_certificate(certificateId=arn.rpartition("/")[2])["certificateDescription"]["status"]
    return found


@pytest.mark.parametrize("kind", ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:prime256v1"])
def test_a_certificate_becomes_a_device_of_its_ring_with_the_policy_of_that_device_alone(
    iot: Any, tmp_path: Path, kind: str
) -> None:
    arn = enroll(iot, make_certificate(tmp_path, kind=kind))
    thing = FLEET.thing("till-0042")
    said = iot.describe_thing(thingName=thing)
    assert said["thingTypeName"] == FLEET.thing_type
    assert said["attributes"] == {"ring": "canary", "site": "berlin"}
    assert iot.list_thing_principals(thingName=thing)["principals"] == [arn]
    assert iot.list_things_in_thing_group(thingGroupName=FLEET.groups["canary"])["things"] == [thing]
    assert status(iot, arn) == "ACTIVE"
    (policy,) = iot.list_attached_policies(target=arn)["policies"]
    document = json.loads(iot.get_policy(policyName=policy["policyName"])["policyDocument"])
    arns = f"arn:aws:iot:{FLEET.region}:123456789012:"
    # tests/platforms/test_greengrass.py asks this policy, device against device.
    assert document == device_policy(arns, thing, f"{arns}rolealias/{FLEET.alias}")


def test_what_ended_in_between_could_not_connect_and_goes_on_where_it_was(
    iot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_certificate(tmp_path)
    steps = ["create_thing", "add_thing_to_thing_group", "create_policy", "attach_policy", "attach_thing_principal", "update_certificate"]  # fmt: skip
    own, of = certificates.read(file), script.device(NO_CLAIM, "till-0042", ring="canary", site="berlin")
    session = boto3.Session()
    for step in steps:
        client = session.client("iot")

        def ends(**_: Any) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(client, step, ends)
            patch.setattr(session, "client", lambda _, client=client: client)
            with pytest.raises(KeyboardInterrupt):
                certificates.register(NO_CLAIM, of, own, session)
        (registered,) = iot.list_certificates()["certificates"]
        assert registered["status"] == "INACTIVE", step
    arn = enroll(iot, file)
    assert status(iot, arn) == "ACTIVE"
    assert enroll(iot, file) == arn, "a second time changes nothing"
    assert len(iot.list_policies()["policies"]) == 1


def test_a_device_is_enrolled_again_with_what_is_said_now(iot: Any, tmp_path: Path) -> None:
    file, thing = make_certificate(tmp_path), FLEET.thing("till-0042")
    enroll(iot, file)
    iot.create_policy_version(policyName=thing, policyDocument='{"of": "an older library"}', setAsDefault=True)
    for _ in range(6):  # AWS IoT keeps five versions
        enroll(iot, file, site="hamburg")
    assert iot.describe_thing(thingName=thing)["attributes"]["site"] == "hamburg"
    assert "Version" in json.loads(iot.get_policy(policyName=thing)["policyDocument"])
    assert len(iot.list_policy_versions(policyName=thing)["policyVersions"]) <= 2


def test_nobody_gets_the_place_of_a_device_that_there_is(iot: Any, tmp_path: Path) -> None:
    first, second = make_certificate(tmp_path), make_certificate(tmp_path, "second")
    arn = enroll(iot, first)
    with pytest.raises(
        FleetError,
        match=r"with another certificate\. Take it out first: modelinfra fleet revoke stores --device till-0042",
    ):
        enroll(iot, second)
    assert [each["certificateArn"] for each in iot.list_certificates()["certificates"]] == [arn], "nothing was made"
    with pytest.raises(FleetError, match=f"This certificate is that of {FLEET.thing('till-0042')} already"):
        enroll(iot, first, "till-0043")
    with pytest.raises(FleetError, match=r"is in the ring canary\. Write --ring canary, or move it"):
        enroll(iot, first, ring="shops")


def test_a_certificate_of_a_device_that_was_taken_out_is_never_taken_again(
    iot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_certificate(tmp_path)
    arn = enroll(iot, file)
    session = boto3.Session()
    client, core = session.client("iot"), {"coreDeviceThingName": FLEET.thing("till-0042"), "status": "HEALTHY"}
    real = client.describe_certificate

    def described(**asked: Any) -> Any:
        """As AWS IoT says of a certificate without an authority; moto leaves the mode out."""
        found = real(**asked)
        return {"certificateDescription": {**found["certificateDescription"], "certificateMode": "SNI_ONLY"}}

    monkeypatch.setattr(client, "describe_certificate", described)
    monkeypatch.setattr(session, "client", lambda _: client)
    monkeypatch.setattr(greengrass, "_cores", lambda _: [{**core, "lastStatusUpdateTimestamp": datetime.datetime.now(datetime.UTC)}])  # fmt: skip
    monkeypatch.setattr(greengrass, "_component", lambda *_: None)
    one = replace(named(greengrass.devices(FLEET, session), "till-0042", FLEET), last_seen=None)
    greengrass.revoke(FLEET, one, session)
    assert status(iot, arn) == "REVOKED"
    assert not iot.list_policies()["policies"]
    assert not iot.list_things()["things"]
    with pytest.raises(FleetError, match=r"was revoked\. Give the device another one, with another key"):
        enroll(iot, file)


def test_a_file_that_is_no_certificate_of_today_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "device.pem"
    with pytest.raises(FleetError, match="is no certificate in PEM"):
        certificates.read(file)
    file.write_text("no certificate")
    with pytest.raises(FleetError, match="is no certificate in PEM"):
        certificates.read(file)
    make_certificate(tmp_path, days=30)

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Later:
            return super().now(tz) + datetime.timedelta(days=31)

    monkeypatch.setattr(certificates, "datetime", SimpleNamespace(datetime=Later, UTC=datetime.UTC))
    with pytest.raises(FleetError, match="which is not now"):
        certificates.read(file)


def test_the_command_asks_registers_and_writes_the_script(iot: Any, tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    rings = [{"name": "canary", "share": 0.05}, {"name": "shops"}]
    declared = {"runtime": "greengrass", "server": "mlserver", "model": "model", "rings": rings}
    graph = captured(lambda: EdgeFleet("stores", declared), tmp_path)  # type: ignore[arg-type]
    found = fleet_of(graph, "stores")
    assert isinstance(found, GreengrassFleet)
    iot.create_thing_type(thingTypeName=found.thing_type)
    for group in found.groups.values():
        iot.create_thing_group(thingGroupName=group)
    assert found.alias == FLEET.alias
    outputs = graph.one("modelinfra:index:EdgeFleet").outputs
    out = tmp_path / "till.sh"
    state = write_state(tmp_path / "prod.json", outputs["enrollment"])
    file = make_certificate(tmp_path)
    command = ["fleet", "enroll", "--device", "till-1", "--state", str(state), "--out", str(out), "--certificate"]
    run = CliRunner().invoke(app, [*command, str(file)], input="n\n")
    assert run.exit_code == 1, run.output
    assert not iot.list_things()["things"]
    run = CliRunner().invoke(app, [*command, str(file), "--yes"])
    assert run.exit_code == 0, run.output
    assert "sudo bash till.sh CERTIFICATE KEY" in run.output
    assert certificates.read(file).fingerprint in out.read_text()
    assert [each["thingName"] for each in iot.list_things()["things"]] == [found.thing("till-1")]
    for wrong, said in (
        (["--cloud-init"], "Remove --cloud-init"),
        (["--server", "x"], "for fleets on Kubernetes alone"),
    ):
        run = CliRunner().invoke(app, [*command, str(file), *wrong])
        assert run.exit_code == 2, run.output
        assert said in " ".join(run.output.split())


# On the machine.


@pytest.fixture
def machine(with_greengrass: Machine) -> Machine:
    """A machine with its certificate and key, the script of the device, and AWS IoT, which gives it credentials."""
    directory = with_greengrass.directory
    own = certificates.read(make_certificate(directory))
    of = script.device(NO_CLAIM, "till-0042", ring="canary", site="berlin")
    (directory / "till.sh").write_text(script.own_certificate_script(NO_CLAIM, of, own.fingerprint, own.ends.date()))
    (directory / "web" / "credentials").write_text("{}")
    return with_greengrass


def test_shellcheck_has_nothing_to_say() -> None:
    of = script.device(NO_CLAIM, "till-1", site="a/b")
    text = script.own_certificate_script(NO_CLAIM, of, "00:11", datetime.date(2027, 1, 1))
    checker = Path(sys.executable).with_name("shellcheck")
    run = subprocess.run([checker, "-"], input=text, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_a_machine_with_a_certificate_becomes_a_device_and_its_key_stays_where_it_is(machine: Machine) -> None:
    done = machine.run(ENROLL, "find /greengrass /var/lib/modelinfra -type f", "cat /var/lib/modelinfra/device")
    assert done.status == 0, done.output
    assert "till-0042 is a device of the fleet stores." in done.output
    config = (machine.directory / "seen" / "own-certificate.yaml").read_text()
    for said in (
        'certificateFilePath: "/enroll/device.pem"',
        'privateKeyPath: "/enroll/device.key"',
        f'thingName: "{FLEET.thing("till-0042")}"',
        f'iotRoleAlias: "{FLEET.alias}"',
        f'iotCredEndpoint: "{FLEET.credentials_endpoint}"',
    ):
        assert said in config
    asked = f"curl https://{FLEET.credentials_endpoint}/role-aliases/{FLEET.alias}/credentials"
    java = next(number for number, call in enumerate(done.calls) if call.startswith("java"))
    assert done.calls.index(asked) < java, "what AWS IoT does not know is not installed"
    assert not [call for call in done.calls if "plugin.jar" in call]


def test_a_second_run_leaves_everything_as_it_is_and_taking_it_out_leaves_the_key(machine: Machine) -> None:
    done = machine.run(
        ENROLL, "echo AGAIN >> /enroll/calls", ENROLL, "bash /enroll/till.sh --uninstall", "ls /enroll/device.key"
    )
    assert done.status == 0, done.output
    again = done.calls[done.calls.index("AGAIN") + 1 :]
    assert again[:2] == ["systemctl enable --now docker", "systemctl enable --now greengrass"]
    assert not [call for call in again if call.startswith(("java", "curl"))]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("rm /enroll/device.key", "name two files that can be read"),
        ("cp /enroll/other.pem /enroll/device.pem", "is not the certificate that was registered for till-0042."),
        ("cp /enroll/other.key /enroll/device.key", "/enroll/device.key is not the key of /enroll/device.pem."),
        ("openssl rsa -aes128 -passout pass:1234 -in /enroll/device.key -out /enroll/device.key", "or is protected with a password"),
        ("chmod 644 /enroll/device.key", "Run chmod 600 on it."),
        ("rm /enroll/web/credentials", "AWS IoT gives this certificate no credentials."),
        ("mkdir -p /greengrass/v2/config", "Greengrass is installed here already, for something else"),
    ],
)  # fmt: skip
def test_a_machine_that_cannot_be_enrolled_is_told_why(machine: Machine, before: str, said: str) -> None:
    make_certificate(machine.directory, "other")
    done = machine.run(before, ENROLL)
    assert done.status != 0
    assert said in done.output
    assert not [call for call in done.calls if call.startswith("java")]
