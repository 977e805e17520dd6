"""A value that Pulumi keeps secret is in no format, wherever it stands."""

from __future__ import annotations

import copy
import json
from itertools import count
from pathlib import Path
from typing import Any

import pulumi
import pytest

from modelinfra import EcsCluster, ModelEndpoint, ServingNetwork
from modelinfra.graph.model import Graph
from modelinfra.graph.values import Secret, Unknown
from modelinfra.review.changes import between
from modelinfra.review.finding import Finding
from modelinfra.review.render import FORMATS, render, render_graph
from modelinfra.review.render.words import said
from tests.making import captured, write_model
from tests.review.rendered import Report, example, graph_of, node

PLANTED = "planted"


def planted(graph: Graph, *, whole: bool) -> Graph:
    """The graph with a secret of its own in place of every leaf of every input, or of every input as a whole."""
    numbers = count()

    def leaf(value: Any) -> Any:
        if isinstance(value, dict) and not whole:
            return {key: leaf(item) for key, item in value.items()}
        if isinstance(value, list) and not whole:
            return [leaf(item) for item in value]
        return Secret({"inner": f"{PLANTED}-{next(numbers)}"} if whole else f"{PLANTED}-{next(numbers)}")

    changed = copy.deepcopy(graph)
    for each in changed:
        each.inputs = {key: leaf(value) for key, value in each.inputs.items()}
        each.outputs = {key: leaf(value) for key, value in each.outputs.items()}
    changed.outputs = {key: leaf(value) for key, value in changed.outputs.items()}
    return changed


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return example("own-program", tmp_path_factory.mktemp("here"))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("whole", [False, True])
def test_no_input_that_is_secret_is_shown(graph: Graph, name: str, whole: bool) -> None:
    secret = planted(graph, whole=whole)
    assert PLANTED not in render_graph(secret, None, name)
    for before, after in ((graph, secret), (secret, graph), (secret, planted(graph, whole=not whole))):
        text = render(Report(between(before, after)), name)
        assert PLANTED not in text
        assert name == "mermaid" or "[secret]" in text


@pytest.mark.parametrize("name", FORMATS)
def test_what_options_keep_secret_is_shown_by_no_format(tmp_path: Path, name: str) -> None:
    write_model(tmp_path / "model")

    def program(text: str) -> None:
        def secret(part: str) -> Any:
            return pulumi.Output.secret(f"{PLANTED}-{part}-{text}")

        network = ServingNetwork("network", zones=2)
        ModelEndpoint(
            "digits",
            platform=EcsCluster("web", network=network),
            server="mlserver",
            model="model",
            environment={"TOKEN": secret("token")},
            tags={"owner": secret("owner")},
        )
        pulumi.export("password", secret("password"))

    before, after = (captured(lambda text=text: program(text), tmp_path) for text in ("one", "two"))
    assert PLANTED in json.dumps(after.to_json(show_secrets=True))
    assert PLANTED not in render_graph(after, None, name)
    assert PLANTED not in render(Report(between(before, after)), name)


@pytest.mark.parametrize("name", FORMATS)
def test_a_message_that_repeats_a_secret_is_redacted(name: str) -> None:
    queue = node("queue", token="aws:sqs/queue:Queue", policy=Secret("planted-secret"), plain="see planted-secret")
    before, after = graph_of(node("queue", plain="")), graph_of(queue)
    after.logs.append({"severity": "warning", "message": "could not use planted-secret", "urn": ""})
    finding = Finding("secrets", "high", queue.urn, "planted-secret is plain", "planted-secret", "move planted-secret")
    report = Report(between(before, after), "tells planted-secret", [finding], notes=["planted-secret"])
    assert PLANTED not in render(report, name)


def test_a_secret_under_a_key_with_dots_is_found(tmp_path: Path) -> None:
    before = graph_of(node("queue", tags={"a.b[0]": Secret("one"), "c": "plain"}))
    after = graph_of(node("queue", tags={"a.b[0]": Secret("two"), "c": "other"}))
    text = render(Report(between(before, after)), "tree")
    assert "tags.a.b[0]: [secret] → [secret]" in text
    assert "tags.c: plain → other" in text


def test_a_property_that_was_secret_on_one_side_is_shown_on_none() -> None:
    text = render(Report(between(graph_of(node("q", a=Secret("1234"))), graph_of(node("q", a="1235")))), "tree")
    assert "a: [secret] → [secret]" in text


def test_values_are_said_in_one_line() -> None:
    assert said(Secret("x")) == "[secret]"
    assert said(Unknown) == "known after apply"
    assert said(None) == ""
    assert said({"b": [Unknown, Secret(1)], "a": True}) == '{"a": true, "b": ["known after apply", "[secret]"]}'
    assert said("a\nb\x1b[31m") == "a b [31m"
    assert said("x" * 3_000).endswith("… (3,000 characters)")
