"""Updates in place that are felt all the same: a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from modelinfra.review.changes import Changes, PropertyChange, without_indices
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings.words import called, shown


@dataclass(frozen=True)
class Felt:
    """brief follows the resource's name in the title."""

    severity: Severity
    brief: str
    meaning: str
    remedy: str = ""


_RESTART = "It restarts now (applyImmediately) or in its maintenance window."

FELT: dict[tuple[str, str], Felt] = {
    ("aws:eks/cluster:Cluster", "version"): Felt(
        "medium", "is upgraded, and cannot go back",
        "The control plane stays reachable; nodes and add-ons follow after it, and need as many free addresses again in its subnets (five).",
        "Read the deprecations of the new version; try it on another cluster first.",
    ),
    ("aws:eks/nodeGroup:NodeGroup", "version"): Felt(
        "medium", "replaces its nodes one after the other", "Each node is drained for up to 15 minutes; a PodDisruptionBudget that allows nothing fails it.",
        "Two replicas of what serves, on more than one node.",
    ),
    ("aws:eks/nodeGroup:NodeGroup", "releaseVersion"): Felt(
        "medium", "replaces its nodes one after the other", "Each node is drained for up to 15 minutes; a PodDisruptionBudget that allows nothing fails it.",
        "Two replicas of what serves, on more than one node.",
    ),
    ("aws:rds/instance:Instance", "identifier"): Felt("high", "gets another address", f"Its DNS name holds its identifier: whoever connects by the old one, fails. {_RESTART}"),
    ("aws:rds/instance:Instance", "engineVersion"): Felt("medium", "is upgraded, and cannot go back", _RESTART, "Take a snapshot before."),
    ("aws:rds/instance:Instance", "instanceClass"): Felt("medium", "restarts", _RESTART),
    ("aws:rds/cluster:Cluster", "engineVersion"): Felt("medium", "is upgraded, and cannot go back", _RESTART, "Take a snapshot before."),
    ("aws:ec2/instance:Instance", "instanceType"): Felt("medium", "stops and starts", "Its public address changes unless it is an elastic one."),
    ("aws:autoscaling/group:Group", "launchTemplate"): Felt(
        "low", "starts new machines from another template", "Machines that run stay as they are, unless an instance refresh is configured."
    ),
    ("aws:sagemaker/endpoint:Endpoint", "endpointConfigName"): Felt(
        "medium", "moves to another configuration", "By default a whole second fleet starts beside the first (all-at-once blue/green): the quota must hold both.",
        "Write deploymentConfig: canary or linear, with alarms.",
    ),
    # Only where it comes or goes: an edit within it rolls as the server does.
    ("kubernetes:serving.kserve.io/v1beta1:InferenceService", "spec.transformer"): Felt(
        "medium", "gets or loses the program before its server, and requests with it",
        "KServe changes the Services before the route is moved: requests in between fail.",
        "Make a second endpoint, and move the clients.",
    ),
}  # fmt: skip


def findings(changes: Changes) -> Iterator[Finding]:
    """One finding for each property of the table that changes in place."""
    for change in changes.of("update"):
        told = set()
        for each in change.properties:
            path = without_indices(each.path)
            felt = FELT.get((change.type, path)) or FELT.get((change.type, path.split(".")[0]))
            if felt is None or felt in told:
                continue
            told.add(felt)
            refused = path == "version" and change.type == "aws:eks/cluster:Cluster" and _skips(each)
            values = (
                f"From {shown(change.before, each.path, each.before)} to {shown(change.after, each.path, each.after)}."
            )
            if refused:
                text = f"{values} It goes up by one minor version at a time, and never down."
                title = f"{called(changes.after, change.node)} cannot change its version so: the update fails"
                yield Finding(
                    "traffic", "high", change.urn, title, text, "Go version by version, nodes and add-ons with it."
                )
                continue
            title = f"{called(changes.after, change.node)} {felt.brief}"
            yield Finding("traffic", felt.severity, change.urn, title, f"{values} {felt.meaning}", felt.remedy)


def _skips(change: PropertyChange) -> bool:
    """Whether EKS refuses it."""
    minors = [re.fullmatch(r"1\.(\d+)", str(each)) for each in (change.before, change.after)]
    first, last = (int(each.group(1)) if each else None for each in minors)
    return first is not None and last is not None and last - first not in (0, 1)
