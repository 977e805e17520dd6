"""What is watched less: alarms removed or weakened, logs kept for a shorter time, flow logs and insights off."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown, has_unknown, is_number, listed, mapping, plain
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings.prometheus_rules import RULE, weakened
from modelinfra.review.findings.words import called, owner, place, shown

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_MASK = "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy"
_LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
_CLUSTER = "aws:ecs/cluster:Cluster"
_LEVELS = ("disabled", "enabled", "enhanced")

# Removing one of these is told unless what it watched goes with it.
_WATCHERS: dict[str, tuple[Severity, str]] = {
    ALARM: ("medium", "Nobody is told when it happens, and no deployment is rolled back by it."),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": ("medium", "Nobody is told when it happens."),
    "aws:ec2/flowLog:FlowLog": ("medium", "Who talked to whom in the network is no longer written down."),
    "aws:cloudtrail/trail:Trail": ("high", "Who changed what in the account is no longer written down there."),
    "aws:guardduty/detector:Detector": ("high", "Attacks are no longer looked for."),
    "aws:cloudwatch/dashboard:Dashboard": ("low", ""),
    _MASK: (
        "high",
        "Personal data in the log is readable by whoever reads the log.",
    ),
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": ("low", "Whoever was told is told no more."),
    "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration": ("low", "Whoever was told is told no more."),
    "aws:sns/topicSubscription:TopicSubscription": ("low", "Whoever was told is told no more."),
    RULE: ("medium", "Nobody is told when it happens."),
    "kubernetes:monitoring.coreos.com/v1alpha1:AlertmanagerConfig": ("medium", "Whoever was told is told no more."),
    "aws:budgets/budget:Budget": ("medium", "Nobody is told when the budget is exceeded."),
}


# What watches only while a property does not switch it off.
_SWITCHES = {"aws:cloudtrail/trail:Trail": "enableLogging", "aws:guardduty/detector:Detector": "enable"}


def findings(changes: Changes) -> Iterator[Finding]:
    """Removed first, then weakened."""
    for change in changes.of("delete"):
        told = _WATCHERS.get(change.type)
        if told is not None and change.urn not in changes.moved.values() and not _goes_with(changes, change.node):
            yield Finding(
                "watching", told[0], change.urn, f"removes {called(changes.before, change.node)}", told[1], "Keep it."
            )
    for change in changes.resources:
        old, new = change.before, change.after
        if old is None or new is None:
            continue
        switch = _SWITCHES.get(change.type)
        if switch and plain(old.inputs).get(switch) is not False and plain(new.inputs).get(switch) is False:
            severity, meaning = _WATCHERS[change.type]
            yield Finding(
                "watching", severity, new.urn, f"switches {called(changes.after, new)} off", meaning, "Keep it on."
            )
        if change.type == ALARM:
            yield from _alarm(changes, old, new)
        elif change.type == RULE:
            yield from weakened(changes, old, new)
        elif change.type == _LOG_GROUP:
            yield from _retention(changes, old, new)
        elif change.type == _MASK:
            yield from _unmasked(changes, old, new)
        elif change.type == _CLUSTER:
            yield from _insights(changes, old, new)
        elif change.type == "aws:lb/loadBalancer:LoadBalancer" and _logged(old) and not _logged(new):
            yield Finding(
                "watching",
                "medium",
                new.urn,
                f"{called(changes.after, new)} no longer logs requests",
                "accessLogs is off.",
                "Keep it on.",
            )


def _goes_with(changes: Changes, node: Node) -> bool:
    """Whether the component that it is part of goes, too."""
    home = owner(changes.before, node)
    return home is not None and home.urn not in changes.after


def _alarm(changes: Changes, old: Node, new: Node) -> Iterator[Finding]:
    before, after = plain(old.inputs), plain(new.inputs)
    name = called(changes.after, new)

    def found(key: str, severity: Severity, meaning: str) -> Finding:
        values = f"{place(changes.after, new, key)} from {shown(old, key, before.get(key))} to {shown(new, key, after.get(key))}."
        return Finding("watching", severity, new.urn, f"{name} {meaning}", values)

    one, other = before.get("threshold"), after.get("threshold")
    upwards = str(after.get("comparisonOperator", "")).startswith("Greater")
    if is_number(one) and is_number(other) and one != other:
        later = (other > one) is upwards
        yield found("threshold", "medium" if later else "note", "tells later" if later else "tells earlier")
    for key in ("evaluationPeriods", "datapointsToAlarm", "period"):
        one, other = before.get(key), after.get(key)
        if is_number(one) and is_number(other) and one != other:
            yield found(
                key,
                "low" if other > one else "note",
                "takes longer to tell" if other > one else "tells sooner, and more often for nothing",
            )
    if before.get("actionsEnabled") is not False and after.get("actionsEnabled") is False:
        yield found("actionsEnabled", "medium", "tells nobody")
    if listed(before.get("alarmActions")) and after.get("alarmActions") in (None, []):
        yield found("alarmActions", "medium", "tells nobody")
    if after.get("treatMissingData") == "notBreaching" and before.get("treatMissingData") == "breaching":
        yield found("treatMissingData", "low", "is silent when there is no data")


def _retention(changes: Changes, old: Node, new: Node) -> Iterator[Finding]:
    before, after = plain(old.inputs).get("retentionInDays", 0), plain(new.inputs).get("retentionInDays", 0)
    if is_number(before) and is_number(after) and (after or 10**6) < (before or 10**6):
        was = f"{before} days" if before else "for ever"
        yield Finding(
            "watching", "low", new.urn, f"{called(changes.after, new)} keeps logs for {after} days only",
            f"Before: {was}. What is older is deleted, and does not come back.", "Export what must be kept.",
        )  # fmt: skip


def _unmasked(changes: Changes, old: Node, new: Node) -> Iterator[Finding]:
    """Kinds of data that are masked no more. What is not known yet is not claimed."""
    before, after = _masked(old), _masked(new)
    gone = sorted(before - after) if before is not None and after is not None else []
    if gone:
        kinds = ", ".join(each.rpartition("/")[2] for each in gone)
        yield Finding(
            "watching", "high", new.urn, f"{called(changes.after, new)} no longer masks {kinds}", _WATCHERS[_MASK][1], "Keep it."
        )  # fmt: skip


def _masked(node: Node) -> set[str] | None:
    text = plain(node.inputs).get("policyDocument")
    if not isinstance(text, str):
        return None
    with contextlib.suppress(ValueError):
        statements = map(mapping, listed(mapping(json.loads(text)).get("Statement")))
        return {
            kind
            for each in statements
            if "Deidentify" in mapping(each.get("Operation"))
            for kind in listed(each.get("DataIdentifier"))
            if isinstance(kind, str)
        }
    return None


def _insights(changes: Changes, old: Node, new: Node) -> Iterator[Finding]:
    before, after = _level(old), _level(new)
    if before in _LEVELS and after in _LEVELS and _LEVELS.index(after) < _LEVELS.index(before):
        yield Finding(
            "watching",
            "low",
            new.urn,
            f"{called(changes.after, new)} has less detailed insights",
            f"containerInsights from {before} to {after}.",
            "Keep it.",
        )


def _level(node: Node) -> Any:
    given = plain(node.inputs).get("settings")
    if has_unknown(given):
        return None
    for each in listed(given):
        if mapping(each).get("name") == "containerInsights":
            return mapping(each).get("value")
    return "disabled"


def _logged(node: Node) -> bool:
    given = plain(node.inputs).get("accessLogs")
    return given is Unknown or bool(mapping(given).get("enabled"))
