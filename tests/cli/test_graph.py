"""`modelinfra graph`: an environment drawn in every format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modelinfra.cli.main import app
from tests.cli.test_cost_lines import written


def drawn(project: Path, *more: str) -> str:
    result = CliRunner().invoke(app, ["graph", "dev", "-C", str(project), *more])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("format_", "begins"),
    [("mermaid", "flowchart"), ("tree", "dev ("), ("markdown", "<!-- modelinfra:dev -->"), ("html", "<!doctype html>")],
)
def test_every_format_draws_the_environment(tmp_path: Path, format_: str, begins: str) -> None:
    text = drawn(written(tmp_path, "us-west-2"), "--format", format_)
    assert text.lower().startswith(begins.lower())
    assert "dev-digits" in text


def test_a_flowchart_is_drawn_unless_something_else_is_asked_for(tmp_path: Path) -> None:
    assert drawn(written(tmp_path, "us-west-2")).startswith("flowchart")


def test_it_goes_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "environment.json"
    assert drawn(written(tmp_path, "us-west-2"), "--format", "json", "-o", str(file)) == ""
    assert json.loads(file.read_text())["stack"] == "dev"


def test_a_preview_says_what_can_be_reached_and_what_each_component_costs(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["preview", "dev", "-C", str(written(tmp_path, "us-west-2"))])
    lines = result.stdout.splitlines()
    assert any(line.startswith("reachable from inside the network") for line in lines)
    assert "dev-network costs $37 a month" in lines
