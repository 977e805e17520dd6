"""Every option lands where its declaration says, and nowhere else (on captured graphs; the engine's own word is in tests/engine)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.capture import capture
from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph
from tests.walk.base import Edit, edits, kubernetes_edits, write_model
from tests.walk.compare import landed, unexplained


def program() -> None:
    from modelinfra import Environment

    Environment.from_config()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("walk")
    write_model(directory)
    return directory


def graph_of(environment: dict[str, Any], project: Path) -> Graph:
    here = Path.cwd()
    os.chdir(project)
    try:
        return capture(
            program, stack="walk", config={"aws:region": "us-west-2", "modelinfra:environment": json.dumps(environment)},
            root_directory=str(project),
        )  # fmt: skip
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    "edit",
    [*edits(), *kubernetes_edits()],
    ids=lambda edit: f"{edit.path}{' on Kubernetes' if edit.kubernetes else ''}",
)
def test_an_option_lands_where_it_says_and_nowhere_else(edit: Edit, project: Path) -> None:
    actual = landed(changes(graph_of(edit.before(), project), graph_of(edit.after(), project)))
    extra, missing = unexplained(actual, edit.lands)
    assert not extra, f"{edit.path} also changes {sorted(extra)}"
    assert not missing, f"{edit.path} says it changes {sorted(missing)}, and does not; it changes {sorted(actual)}"


def test_the_walk_visits_every_option_that_lands_somewhere() -> None:
    assert len(edits()) >= 35
    assert len(kubernetes_edits()) >= 25
