"""Every environment that this repository shows or tests passes every judge."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judges.case import Judge
from tests.judges.cloudformation_rows import NOT_LOWERED, ROWS
from tests.judges.conftest import Ask, Cases
from tests.judges.judges import JUDGES
from tests.judges.terraform import Terraform
from tests.judges.terraform_lowering import TOO_OLD, TOO_OLD_WHOLE


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: judge.name)
def test_a_judge_has_nothing_against_any_example(judge: Judge, ask: Ask, record_property: Any) -> None:
    record_property("judge", f"{judge.name}: cannot be asked")
    if judge.missing():
        record_property("judge", f"{judge.name}: SKIPPED, {judge.missing()}")
    answer = ask(judge)
    caught = sum(1 for found in answer.planted.values() if found)
    record_property(
        "judge",
        f"{judge.name}: {len(answer.examples)} environments, {caught} of {len(answer.planted)} planted mistakes caught, "
        f"{answer.seconds:.1f} s",
    )
    assert {name: found for name, found in answer.examples.items() if found} == {}


def test_the_examples_are_the_stacks_the_own_program_and_every_option(cases: Cases) -> None:
    kinds = {name.split("/")[0] for name in cases.examples}
    assert kinds == {"stacks", "examples", "tests", "walk"}
    assert len(cases.examples) >= 40


def test_every_type_of_an_example_is_lowered_to_cloudformation_or_stands_in_the_list_of_those_that_are_not(
    cases: Cases,
) -> None:
    types = {node.type for case in cases.examples.values() for node in case.nodes if node.type.startswith("aws:")}
    assert types <= set(ROWS) | set(NOT_LOWERED)


@pytest.mark.slow_judge
def test_what_the_terraform_provider_is_too_old_for_is_still_used(ask: Ask) -> None:
    terraform = next(judge for judge in JUDGES if isinstance(judge, Terraform))
    ask(terraform)
    assert terraform.left_out == {*TOO_OLD, *TOO_OLD_WHOLE}
