"""What judges are asked about, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from modelinfra.graph.model import Graph, Node


@dataclass(frozen=True)
class Case:
    """An environment to judge. `nodes`: the resources in question; judges of single resources look at no others."""

    graph: Graph
    nodes: tuple[Node, ...]
    environment: str
    """What it is called, or what it was before it was edited."""

    @property
    def is_whole(self) -> bool:
        """Whether all of the graph is in question."""
        return len(self.nodes) == len(self.graph.resources)

    @classmethod
    def whole(cls, graph: Graph, environment: str) -> Case:
        """Everything in the graph."""
        return cls(graph, tuple(graph.resources), environment)

    @classmethod
    def changed(cls, good: Graph, bad: Graph, environment: str) -> Case:
        """What an edit made of a graph that has been judged already."""
        nodes = (node for node in bad.resources if node.urn not in good or node.inputs != good[node.urn].inputs)
        return cls(bad, tuple(nodes), environment)


Verdicts = dict[str, list[str]]
"""Case -> what the judge has against it."""


class Judge(Protocol):
    """One that knows AWS. All cases are judged in one go, since most judges take long to begin."""

    @property
    def name(self) -> str:
        """What it is called in tables and summaries."""

    @property
    def quick(self) -> bool:
        """Whether it answers within a second or so, and is asked by `make test`, too, where it is there."""

    @property
    def obtainable(self) -> bool:
        """Whether a registry has it, so that CI has no excuse."""

    def missing(self) -> str | None:
        """Why the judge cannot be asked here; None when it can."""

    def judge(self, cases: Mapping[str, Case]) -> Verdicts:
        """What there is against each case."""
