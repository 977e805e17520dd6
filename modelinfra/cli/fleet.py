"""`modelinfra fleet`: enrol a device, see what runs on which, move one to another ring, take one out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelinfra.cli.common import (
    FAILED,
    WRONG_INPUT,
    AsJson,
    Project,
    console,
    fail,
    print_json,
    project_directory,
)

if TYPE_CHECKING:
    from modelinfra.enrollment.deployed import DeployedFleet, FleetInCluster, GreengrassFleet
    from modelinfra.enrollment.script import Device
    from modelinfra.enrollment.status import DeviceStatus, RingStatus

fleet = typer.Typer(name="fleet", help="Devices of an edge fleet.", no_args_is_help=True)

Fleet = Annotated[str | None, typer.Argument(help="Name of the fleet in the stack file. Default: the only one.")]
StackName = Annotated[str, typer.Option("--stack", "-s", help="Stack whose sandbox is looked at.")]
State = Annotated[
    Path | None,
    typer.Option(help="Look at this file instead, written by `pulumi stack export`; - for the standard input."),
]
Context = Annotated[
    str, typer.Option(help="On Kubernetes: context of kubectl for the cluster. Default: that of the platform.")
]
Kubeconfig = Annotated[str, typer.Option(help="On Kubernetes: file that kubectl reads. Default: that of the platform.")]
Named = Annotated[str, typer.Option("--device", "-d", help="Name of the device: its own in the fleet.")]


@fleet.command()
def enroll(
    fleet: Fleet = None,
    *,
    device: Named,
    ring: Annotated[str | None, typer.Option(help="Ring of the device. Default: the one drawn for its name.")] = None,
    site: Annotated[str, typer.Option(help="Where it stands: an attribute of the device.")] = "",
    attribute: Annotated[
        list[str] | None,
        typer.Option("--attribute", "-a", help="NAME=VALUE, an attribute of your own; may be given several times."),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="On Greengrass: the machine's own certificate in PEM. Asks AWS IoT to make what has it the device; it needs no claim."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --certificate: do not ask.")] = False,
    cloud_init: Annotated[bool, typer.Option("--cloud-init", help="Write a file for cloud-init instead.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="File to write. Default: DEVICE.sh, with --cloud-init DEVICE.yaml.")
    ] = None,
    server: Annotated[
        str,
        typer.Option(
            help="On Kubernetes: address of the API of a K3s cluster that the machine joins. Default: it is a node already."
        ),
    ] = "",
    k3s: Annotated[str, typer.Option(help="With --server: version of K3s, that of the servers.")] = "",
    k3s_sha256: Annotated[str, typer.Option(help="With --server: SHA-256 of its binary.")] = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    stack: StackName = "sandbox",
    state: State = None,
    project: Project = None,
) -> None:
    """Write the script that makes a machine a device of the fleet. The code that lets it in is no part of it; its head says where it lies. On
    Kubernetes say the command that takes a node into its ring, too.

    Example: pulumi stack export -s prod | modelinfra fleet enroll stores --device till-0042 --site berlin --state -
    """
    from modelinfra.cli import fleet_nodes as nodes
    from modelinfra.enrollment import script
    from modelinfra.enrollment.deployed import FleetError, FleetInCluster, GreengrassFleet

    found = _fleet(project, stack, state, fleet)
    if certificate is not None and not _on_greengrass(found):
        fail("Devices have certificates of their own on Greengrass alone. Remove --certificate.", WRONG_INPUT)
    if isinstance(found, FleetInCluster):
        if attribute:
            fail(
                "On Kubernetes attributes of a device are labels of its node: kubectl label node. Remove --attribute.",
                WRONG_INPUT,
            )
        way = nodes.Way(context, kubeconfig)
        nodes.enroll(found, device, ring, site, way, nodes.K3s(server, k3s, k3s_sha256), out, cloud_init=cloud_init)
        return
    if server or k3s or k3s_sha256:
        fail("--server, --k3s and --k3s-sha256 are for fleets on Kubernetes alone. Remove them.", WRONG_INPUT)
    given = dict(_attribute(each) for each in attribute or ())
    try:
        of = script.device(found, device, ring=ring, site=site, attributes=given)
        if certificate is not None:
            assert isinstance(found, GreengrassFleet)
            _enroll_certificate(found, of, certificate, out, yes=yes, cloud_init=cloud_init)
            return
        text = script.install_script(found, of)
    except FleetError as error:
        fail(str(error), WRONG_INPUT)
    if cloud_init:
        text = script.cloud_config(text, "claim.json" if _on_greengrass(found) else "activation.json")
    target = nodes.written(text, out, device, cloud_init=cloud_init)
    console().print(
        f"{target}: makes a machine the device {device} of {found.name}, in the ring {of.ring}. Read it, then run it there:\n"
        f"  sudo bash {target.name} {'claim' if _on_greengrass(found) else 'activation'}.json"
        if not cloud_init
        else f"{target}: for cloud-init of the device {device} of {found.name}, in the ring {of.ring}.",
        markup=False,
    )


def _enroll_certificate(
    found: GreengrassFleet, of: Device, file: Path, out: Path | None, *, yes: bool, cloud_init: bool
) -> None:
    from modelinfra.cli import fleet_nodes as nodes
    from modelinfra.enrollment import certificates, script

    if cloud_init:
        fail("The machine has its certificate and key already: run the script there. Remove --cloud-init.", WRONG_INPUT)
    try:
        own = certificates.read(file)
    except ImportError:
        fail("This reads a certificate, and cryptography is missing: pip install 'modelinfra[greengrass]'", WRONG_INPUT)
    console().print(
        f"{file} (SHA-256 {own.fingerprint}) is valid until {own.ends:%Y-%m-%d}. What has it becomes {found.thing(of.name)} in AWS IoT, "
        f"in the ring {of.ring} of {found.name}.",
        markup=False,
    )
    if not yes and not typer.confirm(f"Enrol {of.name}?"):
        raise typer.Exit(FAILED)
    with _aws(found) as session:
        certificates.register(found, of, own, session)
    text = script.own_certificate_script(found, of, own.fingerprint, own.ends.date())
    target = nodes.written(text, out, of.name, cloud_init=False)
    console().print(
        f"{of.name} is enrolled. {target}: installs Greengrass on the machine. Read it, then run it there:\n"
        f"  sudo bash {target.name} CERTIFICATE KEY",
        markup=False,
    )


@fleet.command()
def status(
    fleet: Fleet = None,
    *,
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    stack: StackName = "sandbox",
    state: State = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Show the rings, and which device is connected, runs what, was seen when. Asks AWS, or kubectl where devices are nodes. Exits with 1 when one is silent or unhealthy.

    Example: pulumi stack export -s prod | modelinfra fleet status stores --state -
    """
    from modelinfra.cli import fleet_nodes as nodes
    from modelinfra.enrollment.deployed import FleetInCluster

    found = _fleet(project, stack, state, fleet)
    if isinstance(found, FleetInCluster):
        ringed, listed = nodes.status(found, nodes.Way(context, kubeconfig))
    else:
        runtime = _runtime(found)
        with _aws(found) as session:
            ringed, listed = runtime.rings(found, session), runtime.devices(found, session)
    bad = [each for each in listed if not each.connected or each.health == "UNHEALTHY" or not each.revision]
    if as_json:
        print_json(
            {"fleet": found.name, "rings": [vars(each) for each in ringed], "devices": [_data(each) for each in listed]}
        )
    else:
        _show(found, ringed, listed)
    if bad:
        raise typer.Exit(FAILED)


