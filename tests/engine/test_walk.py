"""Every declared option, edited on a deployed stack: the engine's own preview changes what the declaration says, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from modelinfra.graph.compare import changes
from modelinfra.graph.state import from_preview
from modelinfra.review.changes import between
from modelinfra.review.engine_preview import changes_of
from modelinfra.testing.sandbox import Sandbox
from tests.engine.conftest import sandbox_of
from tests.review.sides import disagreements, environment_graph
from tests.walk.base import (
    ACCELERATOR,
    CONTEXT,
    ENVIRONMENT,
    EXPOSURE,
    METRICS,
    POOL,
    QUEUE,
    REVISION,
    ROLLOUT,
    SCHEDULE,
    SERVER,
    SLO,
    STEPS,
    Edit,
    edits,
)
from tests.walk.compare import direct, landed, unexplained

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def base(project: Path, snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The environment, deployed once for all edits: a preview changes nothing."""
    home = tmp_path_factory.mktemp("walk") / "home"
    shutil.copytree(snapshot, home)
    with sandbox_of(project, home, ENVIRONMENT) as sandbox:
        yield sandbox


QUICK = (REVISION,)
"""Of the other bases `make test` deploys these; `make walk` each."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(each, marks=[] if each in QUICK else pytest.mark.slow_judge)
        for each in (
            SERVER,
            EXPOSURE,
            ROLLOUT,
            SLO,
            METRICS,
            STEPS,
            SCHEDULE,
            QUEUE,
            POOL,
            ACCELERATOR,
            REVISION,
            "tenants",
        )
    ],
)
def other(request: pytest.FixtureRequest, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Other]:
    """The same on another base: a server that the catalogue does not know, an endpoint that is exposed, a pool, replicas on one."""
    found = [each for each in edits() if each.bases == (request.param,) and each.path not in CONTEXT]
    with sandbox_of(project, tmp_path_factory.mktemp("other") / "home", found[0].before()) as sandbox:
        sandbox.up(check=True)
        yield Other(sandbox, found)


SHARE = 40
"""Of so many edits `make test` asks the engine about one."""


class Other(NamedTuple):
    """Another base, deployed, and the edits that are made on it."""

    sandbox: Sandbox
    edits: list[Edit]


def alone(edit: Edit) -> bool:
    """Whether an edit needs a deployment of its own."""
    return edit.path in CONTEXT or len(edit.bases) > 1


PLAIN = [each for each in edits() if not each.bases and not alone(each)]


def shared_out(found: list[Edit]) -> list[Any]:
    """One edit of so many for `make test`; `make walk` asks the engine for all. The captured walk (tests/walk) takes every one in both."""
    return [
        pytest.param(each, id=each.path, marks=pytest.mark.slow_judge if index % SHARE else [])
        for index, each in enumerate(found)
    ]


def test_edits_on_another_base_do_so_too(other: Other) -> None:
    for edit in other.edits[::SHARE]:
        check(edit, other.sandbox)


@pytest.mark.slow_judge
def test_all_edits_on_another_base_do_so_too(other: Other) -> None:
    for index, edit in enumerate(other.edits):
        if index % SHARE:
            check(edit, other.sandbox)


@pytest.mark.parametrize("edit", shared_out(PLAIN))
def test_an_edit_on_a_deployed_stack_changes_what_the_option_says(edit: Edit, base: Sandbox) -> None:
    check(edit, base)


@pytest.mark.parametrize("edit", shared_out([each for each in edits() if alone(each)]))
def test_an_edit_that_needs_more_around_it_does_so_too(edit: Edit, project: Path, tmp_path: Path) -> None:
    with sandbox_of(project, tmp_path / "home", edit.before()) as sandbox:
        sandbox.up(check=True)
        check(edit, sandbox)


def check(edit: Edit, sandbox: Sandbox) -> None:
    before = sandbox.graph()
    sandbox.config["modelinfra:environment"] = edit.after()
    preview = sandbox.plan_json()
    plan = from_preview(preview)
    found = changes(before, plan, options=False)
    replaced = {step["urn"] for step in preview["steps"] if step["op"] == "replace"}
    extra, _ = unexplained(landed(direct(found, plan, replaced)), edit.lands)
    actual = landed(found)
    _, missing = unexplained(actual, (place for place in edit.lands if ".options." not in place))
    # With a new image the whole of what holds its digest is unknown until it is built.
    unknown = tuple(f"{each}[" for each in actual)
    missing = {place for place in missing if not place.startswith(unknown)}
    assert not extra, f"{edit.path} also changes {sorted(extra)}"
    assert not missing, f"{edit.path} says it changes {sorted(missing)}, and does not; it changes {sorted(actual)}"
    # A review without the engine says the same of what is replaced, created and deleted.
    captured = (environment_graph(each, sandbox.project_dir) for each in (edit.before(), edit.after()))
    assert disagreements(changes_of(preview), between(*captured)) == []
