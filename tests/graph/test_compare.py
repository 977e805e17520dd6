"""The differences of two graphs."""

from __future__ import annotations

import json
from typing import Any

from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import Secret, Unknown

URN = "urn:pulumi:dev::p::a:b:C::x"


def graph_of(inputs: dict[str, Any], **options: Any) -> Graph:
    return Graph("p", "dev", {URN: Node(urn=URN, name="x", type="a:b:C", inputs=inputs, **options)})


def paths(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [change.path for change in changes(graph_of(before), graph_of(after))]


def test_equal_graphs_have_no_changes() -> None:
    assert paths({"a": [1, {"b": Unknown}]}, {"a": [1, {"b": Unknown}]}) == []


def test_a_changed_property_is_named_by_its_path() -> None:
    (change,) = changes(graph_of({"a": {"b": [1, 2]}}), graph_of({"a": {"b": [1, 3]}}))
    assert (change.kind, change.path, change.before, change.after) == ("changed", "a.b[1]", 2, 3)
    assert str(change) == "a:b:C x: a.b[1]: 2 -> 3"


def test_paths_go_into_json_text() -> None:
    def containers(stop: int) -> dict[str, str]:
        return {"containerDefinitions": json.dumps([{"name": "server", "stopTimeout": stop}])}

    assert paths(containers(30), containers(60)) == ["containerDefinitions[0].stopTimeout"]


def test_the_order_of_keys_in_json_text_does_not_matter() -> None:
    assert paths({"policy": '{"a": 1, "b": 2}'}, {"policy": '{"b":2,"a":1}'}) == []


def test_added_and_removed_properties_have_no_other_side() -> None:
    found = changes(graph_of({"a": 1}), graph_of({"b": None}))
    assert [(change.path, change.before, change.after) for change in found] == [("a", 1, None), ("b", None, None)]


def test_secrets_are_compared_by_value() -> None:
    assert paths({"a": Secret("x")}, {"a": Secret("x")}) == []
    assert paths({"a": Secret("x")}, {"a": Secret("y")}) == ["a"]


def test_true_is_not_one() -> None:
    assert paths({"a": 1}, {"a": True}) == ["a"]


def test_whole_resources_are_added_and_removed() -> None:
    empty = Graph("p", "dev")
    assert [change.kind for change in changes(empty, graph_of({"a": 1}))] == ["added"]
    assert [change.kind for change in changes(graph_of({"a": 1}), empty)] == ["removed"]


def test_options_that_change_a_deployment_are_compared() -> None:
    found = changes(graph_of({}, protect=True), graph_of({}))
    assert [change.path for change in found] == ["options.protect"]
    assert changes(graph_of({}, protect=True), graph_of({}), options=False) == []
