"""Lowers a whole environment to Terraform with its references: where an input holds what another resource answered, the text names it.

`terraform_lowering` keeps the literal values of the captured graph, which suffice for validation. What is applied needs the ids that
the cloud makes up, and rules that look along references need the references.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import plain
from tests.judges.terraform_lowering import Lowering, literal

# Answers that say nothing of the resource: everything in the account or region has them.
_COMMON = {"ownerId", "registryId", "region", "createDate", "state", "origin", "hostedZoneId", "zoneId"}
# Shorter texts stand in others by chance.
_SHORTEST = 8


Resources = dict[str, dict[str, dict[str, Any]]]
"""Type -> label -> arguments, as Terraform's JSON has them."""


def label_of(type_: str, node: Node) -> str:
    """Terraform's label of a resource: its Pulumi name, which is unique for a type."""
    label = re.sub(r"[^A-Za-z0-9_-]", "_", node.name)
    return label if label[:1].isalpha() or label[:1] == "_" else f"_{label}"


def with_references(graph: Graph, lowering: Lowering, label: Callable[[str, Node], str] = label_of) -> Resources:
    """Every AWS resource of a graph. `label`: of its type and itself. Raises NotLoweredError."""
    lowered = {
        node.urn: lowering.resource(node)
        for node in graph.resources
        if node.type.startswith("aws:") and not lowering.too_old(node)
    }
    labels = {urn: label(type_, graph[urn]) for urn, (type_, _) in lowered.items()}
    addresses = {urn: f"{type_}.{labels[urn]}" for urn, (type_, _) in lowered.items()}
    answers = {urn: dict(_answers(graph[urn], type_, addresses[urn], lowering)) for urn, (type_, _) in lowered.items()}
    resources: Resources = {}
    for urn, (type_, arguments) in lowered.items():
        node = graph[urn]
        above = [each for each in _dependencies(node) if each in lowered]
        # What was registered first owns an answer that others repeat, such as the name of a cluster.
        known: dict[str, str] = {}
        for each in sorted(_all_above(graph, node), key=lambda each: graph[each].seq, reverse=True):
            known |= answers.get(each, {})
        linked = _linked(arguments, known)
        said = str(linked)
        extra = sorted(addresses[each] for each in above if f"${{{addresses[each]}." not in said)
        if extra:
            linked["depends_on"] = extra
        resources.setdefault(type_, {})[labels[urn]] = linked
    return resources


def _dependencies(node: Node) -> list[str]:
    return list(dict.fromkeys([*node.depends_on, *(urn for urns in node.property_deps.values() for urn in urns)]))


def _all_above(graph: Graph, node: Node) -> set[str]:
    found: set[str] = set()
    open_ones = _dependencies(node)
    while open_ones:
        urn = open_ones.pop()
        if urn not in found and urn in graph:
            found.add(urn)
            open_ones += _dependencies(graph[urn])
    return found


def _answers(node: Node, type_: str, address: str, lowering: Lowering) -> Iterator[tuple[str, str]]:
    """What the cloud answered -> the reference that stands for it."""
    given = {value for value in plain(node.inputs).values() if isinstance(value, str)}
    for key, value in plain(node.outputs).items():
        name = lowering.attribute(type_, key)
        if name is None or key in _COMMON or not isinstance(value, str) or value in given or len(value) < _SHORTEST:
            continue
        yield value, f"${{{address}.{name}}}"
    if isinstance(node.id, str) and len(node.id) >= _SHORTEST and node.id not in given:
        yield node.id, f"${{{address}.id}}"


def _linked(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _linked(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_linked(item, known) for item in value]
    if not isinstance(value, str):
        return value
    text = literal(value)
    if not known:
        return text
    longest_first = sorted(known, key=len, reverse=True)
    # A part of a word is another word: the name of a role that begins with the name of a cluster.
    pattern = rf"(?<![A-Za-z0-9-])({'|'.join(map(re.escape, longest_first))})(?![A-Za-z0-9-])"
    return re.sub(pattern, lambda match: known[match[1]], text)
