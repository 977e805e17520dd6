"""The workflows for GitHub keep what runs strangers' code apart from what may write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelinfra.cli.main import app

FOLDER = Path(__file__).parents[2] / "examples" / "github"
FILES = sorted(FOLDER.glob("*.yml"))


def workflow(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    return found


def steps(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in content["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_action_is_pinned_by_commit_and_keeps_no_credentials(file: Path) -> None:
    for step in steps(yaml.safe_load(file.read_text())):
        if "uses" in step:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step["uses"])
            if step["uses"].startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_expression_stands_in_a_script(file: Path) -> None:
    """What a stranger named a branch would be run."""
    assert not [step["run"] for step in steps(yaml.safe_load(file.read_text())) if "${{" in step.get("run", "")]


def test_what_runs_a_forks_code_may_write_nothing_and_holds_no_secret() -> None:
    text = (FOLDER / "review-capture.yml").read_text()
    assert workflow("review-capture")["permissions"] == {"contents": "read"}
    assert "permissions" not in workflow("review-capture")["jobs"]["capture"]
    assert not re.search(r"secrets\.|github\.token|GITHUB_TOKEN|pull_request_target", text)


def test_what_comments_checks_out_the_default_branch_only() -> None:
    for name in ("review-comment", "review-inside"):
        job = workflow(name)["jobs"]["comment"]
        (checkout,) = [each for each in job["steps"] if each.get("uses", "").startswith("actions/checkout@")]
        assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
        assert "id-token" not in job["permissions"]


def test_what_reaches_the_cloud_cannot_comment() -> None:
    assert workflow("review-inside")["jobs"]["preview"]["permissions"] == {"contents": "read", "id-token": "write"}


def test_the_commands_and_options_that_they_use_exist() -> None:
    import typer.main

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    used = [
        found.group().split()
        for file in FILES
        for step in steps(yaml.safe_load(file.read_text()))
        for found in re.finditer(r"\bmodelinfra [a-z]+ [^;>\n]*", step.get("run", ""))
    ]
    assert len(used) >= 8
    for _, command, *words in used:
        known = {option for parameter in commands[command].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
