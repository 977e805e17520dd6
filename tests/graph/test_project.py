"""Capturing a project from its folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from modelinfra.graph.project import ProjectError, capture_project, load_project
from modelinfra.graph.stack_folder import stack_folder

PROGRAM = """
import pulumi
from helper import NAME
config = pulumi.Config()
pulumi.export("name", NAME)
pulumi.export("size", config.require_int("size"))
pulumi.export("deep", config.require_object("deep"))
pulumi.export("file", __file__)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\nmain: program/\nstackConfigDir: stacks\n")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/Pulumi.dev.yaml").write_text(
        "config:\n  shop:size: 3\n  shop:deep: {a: [1]}\n  shop:key: {secure: v1:abc}\n"
    )
    (tmp_path / "program").mkdir()
    (tmp_path / "program/__main__.py").write_text(PROGRAM)
    (tmp_path / "program/helper.py").write_text("NAME = 'here'\n")
    return tmp_path


def test_the_program_runs_with_its_stacks_configuration(project: Path) -> None:
    graph = capture_project(project, "dev")
    assert graph.outputs["name"] == "here"
    assert graph.outputs["size"] == 3
    assert graph.outputs["deep"] == {"a": [1]}


def test_configuration_can_be_overridden(project: Path) -> None:
    assert capture_project(project, "dev", config={"size": 9}).outputs["size"] == 9


def test_nothing_of_the_project_stays_behind(project: Path) -> None:
    before = (Path.cwd(), list(sys.path))
    capture_project(project, "dev")
    assert (Path.cwd(), list(sys.path)) == before
    assert "helper" not in sys.modules


def test_encrypted_values_are_secret_keys_with_a_placeholder(project: Path) -> None:
    loaded = load_project(project, "dev")
    assert loaded.secret_keys == ["shop:key"]
    assert loaded.config["shop:key"] == "[secret shop:key]"


def test_a_missing_stack_or_project_is_named(project: Path, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"no stack 'prod': .*Pulumi.prod.yaml does not exist"):
        capture_project(project, "prod")
    with pytest.raises(ProjectError, match="no Pulumi project"):
        capture_project(tmp_path / "nowhere", "dev")


def test_a_program_in_another_language_is_refused(project: Path) -> None:
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: {name: nodejs}\n")
    with pytest.raises(ProjectError, match="a program in nodejs cannot be captured"):
        load_project(project, "dev")


def test_the_folder_of_stack_files_is_found_by_either_spelling() -> None:
    assert stack_folder({"stackConfigDir": "stacks"}) == "stacks"
    assert stack_folder({"config": "old"}) == "old"
    assert [stack_folder(each) for each in ({}, {"config": {"a": 1}}, None, [])] == [""] * 4


def test_words_are_read_as_the_engine_reads_them(project: Path) -> None:
    """YAML 1.1 has true and 1320 for these, and the engine `off` and a time."""
    text = "config:\n  tools:window: {off: [temperature], start: 22:00}\n"
    (project / "stacks/Pulumi.dev.yaml").write_text(text)
    found = json.loads(load_project(project, "dev").config["tools:window"])
    assert found == {"off": ["temperature"], "start": "22:00"}
