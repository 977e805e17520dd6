"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from modelinfra.graph.model import Node
from modelinfra.policies.view import View

Found = Iterator[tuple[Node, str]]
"""The resource that is wrong, and what is wrong with it."""


Severity = Literal["high", "medium", "low"]
"""high: AWS refuses it, it does not serve, or it is open to strangers. medium: it fails or leaks on a bad day. low: it is harder to run."""

SEVERITIES: Final[tuple[Severity, ...]] = ("high", "medium", "low")
"""Worst first."""


@dataclass(frozen=True)
class Rule:
    """A fact about AWS, and a pure function that finds the resources of a graph at odds with it."""

    id: str
    fact: str
    source: str
    remedy: str
    find: Callable[[View], Found]
    severity: Severity = "high"
    production: bool = False
    """Whether it is asked of production only."""


@dataclass(frozen=True)
class Finding:
    """A resource at odds with a rule. exception: which exception of the stack's file it is about, counted from 0; None for none."""

    rule: str
    urn: str
    message: str
    remedy: str
    severity: Severity = "high"
    exception: int | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.urn.rpartition('::')[2]}: {self.message}. {self.remedy}"
