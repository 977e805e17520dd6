"""Every option lands where its declaration says, and nowhere else, and the stand-in cloud does what docs/reference.md says of it (on captured
graphs; the engine's own word is in tests/engine)."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.capture import capture
from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph
from tests.walk.base import Edit, edits, kubernetes_edits, write_model
from tests.walk.compare import landed, unexplained
from tests.walk.happened import happened
from tools.effects import Effect, effects


def program() -> None:
    from modelinfra import Environment

    Environment.from_config()


# Where judges look at the same graphs (tests/judges).
pytestmark = pytest.mark.xdist_group("judges")


@functools.cache
def walked() -> Path:
    """The project that all edits are made to, until this process ends."""
    directory = Path(tempfile.mkdtemp(prefix="walk-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
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


def captured(environment: dict[str, Any]) -> Graph:
    """Once, and for nobody to change: most edits start from the same environment, and judges look at what they make."""
    return _captured(json.dumps(environment))


@functools.cache
def _captured(environment: str) -> Graph:
    return graph_of(json.loads(environment), walked())


@pytest.mark.parametrize(
    "edit",
    [*edits(), *kubernetes_edits()],
    ids=lambda edit: f"{edit.path}{' on Kubernetes' if edit.kubernetes else ''}",
)
def test_an_option_lands_where_it_says_and_nowhere_else_and_does_what_the_reference_says(
    edit: Edit,
) -> None:
    before, after = captured(edit.before()), captured(edit.after())
    actual = landed(changes(before, after))
    extra, missing = unexplained(actual, edit.lands)
    assert not extra, f"{edit.path} also changes {sorted(extra)}"
    assert not missing, f"{edit.path} says it changes {sorted(missing)}, and does not; it changes {sorted(actual)}"
    if not edit.kubernetes:
        does_what_is_said(edit, happened(before, after))


def does_what_is_said(edit: Edit, actual: set[Effect]) -> None:
    said = effects(edit.lands)
    of_all = [each for each in said if each.token.endswith("*")]

    def others_of(found: Iterable[Effect]) -> set[Effect]:
        return {each for each in found if not any(fnmatch(each.token, all_.token) for all_ in of_all)}

    others = others_of(actual)
    assert others == others_of(each for each in said if each not in of_all)
    assert {each.kind for each in actual - others} == {each.kind for each in of_all}


def test_the_walk_visits_every_option_that_lands_somewhere() -> None:
    assert len(edits()) >= 35
    assert len(kubernetes_edits()) >= 25
