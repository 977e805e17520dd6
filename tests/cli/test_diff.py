"""`modelinfra diff`: which sides it compares, how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from modelinfra.cli.main import app
from tests.review.projects import PROGRAM, repository
from tests.review.test_engine_files import GROUP, preview, step


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = repository(tmp_path / "shop")
    (root / "__main__.py").write_text(PROGRAM.format(description="second"))
    return root


def diff(*arguments: Any) -> Result:
    return CliRunner().invoke(app, ["diff", *map(str, arguments)])


def refused(*arguments: Any) -> str:
    result = diff(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def test_wrong_input_is_one_line_and_exit_status_2(shop: Path, tmp_path: Path) -> None:
    assert "--base REVISION, or --preview FILE" in refused("dev", "-C", shop)
    assert "--base REVISION, or --preview FILE" in refused("dev", "-C", shop, "--base", "main", "--preview", "x.json")
    assert "Name the stack" in refused("-C", shop, "--base", "main")
    assert "Stacks here: dev." in refused("prod", "-C", shop, "--base", "main")
    assert "there is no revision 'nope'" in refused("dev", "-C", shop, "--base", "nope")
    assert "--stack-export belongs to --preview" in refused("dev", "-C", shop, "--base", "main", "--stack-export", "x")
    assert "There is no Pulumi.yaml" in refused("dev", "-C", tmp_path, "--base", "main")
    assert "cannot be read" in refused("--preview", tmp_path / "none.json")


def test_a_project_outside_git_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("{}\n")
    assert "is not in a git repository" in refused("dev", "-C", tmp_path, "--base", "main")


def test_a_preview_of_another_project_or_stack_is_refused(shop: Path, tmp_path: Path) -> None:
    other = step("update", GROUP.replace("::shop::", "::store::"), {"description": "a"}, {"description": "b"})
    assert "a preview of the project store, and" in refused("--preview", preview(tmp_path, other), "-C", shop)
    own = step("update", GROUP, {"description": "a"}, {"description": "b"})
    assert "of the stack dev, not of prod" in refused("prod", "--preview", preview(tmp_path, own), "-C", shop)


class TestReported:
    """With the report and the formats."""

    def test_the_verdict_comes_first_and_the_same_input_gives_the_same_bytes(self, shop: Path) -> None:
        first, second = (diff("dev", "-C", shop, "--base", "main") for _ in range(2))
        assert first.exit_code == 0, first.output
        assert first.stdout.startswith("replaces the security group web")
        assert first.stdout_bytes == second.stdout_bytes

    def test_every_format_can_be_written_to_a_file(self, shop: Path, tmp_path: Path) -> None:
        for format_ in ("tree", "markdown", "json", "html", "mermaid"):
            file = tmp_path / format_
            result = diff("dev", "-C", shop, "--base", "main", "--format", format_, "--output", file)
            assert (result.exit_code, result.stdout) == (0, "")
            assert file.read_text().endswith("\n")
        assert json.loads((tmp_path / "json").read_text())["stack"] == "dev"

    def test_a_finding_as_bad_as_the_limit_is_exit_status_1(self, shop: Path) -> None:
        assert diff("dev", "-C", shop, "--base", "main", "--fail-on", "medium").exit_code == 1
        assert diff("dev", "-C", shop, "--base", "main", "--fail-on", "high").exit_code == 0

    def test_the_engines_preview_is_explained_without_a_project(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        replaced = step("replace", GROUP, {"description": "a"}, {"description": "b"}, replaceReasons=["description"])
        result = diff("--preview", preview(tmp_path, replaced))
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith("replaces the security group web")

    def test_what_a_reader_must_know_of_the_base_is_a_note(self, shop: Path) -> None:
        (shop / "Pulumi.prod.yaml").write_text("{}\n")
        result = diff("prod", "-C", shop, "--base", "main")
        assert "There is no stack prod at main: everything is new." in result.stdout
