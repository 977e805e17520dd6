"""The table of changes of the second day, on captured graphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelinfra.review.changes import between
from modelinfra.review.report import report
from tests.review.day2 import ROWS, Row, write_models
from tests.review.sides import REGION, changes_of_row


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("day2")
    write_models(directory)
    return directory


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
