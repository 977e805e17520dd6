"""Graphs from what the Pulumi CLI prints."""

from __future__ import annotations

from typing import Any

import pytest

from modelinfra.graph.state import from_export, from_preview
from modelinfra.graph.values import Secret, Unknown

STACK = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev"
QUEUE = "urn:pulumi:dev::p::aws:sqs/queue:Queue::q"


def state(urn: str, type_: str, **more: Any) -> dict[str, Any]:
    return {"urn": urn, "type": type_, "custom": type_ != "pulumi:pulumi:Stack", **more}


def test_an_export_becomes_a_graph() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"hush"'}
    resources = [
        state(STACK, "pulumi:pulumi:Stack", outputs={"url": "https://q"}),
        state(QUEUE, "aws:sqs/queue:Queue", id="q-1", parent=STACK, inputs={"policy": secret, "__defaults": []}),
        state(QUEUE, "aws:sqs/queue:Queue", id="q-0", parent=STACK, delete=True),
    ]
    graph = from_export({"version": 3, "deployment": {"resources": resources}})
    assert (graph.project, graph.stack, graph.outputs) == ("p", "dev", {"url": "https://q"})
    node = graph.one("aws:sqs/queue:Queue")
    assert (node.id, node.inputs, node.parent) == ("q-1", {"policy": Secret("hush")}, STACK)


def test_default_providers_are_not_references() -> None:
    default = "urn:pulumi:dev::p::pulumi:providers:aws::default_7_51_1::123"
    explicit = "urn:pulumi:dev::p::pulumi:providers:aws::west::123"
    for reference, expected in ((default, ""), (explicit, explicit)):
        resources = [state(QUEUE, "aws:sqs/queue:Queue", provider=reference)]
        assert from_export({"deployment": {"resources": resources}}).one("aws:sqs/queue:Queue").provider == expected


def test_a_preview_becomes_the_graph_that_it_plans() -> None:
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    old = state(QUEUE, "aws:sqs/queue:Queue", inputs={"name": "old"})
    new = state(QUEUE, "aws:sqs/queue:Queue", inputs={"name": "new", "policy": unknown, "key": "[secret]"})
    steps = [
        {"op": "create-replacement", "urn": QUEUE, "oldState": old, "newState": new},
        {"op": "replace", "urn": QUEUE, "oldState": old, "newState": new},
        {"op": "delete-replaced", "urn": QUEUE, "oldState": old},
    ]
    diagnostics = [{"severity": "warning", "message": "assumed", "urn": ""}]
    graph = from_preview({"steps": steps, "diagnostics": diagnostics})
    node = graph.one("aws:sqs/queue:Queue")
    assert node.inputs == {"name": "new", "policy": Unknown, "key": Secret(Unknown)}
    assert node.id is Unknown
    assert graph.warnings == ["assumed"]


@pytest.mark.parametrize("read", [from_export, from_preview])
def test_anything_else_is_refused(read: Any) -> None:
    with pytest.raises(ValueError, match=r"^not a"):
        read({"hello": "world"})


@pytest.mark.parametrize(
    "given",
    [
        [],
        None,
        "text",
        {"deployment": None},
        {"deployment": {"resources": [{"type": "a"}]}},
        {"deployment": {"resources": ["a"]}},
        {"deployment": {"resources": 1}},
    ],
)
def test_an_export_of_another_shape_is_refused_by_name(given: Any) -> None:
    with pytest.raises(ValueError, match=r"^not an export of a stack: "):
        from_export(given)
