"""Graphs that travel from one process to another."""

from __future__ import annotations

import pytest

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.transport import dump, load, numbered
from modelinfra.graph.values import AssetRef, ResourceRef, Secret, Unknown


def graph(**inputs: object) -> Graph:
    node = Node("urn:pulumi:dev::p::a:b:C::c", "c", "a:b:C", inputs=dict(inputs), id=Unknown, protect=True)
    return Graph(
        "p", "dev", {node.urn: node}, outputs={"o": [Secret("hush")]}, logs=[{"severity": "info", "message": "m"}]
    )


def test_a_graph_comes_back_as_it_was_but_for_secrets() -> None:
    given = graph(u=[Unknown], r=ResourceRef("urn:x", "i"), a=AssetRef("asset", {"path": "f"}), n={"x": 1.5, "y": None})
    there = load(dump(given, b"key"))
    assert there.nodes == given.nodes
    assert (there.project, there.stack, there.logs) == ("p", "dev", given.logs)


def test_no_secret_stands_in_the_text_and_equal_ones_stay_equal() -> None:
    text = dump(graph(one=Secret("hush"), two={"deep": Secret("hush")}, other=Secret({"a": "quiet"})), b"key")
    assert "hush" not in text
    assert "quiet" not in text
    inputs = next(iter(load(text))).inputs
    assert inputs["one"] == inputs["two"]["deep"] != inputs["other"]
    assert isinstance(inputs["one"], Secret)


def test_under_another_key_the_same_secret_looks_different() -> None:
    assert dump(graph(one=Secret("hush")), b"one") != dump(graph(one=Secret("hush")), b"two")


def test_numbers_of_secrets_are_the_same_under_every_key() -> None:
    shown = []
    for key in (b"one", b"two"):
        before, after = load(dump(graph(a=Secret("x"), b=Secret("y")), key)), load(dump(graph(a=Secret("y")), key))
        numbered(before, after)
        shown.append([before.to_json(show_secrets=True), after.to_json(show_secrets=True)])
        assert next(iter(after)).inputs["a"] == next(iter(before)).inputs["b"] == Secret("[secret 3]")
    assert shown[0] == shown[1]


def test_a_secret_that_is_not_known_yet_stays_so() -> None:
    given = load(dump(graph(a=Secret(Unknown)), b"key"))
    numbered(given)
    assert next(iter(given)).inputs["a"] == Secret(Unknown)


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"project": 1, "stack": "s", "logs": [], "outputs": {}, "resources": [1]}', "x"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own error is one
        load(text)
