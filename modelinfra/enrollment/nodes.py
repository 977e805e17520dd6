"""Devices that are nodes of a cluster of Kubernetes: asked for and let in by kubectl, with whatever credentials it has."""

from __future__ import annotations

import datetime
import json
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.enrollment.deployed import FleetError, FleetInCluster
from modelinfra.enrollment.status import DeviceStatus, RingStatus, in_order
from modelinfra.platforms.edge.kubernetes.labels import (
    FLEET_LABEL,
    REVISION_OF_POD,
    RING_LABEL,
    RING_OF_POD,
    SITE_LABEL,
)

_SECONDS: Final = 120


@dataclass(frozen=True)
class Kubectl:
    """kubectl, and which cluster it asks. Empty: what the fleet was deployed with."""

    context: str = ""
    kubeconfig: str = ""

    def command(self, *arguments: str) -> list[str]:
        """The words of a command."""
        cluster = [f"--context={self.context}"] if self.context else []
        cluster += [f"--kubeconfig={self.kubeconfig}"] if self.kubeconfig else []
        return ["kubectl", *cluster, *arguments]

    def run(self, *arguments: str) -> str:
        """What it says. Raises FleetError with its own words where it fails."""
        try:
            done = subprocess.run(
                self.command(*arguments), capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except FileNotFoundError:
            raise FleetError("This asks the cluster with kubectl, which is not installed.") from None
        except subprocess.TimeoutExpired:
            raise FleetError(f"The cluster has not answered kubectl within {_SECONDS} seconds.") from None
        if done.returncode != 0:
            raise FleetError(f"kubectl did not do its part: {done.stderr.strip()}")
        return done.stdout

    def items(self, *arguments: str) -> list[Any]:
        """The objects of a list."""
        found: list[Any] = json.loads(self.run("get", *arguments, "--output=json"))["items"]
        return found


def kubectl(fleet: FleetInCluster, context: str, kubeconfig: str) -> Kubectl:
    """context, kubeconfig: empty for those that the fleet was deployed with. Raises FleetError where nothing says which cluster."""
    found = Kubectl(context or fleet.context, kubeconfig or fleet.kubeconfig)
    if not found.context and not found.kubeconfig:
        raise FleetError("Nothing says which cluster, and kubectl's current one may be any. Write --context.")
    return found


def label_command(fleet: FleetInCluster, asked: Kubectl, node: str, ring: str, site: str = "") -> str:
    """The line with which whoever keeps the cluster takes a node into a ring."""
    return shlex.join(asked.command(*_labelling(fleet, node, ring, site)))


def move(fleet: FleetInCluster, asked: Kubectl, node: str, ring: str) -> None:
    """Take a node into another ring: its DaemonSet starts a pod there, and that of the ring before ends its own. Raises FleetError."""
    asked.run(*_labelling(fleet, node, ring))


def _labelling(fleet: FleetInCluster, node: str, ring: str, site: str = "") -> list[str]:
    labels = [f"{FLEET_LABEL}={fleet.label}", f"{RING_LABEL}={ring}", *([f"{SITE_LABEL}={site}"] if site else [])]
    return ["label", "node", node, "--overwrite", *labels]


def devices(fleet: FleetInCluster, asked: Kubectl) -> list[DeviceStatus]:
    """Every device of the fleet, by ring and name."""
    nodes = asked.items("nodes", f"--selector={FLEET_LABEL}={fleet.label}")
    pods = asked.items("pods", f"--namespace={fleet.namespace}", f"--selector={RING_OF_POD}")
    # A pod that ends is no longer what the device runs, though a device that is offline has it still.
    running = {each["spec"].get("nodeName"): each for each in pods if "deletionTimestamp" not in each["metadata"]}
    found = [_device(fleet, each, running.get(each["metadata"]["name"])) for each in nodes]
    return in_order(found, fleet)


def rings(fleet: FleetInCluster, asked: Kubectl) -> list[RingStatus]:
    """The rings' DaemonSets."""
    found = {each["metadata"]["name"]: each for each in asked.items("daemonsets", f"--namespace={fleet.namespace}")}
    return [_ring(ring, found[name]) for ring, name in fleet.daemon_sets.items() if name in found]


def revoke(device: DeviceStatus, asked: Kubectl) -> None:
    """Take a device out of its fleet and out of the cluster. Its labels go first, and no node gives them to itself: were only the rest of
    this to fail, or the device to join again, it would get nothing of the fleet."""
    asked.run("label", "node", device.name, f"{FLEET_LABEL}-", f"{RING_LABEL}-")
    asked.run("cordon", device.name)
    asked.run("delete", "node", device.name, "--wait=false")


def _device(fleet: FleetInCluster, node: Mapping[str, Any], pod: Mapping[str, Any] | None) -> DeviceStatus:
    name, labels = node["metadata"]["name"], node["metadata"].get("labels", {})
    ready = _condition(node, "Ready")
    connected = ready.get("status") == "True"
    return DeviceStatus(
        name=name,
        node=name,
        ring=labels.get(RING_LABEL, ""),
        site=labels.get(SITE_LABEL, ""),
        connected=connected,
        revision=_revision(pod) if pod is not None and pod["status"].get("phase") == "Running" else "",
        health=_health(pod, connected),
        last_seen=_time(ready.get("lastHeartbeatTime")),
        drawn=fleet.ring_of(name),
        instance_arn="",
    )


def _health(pod: Mapping[str, Any] | None, connected: bool) -> str:
    """Of a device that is offline nobody knows it."""
    if pod is None or not connected:
        return "UNKNOWN"
    return "HEALTHY" if _condition(pod, "Ready").get("status") == "True" else "UNHEALTHY"


def _revision(pod: Mapping[str, Any]) -> str:
    """Its name, and which of those that had this name."""
    labels = pod["metadata"].get("labels", {})
    return f"{labels.get(REVISION_OF_POD, '')}:{labels.get('controller-revision-hash', '')}"


def _condition(of: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions: Sequence[Mapping[str, Any]] = of.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each.get("type") == kind), {})


def _time(text: str | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if text else None


def _ring(name: str, daemon_set: Mapping[str, Any]) -> RingStatus:
    status, template = daemon_set.get("status", {}), daemon_set["spec"]["template"]
    wanted, updated = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
    available = status.get("numberAvailable", 0)
    seen = status.get("observedGeneration", 0) >= daemon_set["metadata"].get("generation", 0)
    done = seen and updated >= wanted and available >= wanted
    reason = (
        ""
        if done
        else f"{updated} of {wanted} devices have it, {wanted - available} do not answer; where as many do not as may change at a time, no other gets it"
    )
    return RingStatus(
        name=name,
        revision=template["metadata"]["labels"].get(REVISION_OF_POD, ""),
        state="COMPLETED" if done else "IN_PROGRESS",
        reason=reason,
        running=available,
        wanted=wanted,
    )
