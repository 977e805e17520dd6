"""The workflows for GitHub keep what runs strangers' code apart from what may write."""

from __future__ import annotations

import os
import re
import subprocess
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


MATRICES = [("review-capture", "capture", "captured"), ("review-inside", "preview", "previewed")]


@pytest.mark.parametrize(("name", "reviewing", "closing"), MATRICES)
def test_one_job_lists_the_stacks_and_one_that_is_never_left_out_says_how_it_ended(
    name: str, reviewing: str, closing: str
) -> None:
    jobs = workflow(name)["jobs"]
    assert jobs[reviewing]["strategy"]["matrix"] == {"stack": "${{ fromJSON(needs.stacks.outputs.stacks) }}"}
    # GitHub refuses a matrix without a value.
    assert jobs[reviewing]["if"] == "needs.stacks.outputs.stacks != '[]'"
    assert jobs[closing]["needs"] == ["stacks", reviewing]
    # A job that is skipped because another one failed counts as passed where it is required.
    assert jobs[closing]["if"] == "${{ always() && " + jobs["stacks"]["if"] + " }}"
    assert "uses" not in str(jobs[closing]["steps"])


def script(name: str, job: str, step: str) -> str:
    (found,) = [
        each["run"] for each in workflow(name)["jobs"][job]["steps"] if step in (each.get("id"), each.get("name"))
    ]
    return str(found)


