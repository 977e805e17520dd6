"""The longest create chain of a graph: resources of which each waits for the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modelinfra.graph import Graph, Node


@dataclass(frozen=True)
class Link:
    """One resource of a chain. because: what of it waits for the resource before; empty for the first."""

    node: Node
    because: str


def longest_chain(graph: Graph) -> Sequence[Link]:
    """The resources of the longest chain, through properties, `depends_on` and parents. Components are passed through, not counted."""
    length: dict[str, int] = {}
    before: dict[str, str] = {}
    for node in graph:  # whatever a resource waits for is registered before it
        waits_for = [urn for urn in (*node.depends_on, node.parent) if urn in length]
        longest = max(waits_for, key=length.__getitem__, default=None)
        if longest is not None:
            before[node.urn] = longest
        length[node.urn] = (length[longest] if longest is not None else 0) + node.custom
    urn: str | None = max(length, key=length.__getitem__, default=None)
    chain: list[Link] = []
    while urn is not None:
        node, last = graph[urn], before.get(urn)
        if node.custom:
            chain.append(Link(node, _because(node, last)))
        urn = last
    return chain[::-1]


def _because(node: Node, last: str | None) -> str:
    properties = [name for name, urns in node.property_deps.items() if last in urns]
    if properties:
        return ", ".join(properties)
    return "depends_on" if last in node.depends_on else ""
