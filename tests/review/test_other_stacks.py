"""What other stacks feel of a change."""

from __future__ import annotations

from typing import Any

import pytest

from modelinfra.graph.model import STACK_TYPE, Graph, Node
from modelinfra.graph.values import Secret, Unknown
from modelinfra.review.changes import Changes, between
from modelinfra.review.context import Context
from modelinfra.review.other_stacks import REFERENCE, other_stacks


def stack(outputs: dict[str, Any], *nodes: Node) -> Graph:
    urn = "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod"
    own = Node(urn, "shop-prod", STACK_TYPE, custom=False)
    return Graph("shop", "prod", {each.urn: each for each in (own, *nodes)}, outputs)


def reader(name: str, *, project: str = "web") -> Graph:
    urn = f"urn:pulumi:live::{project}::{REFERENCE}::{name}"
    return Graph(project, "live", {urn: Node(urn, name, REFERENCE, inputs={"name": name})})


def between_outputs(before: dict[str, Any], after: dict[str, Any]) -> Changes:
    return between(stack(before), stack(after))


def told(context: Context) -> list[tuple[str, str]]:
    return [(each.severity, each.title) for each in context.findings]


def test_an_output_that_goes_is_told() -> None:
    change = between_outputs({"url": "a", "arn": "b"}, {"arn": "b", "new": "c"})
    assert told(other_stacks(change)) == [("medium", "the output url is removed")]


def test_one_that_is_read_by_a_stack_weighs_more_and_the_reader_is_named() -> None:
    found = other_stacks(
        between_outputs({"url": "a"}, {}), [reader("acme/shop/prod"), reader("acme/shop/dev", project="x")]
    )
    assert told(found) == [("high", "the output url is removed")]
    assert found.findings[0].text == "web/live reads outputs of this stack."
    assert found.notes == ("2 other stacks looked at; what refers to this one: web/live.",)


@pytest.mark.parametrize(("name", "project", "refers"), [
    ("acme/shop/prod", "web", True), ("shop/prod", "web", True), ("prod", "shop", True), ("prod", "web", False), ("acme/other/prod", "web", False),
])  # fmt: skip
def test_short_names_are_the_readers_own(name: str, project: str, refers: bool) -> None:
    found = other_stacks(between_outputs({"url": "a"}, {}), [reader(name, project=project)])
    assert (told(found)[0][0] == "high") is refers


def test_another_value_is_told_and_one_that_is_not_known_is_not() -> None:
    change = between_outputs(
        {"url": "a", "id": "b", "key": Secret("c")}, {"url": "x", "id": Unknown, "key": Secret("d")}
    )
    assert told(other_stacks(change)) == [
        ("low", "the output key gets another secret value"), ("low", "the output url gets another value"),
    ]  # fmt: skip


def test_a_state_holds_its_outputs_in_the_stack_itself() -> None:
    before, after = stack({}), stack({"arn": "b"})
    before.nodes[next(iter(before.nodes))].outputs = {"url": "a", "arn": "b"}
    assert told(other_stacks(between(before, after))) == [("medium", "the output url is removed")]
