"""What is known of a change beside its two graphs: files touched, the cloud's own state, earlier reviews, other stacks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from modelinfra.review.finding import Finding
from modelinfra.review.table import Table


@dataclass(frozen=True)
class Context:
    """What whoever gathered it found; a report tells it with its own findings, tables and notes."""

    findings: tuple[Finding, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


def together(contexts: Iterable[Context]) -> Context:
    """All of them as one, in order."""
    known = list(contexts)
    return Context(
        tuple(each for context in known for each in context.findings),
        tuple(each for context in known for each in context.tables),
        tuple(each for context in known for each in context.notes),
    )
