"""Stack files with the whole of Kubernetes in the real engine: made, left alone, and taken away in the reverse order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.capture import capture
from modelinfra.graph.model import Graph
from modelinfra.testing.sandbox import Sandbox
from tests.engine.conftest import sandbox_of
from tests.kubernetes.stacks import STACKS, camel, label, needed

pytestmark = pytest.mark.engine


def planned(environment: dict[str, Any]) -> Graph:
    def program() -> None:
        from modelinfra import Environment

        Environment("proof", environment)  # type: ignore[call-overload]

    return capture(program, config={"aws:region": "us-west-2"})


@pytest.mark.parametrize(
    "stack", [pytest.param(each, marks=[] if each == "any kubeconfig" else pytest.mark.slow_judge) for each in STACKS]
)
def test_what_a_resource_waits_for_is_there_before_it_and_goes_after_it(
    stack: str, project: Path, tmp_path: Path
) -> None:
    packages = ("aws", "docker-build", "kubernetes")
    with sandbox_of(project, tmp_path / "home", camel(STACKS[stack]), packages=packages) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        sandbox.destroy(check=True)
        made, gone = done(sandbox, "create"), done(sandbox, "delete")
        assert set(made) == set(gone)
        graph = planned(STACKS[stack])
        pairs = 0
        for node in graph:
            here = label(node.type, node.name)
            for each in needed(graph, node.urn):
                there = label(graph[each].type, graph[each].name)
                if here in made and there in made and here != there:
                    pairs += 1
                    assert made.index(there) < made.index(here), f"{here} waits for {there}"
                    assert gone.index(here) < gone.index(there), f"{there} stays until {here} is gone"
        assert pairs >= 20
        assert sandbox.cloud.things == []


def done(sandbox: Sandbox, op: str) -> list[str]:
    """In the order in which the cloud was asked to make or to delete them."""
    return [label(call.type, call.name) for call in sandbox.cloud.calls if call.op == op]
