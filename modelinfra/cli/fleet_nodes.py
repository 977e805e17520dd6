"""`modelinfra fleet` where devices are nodes of a cluster of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from modelinfra.cli.common import FAILED, WRONG_INPUT, console, fail
from modelinfra.enrollment import k3s as joining
from modelinfra.enrollment import moving, nodes, script
from modelinfra.enrollment.deployed import FleetError, FleetInCluster
from modelinfra.enrollment.status import DeviceStatus, RingStatus, named


@dataclass(frozen=True)
class Way:
    """To the cluster; empty: as the platform says."""

    context: str
    kubeconfig: str


@dataclass(frozen=True)
class K3s:
    """What a machine joins. server: empty: it is a node already."""

    server: str
    version: str
    sha256: str


def enroll(
    fleet: FleetInCluster,
    device: str,
    ring: str | None,
    site: str,
    way: Way,
    k3s: K3s,
    out: Path | None,
    *,
    cloud_init: bool,
) -> None:
    """Say what takes a node into its ring, and write what makes a machine a node before."""
    with _told(WRONG_INPUT):
        joining.node_problem(fleet, device, ring, site)
        where = ring or fleet.ring_of(device)
        command = nodes.label_command(fleet, nodes.kubectl(fleet, way.context, way.kubeconfig), device, where, site)
        if not k3s.server:
            if cloud_init or out or k3s.version or k3s.sha256:
                fail("There is nothing to write for a node. Write --server to have it join a K3s cluster.", WRONG_INPUT)
            console().print(
                f"The node {device} is a device of {fleet.name}, in the ring {where}, once you run", markup=False
            )
            console().print(f"  {command}", markup=False, soft_wrap=True)
            return
        text = joining.k3s_script(
            fleet,
            device,
            site=site,
            server=k3s.server,
            version=k3s.version,
            sha256=k3s.sha256,
            label_command=command,
        )
    target = written(script.cloud_config(text, "token") if cloud_init else text, out, device, cloud_init=cloud_init)
    how = "for cloud-init of" if cloud_init else "makes a machine"
    console().print(f"{target}: {how} the node {device} of {k3s.server}. Read it first.", markup=False)
    if not cloud_init:
        console().print(f"  sudo bash {target.name} token", markup=False)
    console().print(
        f"It is a device of {fleet.name}, in the ring {where}, once it has joined and you run", markup=False
    )
    console().print(f"  {command}", markup=False, soft_wrap=True)


def status(fleet: FleetInCluster, way: Way) -> tuple[list[RingStatus], list[DeviceStatus]]:
    """Rings and devices."""
    with _told(FAILED):
        asked = nodes.kubectl(fleet, way.context, way.kubeconfig)
        return nodes.rings(fleet, asked), nodes.devices(fleet, asked)


def move(fleet: FleetInCluster, device: str, ring: str, way: Way, *, yes: bool) -> None:
    """Take a node into another ring."""
    with _told(WRONG_INPUT):
        fleet.check_ring(ring)
    with _told(FAILED):
        asked = nodes.kubectl(fleet, way.context, way.kubeconfig)
        one = named(nodes.devices(fleet, asked), device, fleet)
    with _told(WRONG_INPUT):
        moving.check(fleet, one, ring)
    console().print(
        f"{device} runs {one.revision or 'nothing'} in the ring {one.ring}. That ends, and what the ring {ring} runs starts; until it is ready "
        "the model does not answer there.",
        markup=False,
    )
    if not yes and not typer.confirm(f"Move {device} to {ring}?"):
        raise typer.Exit(FAILED)
    with _told(FAILED):
        nodes.move(fleet, asked, device, ring)
    console().print(f"{device} belongs to the ring {ring} of {fleet.name}.", markup=False)


def revoke(fleet: FleetInCluster, device: str, way: Way, *, yes: bool) -> None:
    """Take a device out of its fleet and of the cluster."""
    with _told(FAILED):
        asked = nodes.kubectl(fleet, way.context, way.kubeconfig)
        one = named(nodes.devices(fleet, asked), device, fleet)
        if not yes and not typer.confirm(f"Take the node {device} out of {fleet.name} and out of its cluster?"):
            raise typer.Exit(FAILED)
        nodes.revoke(one, asked)
    console().print(
        f"{device} is no device of {fleet.name} any more, and no node. Kubernetes takes no certificate back: until that of its kubelet ends, the "
        "machine may join again as a node of this name. It gets nothing of the fleet then, since no node gives itself the labels of a ring.",
        markup=False,
    )


def written(text: str, out: Path | None, device: str, *, cloud_init: bool) -> Path:
    """The file with a script, or with what cloud-init runs."""
    target = out or Path(f"{device}.{'yaml' if cloud_init else 'sh'}")
    try:
        target.write_text(text)
    except OSError as error:
        fail(f"{target} cannot be written: {error.strerror}.", WRONG_INPUT)
    return target


@contextmanager
def _told(code: int) -> Iterator[None]:
    """What cannot be done ends the command with its own words and this status."""
    try:
        yield
    except FleetError as error:
        fail(str(error), code)
