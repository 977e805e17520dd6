"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from modelinfra.graph.model import Node
from modelinfra.policies.view import View

Found = Iterator[tuple[Node, str]]
"""The resource that is wrong, and what is wrong with it."""


@dataclass(frozen=True)
class Rule:
    """A fact about AWS, and a pure function that finds the resources of a graph at odds with it."""

    id: str
    fact: str
    source: str
    remedy: str
    find: Callable[[View], Found]


@dataclass(frozen=True)
class Finding:
    """A resource at odds with a rule."""

    rule: str
    urn: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.urn.rpartition('::')[2]}: {self.message}. {self.remedy}"
