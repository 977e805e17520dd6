"""What is told of devices that are nodes of a cluster: kubectl's answers in the shapes of Kubernetes, and the command around them."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from modelinfra import EdgeFleet, KubernetesPlatform
from modelinfra.cli.main import app
from modelinfra.enrollment import nodes
from modelinfra.enrollment.deployed import FleetError, FleetInCluster, fleet_of
from modelinfra.enrollment.status import named
from modelinfra.platforms.edge.kubernetes.labels import FLEET_LABEL, RING_LABEL, SITE_LABEL
from tests.enrollment.exported import write_state
from tests.enrollment.test_k3s import FLEET
from tests.kubernetes.schemas import complaints
from tests.making import captured

SEEN = "2026-11-30T06:00:00Z"
CANARY = next(name for name in (f"till-{n}" for n in range(1000)) if FLEET.ring_of(name) == "canary")
SHOP = next(name for name in (f"till-{n}" for n in range(1000)) if FLEET.ring_of(name) == "shops")
ASKED = nodes.Kubectl(context="k3s")


def node(name: str, ring: str, *, ready: str = "True") -> dict[str, Any]:
    labels = {FLEET_LABEL: "prod-stores", RING_LABEL: ring, SITE_LABEL: "berlin"}
    condition = {
        "type": "Ready",
        "status": ready,
        "lastHeartbeatTime": SEEN,
        "lastTransitionTime": SEEN,
        "reason": "KubeletReady",
        "message": "",
    }
    pressed = {**condition, "type": "DiskPressure", "status": "False"}
    found = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
    return {**found, "status": {"conditions": [pressed, condition]}}


def pod(on: str, revision: str, *, ready: str = "True", ends: bool = False, phase: str = "Running") -> dict[str, Any]:
    labels = {"modelinfra.dev/ring": "x", "modelinfra.dev/revision": revision, "controller-revision-hash": "7d9f"}
    found: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{on}", "labels": labels}}
    if ends:
        found["metadata"]["deletionTimestamp"] = SEEN
    condition = {"type": "Ready", "status": ready}
    container = {"name": "model", "image": "r.example/served"}
    return {
        **found,
        "spec": {"nodeName": on, "containers": [container]},
        "status": {"phase": phase, "conditions": [condition]},
    }


def daemon_set(ring: str, revision: str, wanted: int, updated: int, available: int) -> dict[str, Any]:
    labels = {"modelinfra.dev/revision": revision}
    status = {
        "desiredNumberScheduled": wanted,
        "currentNumberScheduled": wanted,
        "numberMisscheduled": 0,
        "numberReady": available,
        "numberAvailable": available,
        "updatedNumberScheduled": updated,
        "observedGeneration": 3,
    }
    container = {"name": "model", "image": "r.example/served"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": f"prod-stores-{ring}", "generation": 3},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
        "status": status,
    }


class Cluster:
    """A kubectl on the path that answers what the test says, and writes down what it is asked."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        kubectl = directory / "kubectl"
        kubectl.write_text(
            "#!/bin/bash\n"
            f"cd {directory}\n"
            'echo "$*" >> calls\n'
            "[ ! -f refuses ] || { cat refuses >&2; exit 1; }\n"
            "for word in $*; do [ ! -f $word.json ] || cat $word.json; done\n"
        )
        kubectl.chmod(0o755)
        (directory / "calls").touch()

    def has(self, **lists: list[dict[str, Any]]) -> None:
        for name, items in lists.items():
            for each in items:
                assert complaints(each) == [], "this is nothing that Kubernetes would say"
            (self.directory / f"{name}.json").write_text(json.dumps({"kind": "List", "items": items}))

    @property
    def calls(self) -> list[str]:
        return (self.directory / "calls").read_text().splitlines()


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    home = tmp_path / "bin"
    home.mkdir()
    monkeypatch.setenv("PATH", f"{home}:{os.environ['PATH']}")
    return Cluster(home)


