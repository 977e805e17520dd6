"""Deployments that lose requests, or never end, by the numbers that they are given."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.review.changes import Changes
from modelinfra.review.deployments import Deployment, deployments
from modelinfra.review.finding import Finding
from modelinfra.review.findings.words import whose


def findings(changes: Changes) -> Iterator[Finding]:
    """Told at each deployment, whether the numbers change or not: it happens each time."""
    for each in deployments(changes):
        name = whose(changes.after, each.node)
        if each.rollout.idle:
            yield _idle(each, name)
        if each.rollout.stuck:
            yield _stuck(each, name)


def _idle(found: Deployment, name: str) -> Finding:
    alone = "its only one ends" if found.rollout.replicas == (1, 1) else "old ones may all end"
    reason = "deploymentMinimumHealthyPercent is 0" if found.what == "task" else "its strategy lets all of them go"
    remedy = (
        "Write 100 and leave room above it" if found.what == "task" else "Write RollingUpdate with maxSurge 1 and maxUnavailable 0"
    )  # fmt: skip
    if found.node.inputs.get("schedulingStrategy") == "DAEMON":
        remedy = "Write a minimum of 90 at most, so that some of its devices go on meanwhile"
    return Finding(
        "traffic", "high", found.node.urn, f"nobody need answer requests to {name} while it deploys",
        f"{reason}: {alone} before a new one serves, and requests are lost.", f"{remedy}, or deploy when nobody asks.",
    )  # fmt: skip


def _stuck(found: Deployment, name: str) -> Finding:
    count = found.rollout.stuck[0]
    return Finding(
        "traffic", "medium", found.node.urn, f"a deployment of {name} never ends with {count} {found.what}{'s' if count != 1 else ''}",
        "Its percentages let none stop and none start: what this change deploys does not come.",
        "Write 200 as deploymentMaximumPercent.",
    )  # fmt: skip
