"""One thing that a reviewer should know of a change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["high", "medium", "low", "note"]

SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low", "note")
"""Worst first."""


_RANKS: dict[str, int] = {each: rank for rank, each in enumerate(SEVERITIES)}


def is_as_bad(severity: str, limit: str) -> bool:
    """Whether a severity is the limit or worse."""
    return _RANKS[severity] <= _RANKS[limit]


Kind = Literal[
    "replacement",
    "data loss",
    "exposure",
    "permissions",
    "secrets",
    "traffic",
    "capacity",
    "watching",
    "other stacks",
    "drift",
    "intent",
    "history",
    "move",
    "unknown",
]

KINDS: tuple[Kind, ...] = (
    "data loss",
    "exposure",
    "replacement",
    "permissions",
    "secrets",
    "traffic",
    "watching",
    "capacity",
    "other stacks",
    "drift",
    "intent",
    "history",
    "move",
    "unknown",
)
"""In the order in which a report tells them."""


@dataclass(frozen=True)
class Finding:
    """urn: of the resource that it is about. title: one line. text: what it means in words. remedy: what avoids or undoes it, if anything does."""

    kind: Kind
    severity: Severity
    urn: str
    title: str
    text: str = ""
    remedy: str = ""


def worst_first(findings: list[Finding]) -> list[Finding]:
    """By severity, then kind, then resource: the same findings always come in the same order."""
    return sorted(
        findings, key=lambda each: (SEVERITIES.index(each.severity), KINDS.index(each.kind), each.urn, each.title)
    )