def test_each_device_is_told_with_what_runs_on_it(cluster: Cluster) -> None:
    cluster.has(
        nodes=[node(SHOP, "shops"), node(CANARY, "canary"), node("till-silent", "shops", ready="Unknown")],
        pods=[pod(SHOP, "stable", ends=True), pod(CANARY, "v8", ready="False"), pod("till-silent", "stable")],
    )
    canary, *shops = nodes.devices(FLEET, ASKED)
    assert (canary.name, canary.ring, canary.site, canary.connected) == (CANARY, "canary", "berlin", True)
    assert (canary.revision, canary.health) == ("v8:7d9f", "UNHEALTHY")
    assert canary.last_seen == datetime.datetime(2026, 11, 30, 6, tzinfo=datetime.UTC)
    found = {each.name: each for each in shops}
    assert (found[SHOP].revision, found[SHOP].health) == ("", "UNKNOWN"), "its pod ends, and no other is there"
    assert (found["till-silent"].connected, found["till-silent"].health) == (False, "UNKNOWN")
    assert cluster.calls == [
        f"--context=k3s get nodes --selector={FLEET_LABEL}=prod-stores --output=json",
        "--context=k3s get pods --namespace=prod-stores --selector=modelinfra.dev/ring --output=json",
    ]


def test_rings_are_told_with_how_far_their_revision_has_come(cluster: Cluster) -> None:
    cluster.has(daemonsets=[daemon_set("canary", "v8", 20, 2, 18), daemon_set("shops", "stable", 380, 380, 380)])
    canary, shops = nodes.rings(FLEET, ASKED)
    assert (canary.revision, canary.state, canary.running, canary.wanted) == ("v8", "IN_PROGRESS", 18, 20)
    assert canary.reason.startswith("2 of 20 devices have it, 2 do not answer; where as many do not as may change")
    assert (shops.state, shops.reason) == ("COMPLETED", "")


def test_a_revoked_device_loses_its_ring_before_its_node(cluster: Cluster) -> None:
    cluster.has(nodes=[node(SHOP, "shops")], pods=[])
    nodes.revoke(named(nodes.devices(FLEET, ASKED), SHOP, FLEET), ASKED)
    assert cluster.calls[2:] == [
        f"--context=k3s label node {SHOP} {FLEET_LABEL}- {RING_LABEL}-",
        f"--context=k3s cordon {SHOP}",
        f"--context=k3s delete node {SHOP} --wait=false",
    ]


def test_what_kubectl_does_not_do_is_told_in_its_own_words(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    (cluster.directory / "refuses").write_text("error: You must be logged in to the server (Unauthorized)\n")
    with pytest.raises(FleetError, match="You must be logged in"):
        nodes.devices(FLEET, ASKED)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(FleetError, match="kubectl, which is not installed"):
        nodes.devices(FLEET, ASKED)


def test_no_cluster_is_asked_by_chance() -> None:
    nowhere = FleetInCluster(**{**vars(FLEET), "context": ""})
    with pytest.raises(FleetError, match="current one may be any"):
        nodes.kubectl(nowhere, "", "")
    assert nodes.kubectl(FLEET, "other", "").context == "other"


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """What `pulumi stack export` writes of a deployed fleet."""
    said = {
        "runtime": "kubernetes", "fleet": "stores", "namespace": "prod-stores", "label": "prod-stores", "gpu": False, "context": "k3s", "kubeconfig": "",
        "architecture": FLEET.architecture, "daemon_sets": dict(FLEET.daemon_sets),
        "rings": [{"name": "canary", "share": 0.05}, {"name": "shops", "share": 0.95}],
    }  # fmt: skip
    return write_state(tmp_path / "state.json", said)


def ran(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["fleet", *arguments])
    return done.exit_code, done.output.replace("\n", " ")


def test_the_command_says_how_a_node_gets_into_its_ring(exported: Path) -> None:
    code, said = ran("enroll", "--device", CANARY, "--site", "berlin", "--state", str(exported))
    assert code == 0, said
    labels = f"{FLEET_LABEL}=prod-stores {RING_LABEL}=canary {SITE_LABEL}=berlin"
    assert f"kubectl --context=k3s label node {CANARY} --overwrite {labels}" in said


def test_the_command_writes_a_script_for_a_machine_that_is_no_node_yet(exported: Path, tmp_path: Path) -> None:
    target = tmp_path / "till.sh"
    joining = ["--server", "https://k3s.example.com:6443", "--k3s", "v1.34.2+k3s1", "--k3s-sha256", "0" * 64]
    code, said = ran("enroll", "--device", SHOP, *joining, "--state", str(exported), "--out", str(target))
    assert code == 0, said
    assert f"readonly DEVICE={SHOP}\n" in target.read_text()
    assert f"{RING_LABEL}=shops" in target.read_text()
    assert f"{RING_LABEL}=shops" in said
    code, said = ran(
        "enroll", "--device", SHOP, *joining, "--cloud-init", "--state", str(exported), "--out", str(target)
    )
    assert target.read_text().startswith("#cloud-config\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--device", "Till"], "'Till' is no name of a node."),
        (["--device", "till-1", "--ring", "early"], "has no ring 'early'."),
        (["--device", "till-1", "-a", "rack=7"], "attributes of a device are labels of its node"),
        (["--device", "till-1", "--cloud-init"], "There is nothing to write for a node. Write --server"),
        (["--device", "till-1", "--server", "https://x:6443"], "'' is no version of K3s."),
    ],
)
def test_the_command_says_what_cannot_be(exported: Path, arguments: list[str], said: str) -> None:
    code, output = ran("enroll", "stores", *arguments, "--state", str(exported))
    assert code == 2
    assert said in output


