"""The last line of a run counts the judges, and says of each that was not asked why."""

from __future__ import annotations

from tests.conftest import JUDGES, last_line
from tests.judges import judges
from tests.judges.test_applied import NAME


def test_the_last_line_counts_every_judge_that_there_is() -> None:
    assert {*JUDGES} == {judge.name for judge in judges.JUDGES} | {NAME}


def test_all_that_were_asked_are_run() -> None:
    said = {name: f"{name}: 89 environments" for name in JUDGES}
    assert last_line(said, everything=True) == f"judges: {len(JUDGES)} run ({', '.join(JUDGES)}), 0 skipped"


def test_what_was_skipped_is_told_with_its_reason() -> None:
    said = {name: f"{name}: 89 environments" for name in JUDGES}
    for name in ("terraform provider", "checkov"):
        said[name] = f"{name}: SKIPPED, there is no `terraform`"
    line = last_line(said, everything=True)
    assert line.endswith(", 2 skipped (terraform provider, checkov: there is no `terraform`)")


def test_a_quick_run_names_who_asks_the_others() -> None:
    line = last_line({"own table": "own table: 89 environments"}, everything=False)
    assert line.startswith("judges: 1 run (own table), 6 skipped (reachability, ")
    assert line.endswith(": `make judge` asks)")
