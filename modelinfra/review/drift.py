"""What was changed outside of Pulumi, kept apart from what the change does, and whether the change sets it back."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.review.changes import Changes, PropertyChange, ResourceChange, within
from modelinfra.review.context import Context
from modelinfra.review.finding import SEVERITIES, Finding, Severity
from modelinfra.review.findings import exposure, networks, permissions, watching
from modelinfra.review.findings.words import called, listing, plural, shown

_UNSEEN = "The preview was made without --refresh: what was changed by hand since the last deployment is not told."
_LONGEST = 6


def drifted(changes: Changes, outside: Changes | None) -> Context:
    """outside: from what the state holds to what the cloud holds; None where nobody looked. What ignoreChanges leaves alone, as autoscalers write it, is no drift."""
    if outside is None:
        return Context(notes=(_UNSEEN,))
    planned = {each.urn: each for each in changes.resources}
    graver = _graver(outside)
    found: list[Finding] = []
    for each in outside.resources:
        if each.operation == "delete":
            found.append(_gone(outside, each, planned.get(each.urn)))
        elif each.properties:
            found.append(_changed(outside, each, planned.get(each.urn), graver))
    return Context(
        tuple(found), notes=(f"The cloud was looked up: {plural(len(found), 'resource')} changed outside of Pulumi.",)
    )


def _gone(outside: Changes, each: ResourceChange, plan: ResourceChange | None) -> Finding:
    what = "This change makes it again." if plan is not None and plan.operation == "create" else "It stays away."
    return Finding(
        "drift", "medium", each.urn, f"gone in the cloud: {called(outside.before, each.node)}",
        f"It was deleted outside of Pulumi. {what}", "Find out who deleted it, and whether it was meant.",
    )  # fmt: skip


def _changed(
    outside: Changes, each: ResourceChange, plan: ResourceChange | None, graver: dict[str, Finding]
) -> Finding:
    worse = graver.get(each.urn)
    severity: Severity = worse.severity if worse is not None else "low"
    lines = [
        f"{one.path} was {shown(each.before, one.path, one.before)} and is {shown(each.after, one.path, one.after)}: {_fate(one, plan)}."
        for one in each.properties[:_LONGEST]
    ]
    if len(each.properties) > _LONGEST:
        lines.append(f"And {len(each.properties) - _LONGEST} more.")
    if worse is not None:
        lines.insert(
            0,
            f"It {worse.title}." if worse.title.startswith("lets ") else f"{worse.title[:1].upper()}{worse.title[1:]}.",
        )
    paths = listing([one.path for one in each.properties])
    return Finding(
        "drift", severity, each.urn, f"changed outside of Pulumi: {called(outside.after, each.node)} ({paths})", "\n".join(lines),
        "Write into the program what was meant, and deploy with --refresh, as the preview was made: without it only what the change itself writes is set back.",
    )  # fmt: skip


def _fate(one: PropertyChange, plan: ResourceChange | None) -> str:
    if plan is None:
        return "this change leaves it so"
    if plan.operation in ("replace", "delete"):
        return f"this change {plan.operation}s the resource"
    back = any(within(mine.path, one.path) or within(one.path, mine.path) for mine in plan.properties)
    return "this change sets it back or anew" if back else "this change leaves it so"


def _graver(outside: Changes) -> dict[str, Finding]:
    """The gravest thing that rules say of what was changed, by resource."""
    found: dict[str, Finding] = {}
    for each in _said(outside):
        if each.severity in ("high", "medium"):
            known = found.get(each.urn)
            if known is None or SEVERITIES.index(each.severity) < SEVERITIES.index(known.severity):
                found[each.urn] = each
    return found


def _said(outside: Changes) -> Iterator[Finding]:
    for concern in (exposure, networks, permissions, watching):
        yield from concern.findings(outside)