def test_status_fails_when_a_device_is_idle_and_says_how_to_move_one(exported: Path, cluster: Cluster) -> None:
    cluster.has(
        nodes=[node(CANARY, "shops")],
        pods=[pod(CANARY, "stable")],
        daemonsets=[daemon_set("canary", "v8", 0, 0, 0), daemon_set("shops", "stable", 1, 1, 1)],
    )
    code, said = ran("status", "--state", str(exported))
    assert code == 0, said
    assert f"modelinfra fleet move stores --device {CANARY} --ring canary" in said
    cluster.has(pods=[])
    code, said = ran("status", "--state", str(exported), "--json")
    assert code == 1
    assert json.loads(said)["devices"][0]["revision"] == ""


def test_revoke_says_what_it_does_not_do(exported: Path, cluster: Cluster) -> None:
    cluster.has(nodes=[node(SHOP, "shops")], pods=[])
    code, said = ran("revoke", "--device", SHOP, "--yes", "--state", str(exported))
    assert code == 0, said
    assert "Kubernetes takes no certificate back" in said
    code, said = ran("revoke", "--device", "till-x", "--yes", "--state", str(exported))
    assert code == 1
    assert "has no device 'till-x'" in said


def test_the_component_says_what_the_command_reads(tmp_path: Path) -> None:
    ready = {"image": "r.example/served@sha256:" + "0" * 64, "model": {"name": "digits"}}
    declared = {
        "runtime": "kubernetes",
        "server": "mlserver",
        "rings": [{"name": "canary", "share": 0.1}, {"name": "shops"}],
    }

    def program() -> None:
        platform = KubernetesPlatform("edge", cluster={"context": "k3s"})
        EdgeFleet("stores", {**declared, **ready, "platform": platform})  # type: ignore[arg-type]

    fleet = fleet_of(captured(program, tmp_path, preview=False), None)
    assert isinstance(fleet, FleetInCluster)
    assert (fleet.name, fleet.label, fleet.context) == ("stores", "stores", "k3s")
    assert fleet.shares == {"canary": 0.1, "shops": 0.9}
    assert set(fleet.daemon_sets) == {"canary", "shops"}


def test_a_node_is_moved_by_its_labels_once_somebody_says_yes(exported: Path, cluster: Cluster) -> None:
    cluster.has(nodes=[node(SHOP, "shops")], pods=[pod(SHOP, "stable")])
    code, said = ran("move", "--device", SHOP, "--ring", "canary", "--yes", "--state", str(exported))
    assert code == 0, said
    assert f"{SHOP} runs" in said
    assert f"label node {SHOP} --overwrite {FLEET_LABEL}=prod-stores {RING_LABEL}=canary" in cluster.calls[-1]
    code, said = ran("move", "--device", SHOP, "--ring", "nowhere", "--yes", "--state", str(exported))
    assert (code, "has no ring 'nowhere'" in said) == (2, True)