def run(text: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """As a runner does. `modelinfra` prints what it was given, a word a line."""
    said = folder / "bin" / "modelinfra"
    said.parent.mkdir(exist_ok=True)
    said.write_text('#!/bin/sh\n[ -z "${SAYS+x}" ] || { printf %s "$SAYS"; exit; }\nprintf "%s\\n" "$@"\n')
    said.chmod(0o755)
    given = {"PATH": f"{said.parent}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(folder / "output"), **variables}
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
    return subprocess.run(shell, cwd=folder, env=given, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["review-capture", "review-inside"])
@pytest.mark.parametrize("stacks", ["[]", '["dev"]', '["dev", "eu.1", "_x-2"]'])
def test_what_names_stacks_becomes_the_matrix(name: str, stacks: str, tmp_path: Path) -> None:
    done = run(script(name, "stacks", "list"), tmp_path, BASE="abc", SAYS=f"{stacks}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "output").read_text() == f"stacks={stacks}\n"


@pytest.mark.parametrize("name", ["review-capture", "review-inside"])
@pytest.mark.parametrize(
    "stacks",
    [
        "", "[", "{}", '["a b"]', '["$(touch x)"]', '["../x"]', '["-x"]', '["."]', '[""]', '["a",]', '["a"]\nother=1', "[]\nstacks=[1]",
        '[["a"]]', "[1]", '["%s"]' % ("a" * 101), '["a\\n"]', '["ä"]',
    ],
)  # fmt: skip
def test_what_is_no_list_of_names_becomes_nothing(name: str, stacks: str, tmp_path: Path) -> None:
    done = run(script(name, "stacks", "list"), tmp_path, BASE="abc", SAYS=stacks)
    assert done.returncode == 1
    assert not (tmp_path / "output").exists()
    # What a stranger wrote stays one line, and is no command of the runner.
    assert done.stdout.startswith("These are no names of stacks: ")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(("name", "_", "closing"), MATRICES)
@pytest.mark.parametrize(
    ("listed", "reviewed", "stacks", "passes"),
    [
        ("success", "success", '["dev"]', True),
        ("success", "skipped", "[]", True),
        ("success", "skipped", '["dev"]', False),
        ("success", "failure", '["dev"]', False),
        ("success", "cancelled", '["dev"]', False),
        ("failure", "skipped", "", False),
        ("cancelled", "skipped", "[]", False),
    ],
)
def test_the_required_check_is_green_without_a_stack_and_red_without_a_review(
    name: str, _: str, closing: str, listed: str, reviewed: str, stacks: str, passes: bool, tmp_path: Path
) -> None:
    text = script(name, closing, "Every stack that the change can concern was reviewed, and passes")
    done = run(text, tmp_path, LISTED=listed, REVIEWED=reviewed, STACKS=stacks)
    assert (done.returncode == 0) is passes


def reviews(folder: Path, **files: str) -> Path:
    for stack, file in files.items():
        (folder / "reviews" / f"modelinfra-review-{stack}").mkdir(parents=True)
        (folder / "reviews" / f"modelinfra-review-{stack}" / file).write_text("{}")
    return folder / "reviews"


def test_inside_every_stack_that_was_listed_is_commented_also_without_a_trace(tmp_path: Path) -> None:
    folder = reviews(tmp_path, dev="review.json", prod="failed.log", other="review.json")
    text = script("review-inside", "comment", "Validate and comment")
    given = {"PULL_REQUEST": "7", "HEAD_SHA": "abc", "STACKS": '["dev", "prod", "eu.1"]', "REVIEWS": str(folder)}
    said = run(text, tmp_path, **given).stdout.replace(f"{folder}/modelinfra-review-", "").split("\n")
    assert said[:7] == [
        "comment", "--from-json", "dev/review.json", "--failed", "prod=prod/failed.log", "--failed", "eu.1=eu.1/failed.log",
    ]  # fmt: skip
    assert (folder / "modelinfra-review-eu.1" / "failed.log").read_text().strip()


@pytest.mark.parametrize(("conclusion", "code"), [("success", 0), ("failure", 1)])
def test_without_an_artifact_a_fork_is_not_commented(conclusion: str, code: int, tmp_path: Path) -> None:
    text = script("review-comment", "comment", "Validate and comment")
    done = run(text, tmp_path, HEAD="m:x", HEAD_SHA="abc", CONCLUSION=conclusion, REVIEWS=str(tmp_path / "reviews"))
    assert done.returncode == code, done.stderr
    assert done.stderr == ""
    assert "comment" not in done.stdout.split()


def test_what_a_fork_uploaded_is_words_and_nothing_else(tmp_path: Path) -> None:
    folder = reviews(tmp_path, **{"dev": "review.json", "$(touch x)": "failed.log", "a b": "failed.log"})
    text = script("review-comment", "comment", "Validate and comment")
    done = run(text, tmp_path, HEAD="m:$(touch y)", HEAD_SHA="abc", CONCLUSION="success", REVIEWS=str(folder))
    assert done.returncode == 0, done.stderr
    assert "m:$(touch y)" in done.stdout.split("\n")
    assert {each.name for each in tmp_path.iterdir()} == {"bin", "reviews"}


def test_a_workflow_that_was_skipped_or_cancelled_is_not_commented() -> None:
    condition = workflow("review-comment")["jobs"]["comment"]["if"]
    assert '!contains(fromJSON(\'["skipped", "cancelled"]\'), github.event.workflow_run.conclusion)' in condition


def test_only_what_comments_may_write() -> None:
    for file in FILES:
        content = yaml.safe_load(file.read_text())
        for job, each in content["jobs"].items():
            may = each.get("permissions", content["permissions"])
            assert job == "comment" or {key for key, value in may.items() if value == "write"} <= {"id-token"}


def test_what_reaches_the_cloud_cannot_comment() -> None:
    assert workflow("review-inside")["jobs"]["preview"]["permissions"] == {"contents": "read", "id-token": "write"}


def test_the_commands_and_options_that_they_use_exist() -> None:
    import typer.main

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    used = [
        found.group().split()
        for file in FILES
        for step in steps(yaml.safe_load(file.read_text()))
        for found in re.finditer(r"\bmodelinfra [a-z]+ [^;>)\n]*", step.get("run", ""))
    ]
    assert len(used) >= 8
    for _, command, *words in used:
        known = {option for parameter in commands[command].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
