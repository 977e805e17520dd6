"""What reviewers see is held: every format of two examples, and of a change to each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelinfra.review.render.json import schema
from tests.review.rendered import GOLDEN, PROJECT, texts

REFRESH = "If the change is meant: .venv/bin/python -m tests.review.rendered, and look at the difference."


@pytest.fixture(scope="module", params=["sandbox", "own-program"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return texts(request.param, tmp_path_factory.mktemp("here"))


def test_every_format_says_what_it_said(written: dict[str, str]) -> None:
    different = [name for name, text in written.items() if (GOLDEN / name).read_text(encoding="utf-8") != text]
    assert not different, f"{different} changed. {REFRESH}"


def test_the_schema_in_the_docs_is_that_of_the_json() -> None:
    assert json.loads((PROJECT / "docs" / "review.schema.json").read_text()) == schema(), REFRESH


def test_another_directory_gives_the_same_bytes(written: dict[str, str], tmp_path: Path) -> None:
    name = next(iter(written)).rpartition(".")[0]
    assert texts(name, tmp_path) == written


def test_nothing_of_this_machine_is_said(written: dict[str, str]) -> None:
    assert not [name for name, text in written.items() if "/tmp" in text or "/home" in text]


def test_every_page_is_within_the_limits_of_where_it_is_shown(written: dict[str, str]) -> None:
    for name, text in written.items():
        if name.endswith(".md"):
            assert len(text) <= 60_000
        if name.endswith(".mmd"):
            assert len(text) < 50_000
