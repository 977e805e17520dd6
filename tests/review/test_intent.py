"""Whether a change is what its author set out to change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modelinfra.graph.model import Node
from modelinfra.review.changes import Changes
from modelinfra.review.compare_revisions import compare_with
from modelinfra.review.intent import claimed, intended
from modelinfra.review.touched import Touched, differing
from tests.review.making import ENDPOINT, ENVIRONMENT, changes, node
from tests.review.projects import PROGRAM, repository

FILE = "stacks/Pulumi.prod.yaml"
KEY = "config.modelinfra:environment"


def world(chat: int = 1, iris: int = 1) -> list[Node]:
    environment = node(ENVIRONMENT, "prod")
    found = [environment]
    for name, size in (("chat", chat), ("iris", iris)):
        endpoint = node(ENDPOINT, f"prod-{name}", parent=environment.urn)
        found += [
            endpoint,
            node("aws:ecs/service:Service", f"prod-{name}-service", parent=endpoint.urn, desiredCount=size),
        ]
    return found


BOTH = changes(world(), world(2, 2))


def titles(change: Changes, *keys: str, files: tuple[str, ...] = (FILE,)) -> list[tuple[str, str]]:
    return [(each.severity, each.title) for each in intended(change, Touched(files, keys, FILE)).findings]


def test_a_component_that_nothing_names_is_told() -> None:
    assert titles(BOTH, f"{KEY}.endpoints.chat.scaling.min") == [
        ("low", "iris changes (1 resource), though nothing that was touched names it")
    ]
    assert titles(BOTH, f"{KEY}.endpoints.chat", f"{KEY}.endpoints.iris.scaling") == []


def test_one_that_is_deleted_weighs_more() -> None:
    gone = changes(world(), [each for each in world(2) if "iris" not in each.name])
    assert titles(gone, f"{KEY}.endpoints.chat.scaling.min")[0][0] == "medium"


@pytest.mark.parametrize(
    ("keys", "files"),
    [
        ((f"{KEY}.tags",), (FILE,)),
        ((f"{KEY}.endpoints",), (FILE,)),
        (("config.aws:region",), (FILE,)),
        ((f"{KEY}.endpoints.chat",), (FILE, "stacks/__main__.py")),
        ((), ("models/chat/weights.bin",)),
    ],
)
def test_what_may_concern_everything_names_everything(keys: tuple[str, ...], files: tuple[str, ...]) -> None:
    assert titles(BOTH, *keys, files=files) == []


def test_prose_other_stacks_and_how_the_stack_is_looked_at_name_nothing() -> None:
    files = ("docs/a.md", "stacks/Pulumi.dev.yaml", FILE)
    assert len(titles(BOTH, "config.modelinfra:usage.logGb", files=files)) == 2


def test_a_library_alone_is_named_as_the_cause() -> None:
    found = intended(BOTH, Touched(("requirements.lock",), (), FILE))
    assert [each.text for each in found.findings] == ["The libraries changed: requirements.lock."] * 2
    assert found.notes == ("Files that differ from the base: requirements.lock.",)


def test_the_replaced_resource_behind_a_change_is_named() -> None:
    behind = replace(BOTH, resources=tuple(replace(each, because=("urn::vpc",)) for each in BOTH.resources))
    assert "It follows from vpc." in {each.text for each in intended(behind, Touched((FILE,), (), FILE)).findings}


def test_no_change_has_no_intent() -> None:
    assert titles(changes(world(), world())) == []


@pytest.mark.parametrize("glob", ["chat", "prod-chat", "prod-chat*", "urn:*::prod-chat-service"])
def test_what_is_outside_of_the_claim_is_high(glob: str) -> None:
    assert [(each.severity, each.title) for each in claimed(BOTH, [glob]).findings] == [
        ("high", "updates the service of iris, outside of what was claimed")
    ]
    assert claimed(BOTH, [glob, "iris"]).findings == ()
    assert claimed(BOTH, []).notes == ()


def test_a_claim_of_nothing_that_changes_says_so() -> None:
    found = claimed(BOTH, ["vision"])
    assert (len(found.findings), found.notes) == (2, ("Claimed: vision; 0 changed resources within.",))


def test_keys_that_differ_are_named_as_deep_as_both_sides_go() -> None:
    assert list(differing({"a": {"b": 1, "c": 2}, "x": 1}, {"a": {"b": 3, "c": 2}, "y": 1})) == ["a.b", "x", "y"]


def test_files_of_the_working_tree_are_read_from_git(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop")
    (root / "__main__.py").write_text(PROGRAM.format(description="second"))
    (root / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    (root / "new file.txt").write_text("x")
    (root / ".gitignore").write_text("hidden\n")
    (root / "hidden").write_text("x")
    found = compare_with(root, "dev", "main").touched
    assert found == Touched(
        (".gitignore", "Pulumi.dev.yaml", "__main__.py", "new file.txt"), ("config.aws:region",), "Pulumi.dev.yaml"
    )
