"""The table of changes of the second day, on captured graphs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.capture import capture
from modelinfra.graph.model import Graph
from modelinfra.review.changes import Changes, between
from modelinfra.review.report import report
from tests.review.day2 import ROWS, Row, write_models

REGION = "us-west-2"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("day2")
    write_models(directory)
    return directory


def program() -> None:
    from modelinfra import Environment

    Environment.from_config()


def environment_graph(environment: dict[str, Any], project: Path) -> Graph:
    """The graph of an environment of the stack `proof`."""
    here = Path.cwd()
    os.chdir(project)
    try:
        config = {"aws:region": REGION, "modelinfra:environment": json.dumps(environment)}
        return capture(program, project="proof", stack="proof", config=config, root_directory=str(project))
    finally:
        os.chdir(here)


def changes_of_row(row: Row, project: Path) -> Changes:
    """What changes according to the captured graphs."""
    written = row.program
    if written is not None:
        config = {"aws:region": REGION}
        before, after = (
            capture(lambda side=side: written(side), project="proof", stack="proof", config=config)  # type: ignore[misc]
            for side in (False, True)
        )
    else:
        before, after = (environment_graph(each, project) for each in row.environments())
    return between(before, after)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_first_line_says_what_matters(row: Row, project: Path) -> None:
    found = report(changes_of_row(row, project), region=REGION)
    assert found.verdict.startswith(row.verdict)
    assert tuple(found.counts[each] for each in ("create", "update", "replace", "delete")) == row.operations
    assert "\n" not in found.verdict


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_taking_nothing_back_and_forth_finds_nothing(row: Row, project: Path) -> None:
    changes = changes_of_row(row, project)
    same = report(between(changes.after, changes.after), region=REGION)
    assert (same.verdict, same.findings) == ("no change", ())


def test_there_are_enough_rows_and_each_is_another_one() -> None:
    assert len(ROWS) >= 50
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert sum(row.engine for row in ROWS) >= 10
