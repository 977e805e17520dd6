"""Asking a graph for resources."""

from __future__ import annotations

import pytest

from modelinfra.graph.model import Graph, Node


def graph_of(*nodes: tuple[str, str, str]) -> Graph:
    graph = Graph("p", "dev")
    for type_, name, parent in nodes:
        urn = f"urn:pulumi:dev::p::{type_}::{name}"
        graph.nodes[urn] = Node(urn=urn, name=name, type=type_, parent=parent)
    return graph


def test_one_finds_by_type_and_name() -> None:
    graph = graph_of(("a:b:C", "x", ""), ("a:b:C", "y", ""))
    assert graph.one("a:b:C", "y").name == "y"


@pytest.mark.parametrize("kind", [AssertionError, LookupError])
def test_several_matches_are_listed(kind: type[Exception]) -> None:
    graph = graph_of(("a:b:C", "x", ""), ("a:b:C", "y", ""))
    with pytest.raises(kind, match=r"2 resources are a:b:C, expected one:\n  a:b:C  x\n  a:b:C  y"):
        graph.one("a:b:C")


def test_a_wrong_name_lists_those_of_the_type() -> None:
    with pytest.raises(AssertionError, match=r"no resource is a:b:C named 'z'. Of this type there are:\n  a:b:C  x"):
        graph_of(("a:b:C", "x", "")).one("a:b:C", "z")


def test_a_misspelt_type_gets_a_suggestion() -> None:
    with pytest.raises(AssertionError, match=r"Did you mean:\n  aws:sqs/queue:Queue  q"):
        graph_of(("aws:sqs/queue:Queue", "q", "")).one("aws:sqs:Queue")


def test_descendants_are_children_of_children() -> None:
    root = "urn:pulumi:dev::p::a:b:Root::r"
    child = "urn:pulumi:dev::p::a:b:Child::c"
    graph = graph_of(("a:b:Root", "r", ""), ("a:b:Child", "c", root), ("a:b:Leaf", "l", child), ("a:b:Leaf", "m", ""))
    assert [node.name for node in graph.children(root)] == ["c"]
    assert [node.name for node in graph.descendants(root)] == ["c", "l"]
