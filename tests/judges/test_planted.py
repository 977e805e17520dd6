"""A planted mistake is caught by the judges that the table names; none passes all of them."""

from __future__ import annotations

import pytest

from tests.judges.conftest import Ask, Cases, asked
from tests.judges.judges import JUDGES
from tests.judges.planted import PLANTED, Row


@pytest.mark.parametrize("row", PLANTED, ids=lambda row: row.mistake.name)
def test_a_planted_mistake_is_caught_by_the_judges_of_its_row(row: Row, ask: Ask, pytestconfig: pytest.Config) -> None:
    judges = [judge for judge in JUDGES if judge.name in row.caught_by and asked(pytestconfig, judge)]
    there = [judge for judge in judges if judge.missing() is None]
    if not there:
        pytest.skip(f"none of {', '.join(row.caught_by)} can be asked here")
    silent = [judge.name for judge in there if not ask(judge).planted[row.mistake.name]]
    assert silent == []


def test_every_row_changes_something(cases: Cases) -> None:
    lost = {"own table", "reachability"}
    for row in PLANTED:
        # A resource that is taken away is seen only by those that look at the whole graph.
        assert cases.planted[row.mistake.name].nodes or set(row.caught_by) <= lost


def test_every_row_names_judges_that_there_are() -> None:
    names = {judge.name for judge in JUDGES}
    assert len(PLANTED) >= 40
    for row in PLANTED:
        assert row.caught_by
        assert set(row.caught_by) <= names
