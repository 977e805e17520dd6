"""The script that makes a machine a device: read by shellcheck, and run on a machine whose downloads are stood in for."""

from __future__ import annotations

import datetime
import json
import platform
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelinfra.enrollment import script
from modelinfra.enrollment.deployed import DeployedFleet, FleetError
from modelinfra.enrollment.keys import SIGNERS
from tests.enrollment.machine import Machine

SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:stores-canary-AbCdEf"
FLEET = DeployedFleet(
    name="stores",
    region="us-west-2",
    cluster="edge",
    shares={"canary": 0.05, "shops": 0.95},
    secrets={"canary": SECRET, "shops": SECRET.replace("canary", "shops")},
    services={"canary": "stores-canary-1", "shops": "stores-shops-1"},
    expires=(datetime.date.today() + datetime.timedelta(days=20)).isoformat(),
    gpu=False,
    architecture={"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()],
    roles={"canary": "stores-canary-device-1", "shops": "stores-shops-device-1"},
)
CODE = "NotForOthers2Read00x"
ENROLL = "bash /enroll/till.sh /enroll/activation.json"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine"))


@pytest.fixture
def machine(signed: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with the script of a device, and the code that lets it in."""
    monkeypatch.setattr(script, "SIGNERS", dict.fromkeys(SIGNERS, (signed.key,)))
    signed.sign("signer")
    (signed.directory / "till.sh").write_text(
        script.install_script(FLEET, script.device(FLEET, "till-0042", ring="canary", site="berlin"))
    )
    activation = {"ActivationId": "0a1b2c3d-1234", "ActivationCode": CODE}
    (signed.directory / "activation.json").write_text(json.dumps(activation))
    return signed


def test_shellcheck_has_nothing_to_say() -> None:
    for fleet in (FLEET, DeployedFleet(**{**vars(FLEET), "gpu": True, "architecture": "arm64"})):
        text = script.install_script(fleet, script.device(fleet, "till-1", site="a/b", attributes={"rack": "7"}))
        checker = Path(sys.executable).with_name("shellcheck")
        run = subprocess.run([checker, "-"], input=text, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout


def test_a_machine_becomes_a_device_of_its_ring(machine: Machine) -> None:
    done = machine.run(
        ENROLL,
        "stat -c %a:%A /var/lib/modelinfra/device",
        "cat /var/lib/modelinfra/device /etc/ecs/ecs.config /var/lib/ecs/ecs.config",
    )
    assert done.status == 0, done.output
    assert "till-0042 is a device of the fleet stores." in done.output
    configured = dict(line.split("=", 1) for line in done.output.splitlines() if line.startswith(("ECS_", "AWS_")))
    assert "\ntill-0042\n" in done.output
    assert "644:" in done.output, "the router, which is no root, cannot read the device's name"
    assert configured["ECS_CLUSTER"] == "edge"
    assert configured["ECS_EXTERNAL"] == "true"
    assert configured["AWS_DEFAULT_REGION"] == "us-west-2"
    assert json.loads(configured["ECS_INSTANCE_ATTRIBUTES"]) == {
        "modelinfra.ring": "canary",
        "modelinfra.device": "till-0042",
        "modelinfra.site": "berlin",
    }
    registered = next(call for call in done.calls if call.startswith("register "))
    assert registered == f"register -register -y -id 0a1b2c3d-1234 -code {CODE} -region us-west-2"
    order = [
        done.calls.index(call)
        for call in (registered, "systemctl enable --now amazon-ssm-agent", "systemctl restart ecs")
    ]
    assert order == sorted(order)


def test_the_code_is_no_part_of_the_script_and_is_told_nowhere(machine: Machine) -> None:
    assert CODE not in (machine.directory / "till.sh").read_text()
    done = machine.run(ENROLL)
    assert CODE not in done.output


def test_the_code_comes_from_the_standard_input_too(machine: Machine) -> None:
    done = machine.run("bash /enroll/till.sh - < /enroll/activation.json")
    assert done.status == 0, done.output
    assert any(CODE in call for call in done.calls)


def test_a_second_run_leaves_everything_as_it_is(machine: Machine) -> None:
    done = machine.run(ENROLL, "echo AGAIN >> /enroll/calls", ENROLL)
    assert done.status == 0, done.output
    again = done.calls[done.calls.index("AGAIN") + 1 :]
    assert again == [
        "systemctl enable --now docker",
        "systemctl enable --now amazon-ssm-agent",
        "systemctl enable ecs",
        "systemctl start ecs",
    ]


def test_what_is_taken_out_leaves_nothing_of_the_fleet(machine: Machine) -> None:
    left = "ls /var/lib/modelinfra /etc/ecs /var/lib/ecs /var/lib/amazon/ssm /usr/libexec/amazon-ecs-init /usr/local/bin/amazon-ssm-agent"
    done = machine.run(ENROLL, "bash /enroll/till.sh --uninstall", left)
    assert done.status != 0, "ls found something"
    assert done.output.count("No such file or directory") == 6
    assert "modelinfra fleet revoke stores --device till-0042   (mi-0123456789abcdef0)" in done.output


def test_a_package_that_another_key_has_signed_is_not_installed(machine: Machine) -> None:
    machine.another_key()
    machine.sign("other")
    done = machine.run(ENROLL)
    assert done.status != 0
    assert "package.deb is not signed by the key that modelinfra knows." in done.output
    assert not any("package.deb" in call for call in done.calls if call.startswith("apt-get"))


def test_a_package_that_was_changed_is_not_installed(machine: Machine) -> None:
    (machine.directory / "web" / "amazon-ecs-init-latest.amd64.deb").write_text("ecs, and something else")
    done = machine.run(ENROLL)
    assert done.status != 0
    assert "is not signed by the key" in done.output
    assert "systemctl enable ecs" not in done.calls


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (
            "mkdir -p /etc/ecs; echo ECS_CLUSTER=depots > /etc/ecs/ecs.config",
            "this machine belongs to the cluster depots.",
        ),
        ("rm -rf /run/systemd", "the agents need systemd."),
        ("echo {} > /enroll/activation.json", "the activation has no ActivationId and ActivationCode."),
        ("rm /enroll/activation.json", "/enroll/activation.json cannot be read."),
    ],
)
def test_a_machine_that_cannot_be_enrolled_is_told_why_and_does_not_join(
    machine: Machine, before: str, said: str
) -> None:
    done = machine.run(before, ENROLL)
    assert done.status != 0
    assert f"Not enrolled: {said}" in done.output
    assert "systemctl enable ecs" not in done.calls


def test_cloud_init_gets_the_same_script() -> None:
    text = script.install_script(FLEET, script.device(FLEET, "till-1"))
    config = yaml.safe_load(script.cloud_config(text))
    assert config["write_files"][0]["content"].rstrip() == text.rstrip()
    assert config["runcmd"] == [["/usr/local/sbin/modelinfra-enroll", "/etc/modelinfra/activation.json"]]


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_nothing_that_is_written_becomes_a_command(name: str, site: str, value: str) -> None:
    try:
        of = script.device(FLEET, name, site=site, attributes={"rack": value})
    except FleetError:
        return
    lines = script.install_script(FLEET, of).splitlines()
    (attributes,) = [line for line in lines if line.startswith("readonly ATTRIBUTES=")]
    (word,) = shlex.split(attributes.removeprefix("readonly "))
    assert json.loads(word.removeprefix("ATTRIBUTES="))["rack"] == value


def test_a_fleet_without_an_activation_lets_nobody_in() -> None:
    closed = DeployedFleet(**{**vars(FLEET), "secrets": {}})
    with pytest.raises(FleetError, match="lets no device in"):
        script.install_script(closed, script.device(closed, "till-1"))


@pytest.mark.parametrize("name", ["", "a b", "-x", "$(reboot)", "a" * 129, "ü"])
def test_a_device_has_a_name_that_is_one(name: str) -> None:
    with pytest.raises(FleetError, match="is no name of a device"):
        script.device(FLEET, name)
