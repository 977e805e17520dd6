"""Where what a finding is about was written, and how a code host is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelinfra.graph.model import Graph
from modelinfra.review.annotations import commands, is_within
from modelinfra.review.places import Place, places
from modelinfra.review.render.outline import Outline, Said
from tests.review.making import ENDPOINT, ENVIRONMENT, graph, node

STACK = """config:
  aws:region: us-west-2
  modelinfra:environment:
    network: {zones: 2}
    platforms:
      web: {type: ecs}
    endpoints:
      chat:
        server: vllm
      iris: {server: mlserver}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "infra"
    folder.mkdir()
    (folder / "Pulumi.prod.yaml").write_text(STACK)
    (folder / "__main__.py").write_text("\n" * 9)
    return folder


def world(source: str = "") -> Graph:
    environment = node(ENVIRONMENT, "prod")
    endpoint = node(ENDPOINT, "prod-iris", parent=environment.urn)
    network = node("modelinfra:index:ServingNetwork", "prod-network", parent=environment.urn)
    alone = node("aws:sqs/queue:Queue", "doubts")
    alone.source = source
    within = [
        node("aws:ecs/service:Service", "service", parent=endpoint.urn),
        node("aws:ec2/vpc:Vpc", "vpc", parent=network.urn),
    ]
    return graph(environment, endpoint, network, *within, alone)


def at(project: Path, name: str, source: str = "") -> Place | None:
    found = world(source)
    urn = next(each.urn for each in found if each.name == name)
    return places(project, project / "Pulumi.prod.yaml").of(urn, found)


def test_what_belongs_to_a_component_stands_where_the_stack_file_names_it(project: Path) -> None:
    assert at(project, "service") == Place("infra/Pulumi.prod.yaml", 10)
    assert at(project, "vpc") == Place("infra/Pulumi.prod.yaml", 4)


def test_what_stands_alone_stands_where_the_program_registers_it(project: Path) -> None:
    assert at(project, "doubts", "__main__.py#7,3") == Place("infra/__main__.py", 7)
    assert at(project, "doubts", f"file://{project}/__main__.py#7") == Place("infra/__main__.py", 7)
    (project / "my own.py").write_text("x")
    assert at(project, "doubts", "my%20own.py#1,1") == Place("infra/my own.py", 1)
    assert at(project, "doubts", f"{(project / 'my own.py').as_uri()}#1") == Place("infra/my own.py", 1)


@pytest.mark.parametrize(
    "source", ["", "missing.py#1", "__main__.py", "../../etc/passwd#1", "/etc/hostname#1", "__main__.py#x"]
)
def test_what_is_not_in_the_repository_has_no_place(project: Path, source: str) -> None:
    assert at(project, "doubts", source) is None


def test_a_stack_file_that_is_no_yaml_names_nothing(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_text("{")
    assert at(project, "service") is None


def outline(**said: object) -> Outline:
    finding = Said(severity="high", kind="exposure", urn="urn:x", title="lets, all: in", **said)  # type: ignore[arg-type]
    return Outline(kind="change", project="shop", stack="prod", source="capture", findings=(finding,))


def test_a_finding_becomes_a_command_that_nothing_breaks_out_of() -> None:
    given = outline(file="infra/a,b.yaml", line=3, text=("100 % of ::error::it",), remedy="Close it.")
    assert list(commands(given)) == [
        "::error file=infra/a%2Cb.yaml,line=3,title=prod%3A lets%2C all%3A in::100 %25 of ::error::it Remedy: Close it."
    ]


@pytest.mark.parametrize("file", ["", "/etc/passwd", "../x", "a/../../x", "a\\b", "x" * 301])
def test_a_path_that_leaves_the_repository_is_not_annotated(file: str) -> None:
    assert not is_within(file)
    assert list(commands(outline(file=file, line=3))) == []
