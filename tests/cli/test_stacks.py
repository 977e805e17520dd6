"""`modelinfra stacks`: which stacks a change can concern; when in doubt, all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from modelinfra.cli.main import app
from tests.review.projects import commit, git, repository

ALL = ["dev", "eu.1", "prod"]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = repository(tmp_path / "shop")
    write(root, "Pulumi.prod.yaml", "Pulumi.eu.1.yaml", "docs/page.md", "tests/test_it.py", "requirements.lock")
    write(root, ".gitignore", text="ignored/\n")
    commit(root)
    git(root, "tag", "base")
    return root


def write(root: Path, *files: str, text: str = "config: {}\n") -> None:
    for each in files:
        (root / each).parent.mkdir(parents=True, exist_ok=True)
        (root / each).write_text(text)


def stacks(*arguments: Any) -> Result:
    return CliRunner().invoke(app, ["stacks", *map(str, arguments)])


def touched(root: Path) -> Any:
    result = stacks("-C", root, "--base", "base", "--json")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)


def test_all_stacks_that_have_a_file_are_listed(shop: Path) -> None:
    assert stacks("-C", shop).stdout.split() == ALL
    assert json.loads(stacks("-C", shop, "--json").stdout) == ALL


def test_nothing_touched_concerns_none(shop: Path) -> None:
    assert touched(shop) == []


@pytest.mark.parametrize("committed", [True, False])
def test_a_stack_file_concerns_its_stack(shop: Path, committed: bool) -> None:
    write(shop, "Pulumi.prod.yaml", "Pulumi.eu.1.yaml", "Pulumi.fresh.yaml", text="config: {a:b: c}\n")
    if committed:
        commit(shop)
    assert touched(shop) == ["eu.1", "fresh", "prod"]


@pytest.mark.parametrize(
    "file",
    [
        "__main__.py",
        "requirements.lock",
        "Pulumi.yaml",
        "models/digits/model.joblib",
        "README.md",
        ".github/workflows/review.yml",
        "library/docs/page.md",
        "documents/page.md",
        "elsewhere/Pulumi.prod.yaml",
        "Pulumi.prod.yml",
        "Pulumi.prod.yaml.bak",
        "docs",
        "ünï\ncode.py",
    ],
)
def test_anything_else_concerns_all(shop: Path, file: str) -> None:
    if file == "docs":
        (shop / "docs" / "page.md").unlink()
        (shop / "docs").rmdir()
    write(shop, file, text="name: shop\nruntime: python\n# touched\n")
    assert touched(shop) == ALL


def test_docs_and_tests_concern_none(shop: Path) -> None:
    write(shop, "docs/page.md", "docs/new/page.md", "tests/test_it.py", text="touched")
    write(shop, "ignored/file", text="what git ignores is not seen")
    assert touched(shop) == []
    write(shop, "Pulumi.dev.yaml", text="touched")
    assert touched(shop) == ["dev"]


def test_a_folder_that_the_projects_files_name_is_not_quiet(shop: Path) -> None:
    write(shop, "Pulumi.dev.yaml", text="config: {shop:model: tests/models/digits}\n")
    commit(shop)
    git(shop, "tag", "--force", "base")
    write(shop, "docs/page.md", text="touched")
    assert touched(shop) == []
    write(shop, "tests/models/digits/model.joblib", text="touched")
    assert touched(shop) == ALL


def test_what_is_moved_or_deleted_is_touched(shop: Path) -> None:
    (shop / "requirements.lock").rename(shop / "docs" / "requirements.lock")
    commit(shop)
    assert touched(shop) == ALL


def test_the_file_of_a_stack_that_is_gone_concerns_nobody(shop: Path) -> None:
    (shop / "Pulumi.prod.yaml").unlink()
    assert touched(shop) == []


def test_stack_files_that_are_links_are_not_told_apart(shop: Path) -> None:
    (shop / "Pulumi.prod.yaml").unlink()
    (shop / "Pulumi.prod.yaml").symlink_to("Pulumi.dev.yaml")
    commit(shop)
    git(shop, "tag", "--force", "base")
    write(shop, "Pulumi.dev.yaml", text="touched: {}\n")
    assert touched(shop) == ALL


def test_a_project_in_a_folder_with_its_stack_files_in_another(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop")
    project = root / "tests" / "infra"
    write(project, "Pulumi.yaml", text="name: shop\nruntime: python\nstackConfigDir: stacks\n")
    write(project, "stacks/Pulumi.dev.yaml", "stacks/Pulumi.prod.yaml", "docs/page.md")
    commit(root)
    git(root, "tag", "base")
    write(project, "stacks/Pulumi.prod.yaml", "docs/page.md", text="touched: {}\n")
    write(root, "docs/page.md", text="touched")
    assert touched(project) == ["prod"]
    # The project lies in a folder `tests`, which is not quiet therefore.
    write(root, "tests/other.py", text="touched")
    assert touched(project) == ["dev", "prod"]


def test_wrong_input_is_one_line_and_exit_status_2(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    for arguments, said in (
        (("-C", shop, "--base", "nope"), "there is no revision 'nope'"),
        (("-C", shop, "--base", "--output=x"), "there is no revision '--output=x'"),
        (("-C", tmp_path, "--base", "main"), "is not in a git repository"),
        (("-C", tmp_path / "nowhere",), "There is no Pulumi.yaml"),
    ):  # fmt: skip
        result = stacks(*arguments)
        assert result.exit_code == 2, result.output
        assert said in result.stderr
        assert result.stdout == ""


@pytest.mark.parametrize("name", ["-rf", "..", ".x"])
def test_a_name_that_would_be_an_option_or_a_folder_is_refused(shop: Path, name: str) -> None:
    (shop / f"Pulumi.{name}.yaml").write_text("{}\n")
    assert stacks("-C", shop, "--json").exit_code == 2


def test_a_file_name_that_is_no_stacks_is_refused(shop: Path) -> None:
    (shop / "Pulumi.$(touch x)\n::error::.yaml").write_text("{}\n")
    result = stacks("-C", shop, "--json")
    assert result.exit_code == 2
    assert "is not made of letters" in result.stderr
    assert result.stderr.count("\n") == 1
    (tmp_yaml := shop / "Pulumi.yaml").write_text("{")
    assert stacks("-C", shop).stderr.startswith(f"{tmp_yaml} is not YAML")
