"""A fleet as it is deployed: what the state says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from modelinfra.options.edge_runtimes import GREENGRASS, KUBERNETES
from modelinfra.options.rings import ring_of

if TYPE_CHECKING:
    from modelinfra.graph.model import Graph

_TYPE: Final = "modelinfra:index:EdgeFleet"


class FleetError(Exception):
    """There is no such fleet, or something cannot be done with it; the message says why, and what to do instead."""


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What fleets of every runtime have. shares: ring -> share of the devices. architecture: of their processors."""

    name: str
    shares: Mapping[str, float]
    architecture: str

    def ring_of(self, device: str) -> str:
        """The ring that is drawn for a device."""
        return ring_of(device, self.name, self.shares)

    def check_ring(self, ring: str) -> None:
        """Raises FleetError where there is no such ring."""
        if ring not in self.shares:
            raise FleetError(f"The fleet '{self.name}' has no ring '{ring}'. It has: {', '.join(self.shares)}.")


@dataclass(frozen=True, kw_only=True)
class DeployedFleet(Fleet):
    """On ECS Anywhere. secrets: ring -> ARN of the secret that lets devices in; empty where none are let in.
    services: ring -> name of its ECS service. roles: ring -> name of the role of its devices."""

    region: str
    cluster: str
    secrets: Mapping[str, str]
    services: Mapping[str, str]
    expires: str
    gpu: bool
    roles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class GreengrassFleet(Fleet):
    """prefix: what names of things begin with, and the name of the component. groups: ring -> its thing group. versions, revisions: ring -> the
    version of the component that its devices are to run, and the revision that this is. secret: ARN of the claim; empty where none is let in."""

    region: str
    prefix: str
    thing_type: str
    groups: Mapping[str, str]
    versions: Mapping[str, str]
    revisions: Mapping[str, str]
    alias: str
    template: str
    secret: str
    data_endpoint: str
    credentials_endpoint: str
    expires: str
    gpu: bool

    def thing(self, device: str) -> str:
        """What a device is called in AWS IoT."""
        return f"{self.prefix}-{device}"


@dataclass(frozen=True, kw_only=True)
class FleetInCluster(Fleet):
    """A fleet whose devices are nodes of a cluster of Kubernetes. label: what labels of nodes call the fleet. daemon_sets: ring -> name. context,
    kubeconfig: with which it was deployed; empty where the state does not say."""

    namespace: str
    label: str
    daemon_sets: Mapping[str, str]
    context: str
    kubeconfig: str


NO_SITE: Final = "-"
"""In place of a site that a device does not say: an attribute of a thing is never empty."""


def fleet_of(graph: Graph, name: str | None) -> DeployedFleet | GreengrassFleet | FleetInCluster:
    """The fleet of a deployed state; the only one where none is named. Raises FleetError."""
    fleets = {fleet.name: fleet for fleet in _fleets(graph)}
    if name is None and len(fleets) == 1:
        return next(iter(fleets.values()))
    if name is None or name not in fleets:
        there = ", ".join(sorted(fleets)) or "none"
        raise FleetError(
            f"This state has no fleet '{name}'. It has: {there}."
            if name is not None
            else f"Which fleet? This state has: {there}."
        )
    return fleets[name]


def _fleets(graph: Graph) -> Iterable[DeployedFleet | GreengrassFleet | FleetInCluster]:
    for node in graph.all(_TYPE):
        said: Any = node.outputs.get("enrollment")
        runtime = said.get("runtime") if isinstance(said, Mapping) else None
        if runtime == GREENGRASS:
            if not isinstance(said.get("prefix"), str):
                raise FleetError("The fleet is not deployed yet: its things have no name. Run `pulumi up` first.")
            yield _on_greengrass(said)
            continue
        if runtime == KUBERNETES:
            yield _in_cluster(said)
            continue
        if not isinstance(said, Mapping) or not isinstance(said.get("cluster"), str):
            raise FleetError("The fleet is not deployed yet: its cluster has no name. Run `pulumi up` first.")
        yield DeployedFleet(
            name=said["fleet"],
            region=said["region"],
            cluster=said["cluster"],
            shares=_shares(said),
            secrets=dict(said["secrets"] or {}),
            services=dict(said["services"]),
            expires=said["expires"],
            gpu=bool(said["gpu"]),
            architecture=said["architecture"],
            roles=dict(said.get("roles") or {}),
        )


def _on_greengrass(said: Mapping[str, Any]) -> GreengrassFleet:
    """Of an output `enrollment`."""
    return GreengrassFleet(
        name=said["fleet"],
        region=said["region"],
        prefix=said["prefix"],
        thing_type=said["thing_type"],
        shares=_shares(said),
        groups=dict(said["groups"]),
        versions=dict(said["versions"]),
        revisions=dict(said["revisions"]),
        alias=said["alias"],
        template=said["template"],
        secret=said["secret"],
        data_endpoint=said["data_endpoint"],
        credentials_endpoint=said["credentials_endpoint"],
        expires=said["expires"],
        gpu=bool(said["gpu"]),
        architecture=said["architecture"],
    )


def _in_cluster(said: Mapping[str, Any]) -> FleetInCluster:
    """Of an output `enrollment`."""
    return FleetInCluster(
        name=said["fleet"],
        namespace=said["namespace"],
        label=said["label"],
        shares=_shares(said),
        daemon_sets=dict(said["daemon_sets"]),
        context=said["context"],
        kubeconfig=said["kubeconfig"],
        architecture=said["architecture"],
    )


def _shares(said: Mapping[str, Any]) -> dict[str, float]:
    return {ring["name"]: float(ring["share"]) for ring in said["rings"]}
