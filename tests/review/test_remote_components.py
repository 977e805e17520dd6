"""What a provider builds itself, such as a Helm chart that it renders: no capture sees inside, and its inputs stand for what it holds."""

from __future__ import annotations

from dataclasses import replace

from modelinfra.graph.model import Node
from tests.review.making import changes, node

CHART = "kubernetes:helm.sh/v4:Chart"


def chart(version: str) -> Node:
    return replace(node(CHART, "definitions", version=version), custom=False, remote=True)


def test_an_edit_of_one_is_an_update_of_it() -> None:
    found = changes([chart("v1.9.0")], [chart("v1.9.1")]).resources
    assert [(each.type, each.operation) for each in found] == [(CHART, "update")]


def test_one_that_stays_is_no_change() -> None:
    assert not changes([chart("v1.9.0")], [chart("v1.9.0")]).resources


def test_a_component_of_the_program_is_told_by_its_children() -> None:
    before, after = (replace(node("acme:index:Thing", "thing", size=size), custom=False) for size in (1, 2))
    assert not changes([before], [after]).resources
