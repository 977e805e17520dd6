"""Alarms that are rules of Prometheus: which are gone, and which tell later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.graph.model import Node
from modelinfra.graph.values import has_unknown, listed, mapping, plain
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings.words import called

RULE: Final = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"

_LIMIT = re.compile(r"([<>]=? )(\d+(?:\.\d+)?(?:e[-+]?\d+)?)")
_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def weakened(changes: Changes, old: Node, new: Node) -> Iterator[Finding]:
    """What one object's alarms tell no more, or later. What is not known yet is not claimed."""
    if has_unknown(plain(old.inputs).get("spec")) or has_unknown(plain(new.inputs).get("spec")):
        return
    before, after, name = _alarms(old), _alarms(new), called(changes.after, new)
    for gone in sorted(before.keys() - after.keys()):
        title = f"{name} has no alarm {gone} any more"
        yield Finding("watching", "medium", new.urn, title, "Nobody is told when it happens.", "Keep it.")
    for kept in sorted(before.keys() & after.keys()):
        one, other = before[kept], after[kept]
        if _seconds(other.get("for")) > _seconds(one.get("for")):
            title = f"{name}: {kept} takes longer to tell"
            yield Finding("watching", "low", new.urn, title, f"for: from {one.get('for', '0s')} to {other['for']}.")
        for sign, was, now in _limits(str(one.get("expr")), str(other.get("expr"))):
            later = (now > was) is sign.startswith(">")
            title = f"{name}: {kept} tells {'later' if later else 'earlier'}"
            severity: Severity = "medium" if later else "note"
            yield Finding("watching", severity, new.urn, title, f"Its limit: {sign.strip()} {was:g} to {now:g}.")


def _alarms(node: Node) -> dict[str, Mapping[str, Any]]:
    groups = listed(mapping(plain(node.inputs).get("spec")).get("groups"))
    rules = (mapping(rule) for group in groups for rule in listed(mapping(group).get("rules")))
    return {str(rule["alert"]): rule for rule in rules if "alert" in rule}


def _limits(one: str, other: str) -> Iterator[tuple[str, float, float]]:
    """Limits that differ between two questions that are the same otherwise: the comparison, before and after."""
    if _LIMIT.sub(r"\1", one) != _LIMIT.sub(r"\1", other):
        return
    for before, after in zip(_LIMIT.findall(one), _LIMIT.findall(other), strict=True):
        was, now = float(before[1]), float(after[1])
        if was != now:
            yield before[0], was, now


def _seconds(text: Any) -> float:
    """A duration as Prometheus writes it."""
    found = re.findall(r"(\d+)(ms|[smhd])", str(text or ""))
    return sum(int(number) * _UNITS[unit] for number, unit in found)
