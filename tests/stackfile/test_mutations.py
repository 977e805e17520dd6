"""Whatever is done to a good stack file, it is taken as a whole or refused as a whole, with words that help."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelinfra import Environment
from modelinfra.components.environment_plan import plan_environment
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.stackfile.read import KEY, read_environment
from tests.making import REGION, captured, write_model
from tests.stackfile.mutations import GOOD, mutants

quickly = settings(derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    write_model(root / "stacks" / "models" / "digits")
    return root


def mistakes(check: Callable[[], Any]) -> tuple[Problem, ...]:
    """What `check` refuses; nothing where it is content. Any other exception is a defect, and passes through."""
    try:
        check()
    except InvalidOptionsError as error:
        return error.problems or (Problem("", "", ""),)
    return ()


def vague(problem: Problem) -> bool:
    """Whether a mistake does not say where it is, why it is one, and what to write instead."""
    return not (problem.path and problem.reason and problem.remedy.endswith((".", "?")))


@pytest.mark.parametrize("name", sorted(GOOD))
def test_the_good_files_are_right(name: str, root: Path) -> None:
    assert mistakes(lambda: plan_environment(GOOD[name], "camel", root)) == ()


@settings(quickly, max_examples=400)
@given(environment=mutants())
def test_a_mutated_environment_is_planned_or_refused_with_place_reason_and_remedy(
    environment: dict[str, Any], root: Path
) -> None:
    found = mistakes(lambda: plan_environment(environment, "camel", root))
    assert [problem for problem in found if vague(problem)] == []


@settings(quickly, max_examples=200)
@given(name=st.sampled_from(sorted(GOOD)), cut=st.floats(0, 1), length=st.integers(0, 5), text=st.text(max_size=5))
def test_a_file_with_garbled_text_is_planned_or_refused(
    name: str, cut: float, length: int, text: str, root: Path
) -> None:
    whole = yaml.safe_dump({"config": {KEY: GOOD[name]}})
    place = int(cut * len(whole))
    path = root / "Pulumi.garbled.yaml"
    path.write_bytes((whole[:place] + text + whole[place + length :]).encode("utf-8", "surrogatepass"))
    found = mistakes(lambda: plan_environment(read_environment(path), "camel", root))
    # What cannot be read at all has no path within the file, but a line in its reason.
    assert [problem for problem in found if vague(replace(problem, path=problem.path or "the file"))] == []


@settings(quickly, max_examples=30)
@given(environment=mutants())
def test_a_refused_file_registers_no_resource_at_all(environment: dict[str, Any], root: Path) -> None:
    refused = []

    def program() -> None:
        try:
            Environment.from_config("dev")
        except pulumi.RunError as error:
            refused.append(error)

    config = {"aws:region": REGION, KEY: json.dumps(environment, default=str, skipkeys=True)}
    graph = captured(program, root, config=config, preview=True)
    assert bool(graph.resources) is not bool(refused)
