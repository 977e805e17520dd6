"""The names, types and parents of what the sandbox's stack file declares are a promise: another URN is another resource."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from modelinfra.graph.project import capture_project
from tests.making import write_model

GOLDEN = Path(__file__).parent / "sandbox-urns.txt"
PROJECT = Path(__file__).parents[2]

ADD_AN_ALIAS = (
    "A deployed stack would lose what stands at the old URN and make it anew at the new one. If the change is meant, add an "
    "alias (pulumi.ResourceOptions(aliases=[...])) where the resource is registered, prove it in the engine tests, and then "
    "write the new list into tests/golden/sandbox-urns.txt."
)


def difference(before: list[str], after: list[str]) -> str:
    """What is to be said about a changed list of URNs; nothing where it is the same."""
    gone = [f"  gone: {urn}" for urn in before if urn not in after]
    new = [f"  new:  {urn}" for urn in after if urn not in before]
    return "\n".join(["The URNs changed.", *gone, *new, ADD_AN_ALIAS]) if gone or new else ""


@pytest.fixture(scope="module")
def urns(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The URNs of the sandbox, with a model of its own in place of the one that `make model` trains."""
    project = tmp_path_factory.mktemp("project")
    shutil.copy(PROJECT / "Pulumi.yaml", project)
    (project / "stacks").mkdir()
    for name in ("__main__.py", "Pulumi.sandbox.yaml"):
        shutil.copy(PROJECT / "stacks" / name, project / "stacks")
    write_model(project / "stacks" / "models" / "digits")
    return sorted(node.urn for node in capture_project(project, "sandbox"))


def test_no_deployed_resource_changes_its_name_type_or_parent(urns: list[str]) -> None:
    complaint = difference(GOLDEN.read_text().splitlines(), urns)
    assert not complaint, complaint


def test_a_renamed_child_is_told_with_the_remedy() -> None:
    said = difference(["urn:a", "urn:b"], ["urn:a", "urn:c"])
    assert "  gone: urn:b\n  new:  urn:c" in said
    assert "add an alias" in said


def test_adding_an_endpoint_changes_no_urn_of_the_others(urns: list[str], tmp_path: Path) -> None:
    shutil.copy(PROJECT / "Pulumi.yaml", tmp_path)
    (tmp_path / "stacks").mkdir()
    shutil.copy(PROJECT / "stacks" / "__main__.py", tmp_path / "stacks")
    text = (PROJECT / "stacks" / "Pulumi.sandbox.yaml").read_text()
    more = text.rstrip() + "\n      another: {server: mlserver, model: stacks/models/digits}\n"
    (tmp_path / "stacks" / "Pulumi.sandbox.yaml").write_text(more)
    write_model(tmp_path / "stacks" / "models" / "digits")
    wider = {node.urn for node in capture_project(tmp_path, "sandbox")}
    assert sorted(set(urns) - wider) == []
    assert {urn.rsplit("::", 1)[1].startswith("sandbox-another") for urn in wider - set(urns)} == {True}
