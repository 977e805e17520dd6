"""Machines on which only one of a kind runs, so that an edit ends the old one before the new one starts: devices of a fleet, nodes with a daemon."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown, mapping
from modelinfra.review.changes import Changes, ResourceChange, top_level
from modelinfra.review.deployments import renews_pods
from modelinfra.review.finding import Finding
from modelinfra.review.findings.words import whose
from modelinfra.review.services import SERVICE, deploys

_GREENGRASS: Final = "aws-native:greengrassv2:Deployment"
_DAEMON_SET: Final = "kubernetes:apps/v1:DaemonSet"
_REMEDY: Final = "Let its clients try again, or ask something else meanwhile; change one ring first."


def findings(changes: Changes) -> Iterator[Finding]:
    """One for each ring, service or daemon that changes on machines that are there already."""
    for change in changes.resources:
        if change.type == _GREENGRASS and change.operation == "replace" and _runs_another(change):
            yield _told(changes, change.node, "device", _pace(change.node))
        elif change.type == _DAEMON_SET and change.operation == "update" and renews_pods(change.properties):
            at_once = _missing(change.node)
            if at_once is not None:
                yield _told(changes, change.node, "node", at_once)
    for service in changes.after.all(SERVICE):
        if service.inputs.get("schedulingStrategy") == "DAEMON" and deploys(changes, service):
            least = service.inputs.get("deploymentMinimumHealthyPercent", 100)
            if least in (0, Unknown):
                continue  # `rolling` says more of it
            yield _told(changes, service, "device", f"{least} percent of them go on meanwhile.")


def _told(changes: Changes, node: Node, machine: str, pace: str) -> Finding:
    return Finding(
        "traffic", "low", node.urn, f"each {machine} of {whose(changes.after, node)} stops answering while it changes",
        f"It ends the old one before the new one starts, and answers again when that is ready. {pace}", _REMEDY,
    )  # fmt: skip


def _runs_another(change: ResourceChange) -> bool:
    """Only then: of another rate, say, a device hears, and restarts nothing."""
    return any(top_level(each.path) == "components" for each in change.properties)


def _pace(node: Node) -> str:
    rate = mapping(mapping(node.inputs.get("iotJobConfiguration")).get("jobExecutionsRolloutConfig"))
    most = rate.get("maximumPerMinute")
    return f"{most} devices a minute at the most." if isinstance(most, int) else "All devices do so at once."


def _missing(node: Node) -> str | None:
    """How many at once; None where the new one starts beside the old one."""
    rolling: Any = mapping(mapping(mapping(node.inputs.get("spec")).get("updateStrategy")).get("rollingUpdate"))
    if rolling.get("maxSurge") not in (None, 0, "0", "0%"):
        return None
    # Kubernetes, DaemonSet: maxUnavailable.
    most = rolling.get("maxUnavailable", 1)
    return f"{most} of them at once." if isinstance(most, (int, str)) else "Several of them may do so at once."
