"""That requests and answers are kept is told when it begins, and when less of them is masked."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from modelinfra.graph.values import Unknown
from modelinfra.review.findings import captures
from tests.review.making import node, told

TASK = "aws:ecs/taskDefinition:TaskDefinition"


def task(**said: Any) -> list[Any]:
    """A task whose shipper is told this; without one if it is told nothing."""
    shipper = {
        "name": "capture",
        "environment": [{"name": "MODELINFRA_SHIPPER", "value": json.dumps({"store": "s3://b/chat/", **said})}],
    }
    definitions = [{"name": "model"}, *([shipper] if said else [])]
    return [node(TASK, "chat", containerDefinitions=json.dumps(definitions))]


MASKED = {"mask": ["email", "name"], "unparsed": "drop"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, MASKED, ("medium", "the task definition chat keeps requests and answers now")),
        ({}, {**MASKED, "mask": []}, ("high", "the task definition chat keeps requests and answers now")),
        ({}, {**MASKED, "unparsed": "keep"}, ("high", "the task definition chat keeps requests and answers now")),
        (
            MASKED,
            {**MASKED, "mask": ["name"]},
            ("high", "the task definition chat no longer masks email in what it keeps"),
        ),
        (MASKED, {**MASKED, "unparsed": "keep"}, ("high", "the task definition chat keeps what it cannot mask")),
        (
            MASKED,
            {**MASKED, "store": "s3://other/"},
            ("medium", "the task definition chat keeps requests and answers elsewhere"),
        ),
    ],
)
def test_less_protection_is_told(before: dict[str, Any], after: dict[str, Any], expected: tuple[str, str]) -> None:
    assert told(captures.findings, task(**before), task(**after)) == [expected]


@pytest.mark.parametrize(
    ("before", "after"),
    [(MASKED, MASKED), (MASKED, {}), (MASKED, {**MASKED, "mask": ["name", "email", "phone"]}), ({}, {})],
)
def test_as_much_or_more_protection_is_not(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert told(captures.findings, task(**before), task(**after)) == []


def test_a_new_endpoint_that_keeps_requests_is_told() -> None:
    assert [severity for severity, _ in told(captures.findings, [], task(**MASKED))] == ["medium"]


def test_of_what_is_not_known_yet_nothing_is_claimed() -> None:
    (known,) = task(**MASKED)
    unknown = replace(known, inputs={**known.inputs, "containerDefinitions": Unknown})
    assert told(captures.findings, [unknown], [known]) == told(captures.findings, [known], [unknown]) == []
