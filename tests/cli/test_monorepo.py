"""The commands where the Pulumi project is a folder of a larger repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from modelinfra.cli.main import app
from tests.review.projects import commit, git

PROGRAM = """
from pathlib import Path

import pulumi_aws as aws

aws.ec2.SecurityGroup("web", description=Path("{file}").read_text())
"""


@pytest.fixture
def infra(tmp_path: Path) -> Path:
    """The project, in a repository that also holds an application."""
    root = tmp_path / "mono"
    project = root / "infra"
    write(root, **{"app/main.py": "", "app/version": "1", ".gitignore": "models/\n"})
    write(project, **{"Pulumi.yaml": settings("stacks"), "__main__.py": PROGRAM.format(file="../app/version")})
    write(project, **dict.fromkeys(("stacks/Pulumi.dev.yaml", "stacks/Pulumi.eu.1.yaml"), "config: {}\n"))
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root)
    return project


def settings(stacks: str) -> str:
    return f"name: shop\nruntime: python\nstackConfigDir: {stacks}\n"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def run(command: str, *arguments: Any) -> Result:
    return CliRunner().invoke(app, [command, *map(str, arguments)])


def updated(project: Path) -> list[str]:
    """What a review says is updated."""
    result = run("diff", "dev", "-C", project, "--base", "main", "--format", "json")
    assert result.exit_code == 0, result.output
    return [each["name"] for each in json.loads(result.stdout)["resources"] if each["mark"] == "update"]


def refused(command: str, *arguments: Any) -> str:
    result = run(command, *arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_file_beside_the_project_that_the_program_reads_is_the_revisions_own(infra: Path) -> None:
    write(infra.parent, **{"app/version": "1", "app/main.py": "touched"})
    assert updated(infra) == []
    program = PROGRAM.format(file="../app/version").replace("description", "tags={'a': 'b'}, description")
    write(infra, **{"__main__.py": program})
    assert updated(infra) == ["web"]


def test_what_git_ignores_beside_the_project_is_the_same_on_both_sides(infra: Path) -> None:
    write(infra.parent, **{"models/name": "digits"})
    write(infra, **{"__main__.py": PROGRAM.format(file="../models/name")})
    commit(infra.parent)
    assert updated(infra) == []


def test_within_a_hook_of_git_the_repository_is_the_projects(infra: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git tells hooks where it works, by variables that would mislead every other call of git."""
    for folder in (".git", str(infra.parent / ".git")):
        monkeypatch.setenv("GIT_DIR", folder)
        monkeypatch.setenv("GIT_INDEX_FILE", f"{folder}/index")
        write(infra, **{"stacks/Pulumi.dev.yaml": "config: {a:b: c}\n"})
        assert json.loads(run("stacks", "-C", infra, "--base", "main", "--json").stdout) == ["dev"]


def test_stack_files_beside_the_project_are_found(infra: Path) -> None:
    (infra / "stacks").rename(infra.parent / "config")
    write(infra, **{"Pulumi.yaml": settings("../config")})
    commit(infra.parent)
    write(infra.parent, **{"config/Pulumi.dev.yaml": "config: {a:b: c}\n"})
    assert json.loads(run("stacks", "-C", infra, "--base", "main", "--json").stdout) == ["dev"]
    assert updated(infra) == []


def test_of_stack_files_outside_of_the_repository_no_revision_is_known(infra: Path, tmp_path: Path) -> None:
    (infra / "stacks").rename(tmp_path / "elsewhere")
    write(infra, **{"Pulumi.yaml": settings("../../elsewhere")})
    commit(infra.parent)
    # Whether they were touched nobody can say.
    assert json.loads(run("stacks", "-C", infra, "--base", "main", "--json").stdout) == ["dev", "eu.1"]
    assert "lies outside of the repository" in refused("diff", "dev", "-C", infra, "--base", "main")


def test_a_stack_file_that_points_out_of_the_repository_is_read(infra: Path, tmp_path: Path) -> None:
    file = infra / "stacks" / "Pulumi.dev.yaml"
    file.rename(tmp_path / "dev.yaml")
    file.symlink_to(tmp_path / "dev.yaml")
    commit(infra.parent)
    assert updated(infra) == []


def test_stacks_whose_names_hold_dots_are_named_in_full(infra: Path) -> None:
    for command in ("check", "preview"):
        assert "Stacks here: dev, eu.1." in refused(command, "nope", "-C", infra)


def test_a_stack_can_be_named_with_its_organization_as_pulumi_does(infra: Path) -> None:
    assert run("diff", "acme/shop/dev", "-C", infra, "--base", "main").stdout.startswith("no change")
    assert run("check", "acme/dev", "-C", infra).exit_code == 0