@fleet.command()
def move(
    fleet: Fleet = None,
    *,
    device: Named,
    ring: Annotated[str, typer.Option(help="The ring to which it shall belong.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    stack: StackName = "sandbox",
    state: State = None,
    project: Project = None,
) -> None:
    """Move a device to another ring: what it runs is ended, and what that ring runs is started. Its model does not answer meanwhile.

    Example: pulumi stack export -s prod > prod.json; modelinfra fleet move stores --device till-0042 --ring canary --state prod.json
    """
    from modelinfra.cli import fleet_nodes as nodes
    from modelinfra.enrollment import moving
    from modelinfra.enrollment.deployed import FleetError, FleetInCluster
    from modelinfra.enrollment.status import named

    found = _fleet(project, stack, state, fleet)
    if isinstance(found, FleetInCluster):
        nodes.move(found, device, ring, nodes.Way(context, kubeconfig), yes=yes)
        return
    enrolled, out = _runtime(found), console()
    with _aws(found) as session:
        try:
            one = named(enrolled.devices(found, session), device, found)
            moving.check(found, one, ring)
        except FleetError as error:
            fail(str(error), WRONG_INPUT)
        there = next((each.revision for each in enrolled.rings(found, session) if each.name == ring), "nothing")
        when = "" if one.connected else ", once the device is connected again"
        out.print(
            f"{device} runs {one.revision or 'nothing'} in the ring {one.ring or 'of no name'}. That ends, and {there} starts{when}; "
            "until it is ready the model does not answer there. What waits for the cloud stays on the device.",
            markup=False,
        )
        if not yes and not typer.confirm(f"Move {device} to {ring}?"):
            raise typer.Exit(FAILED)
        moving.move(found, one, ring, session)
    out.print(
        f"{device} belongs to the ring {ring} of {found.name}. {moving.afterwards(found, one, ring)}", markup=False
    )


@fleet.command()
def revoke(
    fleet: Fleet = None,
    *,
    device: Named,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    stack: StackName = "sandbox",
    state: State = None,
    project: Project = None,
) -> None:
    """Take a device out of the fleet, such as one that was stolen: it is told nothing any more, and its credentials end within an hour. On
    Kubernetes its labels and its node are taken away; the certificate of its kubelet stays valid until it ends.

    Example: pulumi stack export -s prod | modelinfra fleet revoke stores --device till-0042 --state -
    """
    from modelinfra.cli import fleet_nodes as nodes
    from modelinfra.enrollment.deployed import FleetError, FleetInCluster
    from modelinfra.enrollment.status import named

    found = _fleet(project, stack, state, fleet)
    if isinstance(found, FleetInCluster):
        nodes.revoke(found, device, nodes.Way(context, kubeconfig), yes=yes)
        return
    enrolled = _runtime(found)
    with _aws(found) as session:
        try:
            one = named(enrolled.devices(found, session), device, found)
        except FleetError as error:
            fail(str(error), WRONG_INPUT)
        if not yes and not typer.confirm(f"Take {device} ({one.node}) out of {found.name}?"):
            raise typer.Exit(FAILED)
        enrolled.revoke(found, one, session)
    console().print(f"{device} is no device of {found.name} any more.", markup=False)


def _runtime(found: Any) -> Any:
    """What asks AWS of fleets of this kind: `rings`, `devices` and `revoke`."""
    from modelinfra.enrollment import greengrass, status

    return greengrass if _on_greengrass(found) else status


def _on_greengrass(found: Any) -> bool:
    """Whether a fleet is on Greengrass."""
    from modelinfra.enrollment.deployed import GreengrassFleet

    return isinstance(found, GreengrassFleet)


def _fleet(
    project: Path | None, stack: str, state: Path | None, name: str | None
) -> DeployedFleet | GreengrassFleet | FleetInCluster:
    from modelinfra.cli.sandbox import exported
    from modelinfra.enrollment.deployed import FleetError, fleet_of
    from modelinfra.graph.state import from_export

    if state is not None:
        given: Any = _read(state)
    else:
        given = exported(project_directory(project), stack)
    if given is None:
        fail(
            f"Nothing of {stack} is deployed in the sandbox. For a stack in the cloud: pulumi stack export -s {stack} | modelinfra fleet ... --state -",
            WRONG_INPUT,
        )
    try:
        graph = from_export(given)
    except ValueError as error:
        fail(f"{state} is no export of a stack ({error}). Write one with `pulumi stack export`.", WRONG_INPUT)
    try:
        return fleet_of(graph, name)
    except FleetError as error:
        fail(str(error), WRONG_INPUT)


def _read(state: Path) -> Any:
    import json
    import sys

    try:
        return json.loads(sys.stdin.read() if str(state) == "-" else state.read_text())
    except (OSError, ValueError) as error:
        fail(f"{state} is no export of a stack ({error}). Write one with `pulumi stack export`.", WRONG_INPUT)


def _attribute(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals:
        fail(f"'{given}' is no attribute. Write NAME=VALUE.", WRONG_INPUT)
    return name, value


class _aws:  # noqa: N801 - reads like the context manager that it is
    """A session of boto3 in the fleet's region; what AWS refuses ends the command with its words."""

    def __init__(self, found: DeployedFleet | GreengrassFleet) -> None:
        self._region = found.region

    def __enter__(self) -> Any:
        try:
            import boto3
        except ImportError:
            fail("This asks AWS, and boto3 is missing: pip install modelinfra[client]", WRONG_INPUT)
        return boto3.Session(region_name=self._region)

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        from modelinfra.client.errors import of_aws

        if isinstance(error, of_aws()):
            fail(f"AWS did not do its part: {error}", FAILED)


def _data(device: DeviceStatus) -> dict[str, Any]:
    return {
        **vars(device),
        "last_seen": device.last_seen.isoformat() if device.last_seen else None,
        "moved": device.moved,
    }


def _show(fleet: Any, ringed: list[RingStatus], listed: list[DeviceStatus]) -> None:
    from rich.table import Table

    out = console()
    table = Table("ring", "runs", "deployment", "devices", box=None)
    for ring in ringed:
        table.add_row(ring.name, ring.revision, ring.state.lower(), f"{ring.running} of {ring.wanted}")
    out.print(table)
    out.print()
    table = Table("device", "ring", "site", "connected", "runs", "health", "last seen", box=None)
    for each in listed:
        seen = each.last_seen.strftime("%Y-%m-%d %H:%M") if each.last_seen else "never"
        state = "[green]yes[/green]" if each.connected else "[red]no[/red]"
        table.add_row(each.name, each.ring, each.site, state, each.revision or "nothing", each.health.lower(), seen)
    out.print(table)
    for ring in ringed:
        if ring.reason and ring.state != "COMPLETED":
            out.print(f"{ring.name}: {ring.reason}", style="red" if ring.state == "FAILED" else "", markup=False)
    moved = [each for each in listed if each.moved]
    if moved:
        out.print("\nThe shares of the rings have changed since these were enrolled. To move them:")
        for each in moved:
            out.print(f"  modelinfra fleet move {fleet.name} --device {each.name} --ring {each.drawn}", markup=False)
