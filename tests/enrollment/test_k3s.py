"""The script that makes a machine a node of K3s: read by shellcheck, and run on a machine whose downloads are stood in for."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from modelinfra.enrollment import script
from modelinfra.enrollment.deployed import FleetError, FleetInCluster
from modelinfra.enrollment.k3s import k3s_script, node_problem
from tests.enrollment.machine import Machine

FLEET = FleetInCluster(
    name="stores",
    namespace="prod-stores",
    label="prod-stores",
    shares={"canary": 0.05, "shops": 0.95},
    daemon_sets={"canary": "prod-stores-canary", "shops": "prod-stores-shops"},
    context="k3s",
    kubeconfig="",
    architecture={"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()],
)
BINARY = "#!/bin/sh\necho k3s\n"
TOKEN = "K10abc::node:NotForOthers2Read"
SERVER, VERSION = "https://k3s.example.com:6443", "v1.34.2+k3s1"
LABEL = "kubectl label node till-0042 --overwrite x=y"
JOIN = "bash /enroll/till.sh /enroll/token"
UNIT = "/etc/systemd/system/k3s-agent.service"


def written(fleet: FleetInCluster = FLEET, site: str = "berlin", **others: str) -> str:
    sha256 = hashlib.sha256(BINARY.encode()).hexdigest()
    given = {"server": SERVER, "version": VERSION, "sha256": sha256, "label_command": LABEL, **others}
    return k3s_script(fleet, "till-0042", site=site, **given)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine"))


@pytest.fixture
def machine(made: Machine) -> Machine:
    """A machine with the script of a device, and the token that lets it in."""
    (made.directory / "till.sh").write_text(written())
    (made.directory / "token").write_text(f"{TOKEN}\n")
    for name in ("k3s", "k3s-arm64"):
        (made.directory / "web" / name).write_text(BINARY)
    return made


@pytest.mark.parametrize("site", ["", "berlin"])
@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_shellcheck_has_nothing_to_say(architecture: str, site: str) -> None:
    checker = Path(sys.executable).with_name("shellcheck")
    text = written(replace(FLEET, architecture=architecture), site)
    run = subprocess.run([checker, "-"], input=text, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_a_machine_becomes_a_node_with_the_devices_name_and_no_ring_of_its_own_choice(machine: Machine) -> None:
    done = machine.run(JOIN, "cat /etc/rancher/k3s/config.yaml", f"stat -c %a:%n /etc/rancher/k3s/agent-token {UNIT}")
    assert done.status == 0, done.output
    assert "till-0042 is a node of https://k3s.example.com:6443." in done.output
    text = "\n".join(line for line in done.output.splitlines() if line.startswith('"'))
    assert yaml.safe_load(text) == {
        "server": SERVER,
        "token-file": "/etc/rancher/k3s/agent-token",
        "node-name": "till-0042",
        "node-label": ["modelinfra.dev/site=berlin"],
    }
    assert "600:/etc/rancher/k3s/agent-token" in done.output
    assert done.calls[-3:] == ["systemctl daemon-reload", "systemctl enable k3s-agent", "systemctl restart k3s-agent"]
    assert f"#   {LABEL}" in written().splitlines(), "whoever keeps the cluster has to say the ring"


def test_the_binary_is_that_of_the_version_and_one_that_was_changed_is_not_installed(machine: Machine) -> None:
    fetched = machine.run(JOIN).calls[0]
    assert fetched.startswith("curl https://github.com/k3s-io/k3s/releases/download/v1.34.2%2Bk3s1/k3s")
    for name in ("k3s", "k3s-arm64"):
        (machine.directory / "web" / name).write_text("something else")
    done = machine.run(JOIN, "ls /usr/local/bin/k3s /etc/rancher")
    assert "is not what it was when this script was written" in done.output
    assert done.output.count("No such file or directory") == 2
    assert not [call for call in done.calls if call.startswith("systemctl")]


def test_the_token_is_no_part_of_the_script_and_is_told_nowhere(machine: Machine) -> None:
    assert TOKEN not in written()
    done = machine.run(JOIN, "bash /enroll/till.sh - < /enroll/token")
    assert done.status == 0, done.output
    assert TOKEN not in done.output
    assert TOKEN not in "".join(done.calls)


def test_a_second_run_leaves_everything_as_it_is(machine: Machine) -> None:
    done = machine.run(JOIN, "echo AGAIN >> /enroll/calls", JOIN)
    assert done.status == 0, done.output
    assert done.calls[done.calls.index("AGAIN") + 1 :] == [
        "systemctl daemon-reload",
        "systemctl enable k3s-agent",
        "systemctl start k3s-agent",
    ]


def test_what_is_taken_out_leaves_nothing_of_the_fleet(machine: Machine) -> None:
    kept = "mkdir -p /var/lib/modelinfra/prod-stores/router /var/lib/rancher/k3s/agent"
    left = f"ls {UNIT} /usr/local/bin/k3s /etc/rancher /var/lib/rancher/k3s /var/lib/modelinfra/prod-stores"
    done = machine.run(JOIN, kept, "bash /enroll/till.sh --uninstall", left)
    assert done.output.count("No such file or directory") == 5, done.output
    assert "modelinfra fleet revoke stores --device till-0042" in done.output


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (
            "mkdir -p /etc/systemd/system; touch /etc/systemd/system/k3s.service",
            "this machine is a server of K3s already.",
        ),
        (
            "mkdir -p /etc/rancher/k3s; echo server: https://other > /etc/rancher/k3s/config.yaml",
            "this machine belongs to another cluster.",
        ),
        ("rm -rf /run/systemd", "K3s is started by systemd here"),
        ("echo two words > /enroll/token", "the token is none"),
        ("rm /enroll/token", "/enroll/token cannot be read."),
    ],
)
def test_a_machine_that_cannot_join_is_told_why_and_starts_nothing(machine: Machine, before: str, said: str) -> None:
    done = machine.run(before, JOIN)
    assert done.status != 0
    assert f"Not enrolled: {said}" in done.output
    assert not [call for call in done.calls if call.startswith("systemctl")]


def test_cloud_init_gets_the_same_script() -> None:
    config = yaml.safe_load(script.cloud_config(written(), "token"))
    assert config["write_files"][0]["content"].rstrip() == written().rstrip()
    assert config["runcmd"] == [["/usr/local/sbin/modelinfra-enroll", "/etc/modelinfra/token"]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"server": "http://k3s.example.com"}, "is no address of a K3s server"),
        ({"server": "https://x; reboot"}, "is no address of a K3s server"),
        ({"version": "latest"}, "is no version of K3s"),
        ({"version": "1.34.2"}, "is no version of K3s"),
        ({"sha256": ""}, "is no SHA-256"),
    ],
)
def test_what_the_script_would_need_is_asked_for(given: dict[str, str], said: str) -> None:
    with pytest.raises(FleetError, match=said):
        written(**given)


@pytest.mark.parametrize("name", ["", "Till", "a b", "-x", "$(reboot)", "a" * 254, "ü", "till_1"])
def test_a_node_has_a_name_that_kubernetes_takes(name: str) -> None:
    with pytest.raises(FleetError, match="is no name of a node"):
        node_problem(FLEET, name, None, "")


def test_rings_and_sites_are_ones_that_there_are() -> None:
    with pytest.raises(FleetError, match="has no ring 'early'"):
        node_problem(FLEET, "till-1", "early", "")
    with pytest.raises(FleetError, match="is no value of a label"):
        node_problem(FLEET, "till-1", None, "a/b")
