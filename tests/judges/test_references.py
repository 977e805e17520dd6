"""An environment lowered with its references names nothing that only its capture made up."""

from __future__ import annotations

import json
import re

import pytest

from modelinfra.graph.model import Graph, Node
from tests.judges import applied as applying
from tests.judges import terraform_command
from tests.judges.applied import Applied, apply
from tests.judges.conftest import Cases
from tests.judges.terraform_command import provider_schema
from tests.judges.terraform_lowering import Lowering
from tests.judges.terraform_references import with_references

pytestmark = [
    pytest.mark.slow_judge,
    pytest.mark.skipif(terraform_command.missing() is not None, reason=str(terraform_command.missing())),
]

_MADE_UP = re.compile(r"(vpc|subnet|sg|rtb|igw|vpce|eipalloc|nat|pl)-[0-9a-f]{8,17}|arn:aws:elasticloadbalancing:.*")


def test_every_id_that_a_cloud_makes_up_is_a_reference(cases: Cases) -> None:
    lowering = Lowering(provider_schema())
    for case in cases.examples.values():
        if case.is_whole:
            text = json.dumps(with_references(case.graph, lowering))
            ids = {node.id for node in case.nodes if isinstance(node.id, str) and _MADE_UP.fullmatch(node.id)}
            assert {each for each in ids if each in text} == set(), case.environment


def test_what_holds_dollars_and_braces_stays_text() -> None:
    graph = _graph(Node("urn:a", "a", "aws:cloudwatch/logGroup:LogGroup", inputs={"name": "a", "tags": {"b": "${c}"}}))
    resources = with_references(graph, Lowering(provider_schema()))
    assert resources["aws_cloudwatch_log_group"]["a"]["tags"] == {"b": "$${c}"}


def test_a_type_that_nobody_can_list_is_told_before_anything_is_applied() -> None:
    problems = apply(_graph(Node("urn:t", "t", "aws:sns/topic:Topic", inputs={"name": "t"}))).problems
    assert len(problems) == 1
    assert problems[0].startswith("aws_sns_topic: say in tests/judges/emulator.py how AWS lists it")


def test_what_refers_to_something_that_is_not_applied_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(applying.NOT_APPLIED, "aws_vpc", "to see it")
    result = Applied()
    subnets = {"a": {"vpc_id": "${aws_vpc.v.id}"}, "b": {"vpc_id": "vpc-1", "depends_on": ["aws_vpc.v"]}}
    left = applying._for_emulator({"aws_vpc": {"v": {}}, "aws_subnet": subnets}, result)
    assert list(left) == ["aws_subnet"]
    assert left["aws_subnet"]["b"]["depends_on"] == []
    assert result.problems == ["aws_subnet.a refers to a aws_vpc, which is not applied"]


def _graph(*nodes: Node) -> Graph:
    return Graph("p", "s", {node.urn: node for node in nodes})
