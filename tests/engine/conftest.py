"""A deployed environment for engine tests: deployed once, copied for each test that wants one."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.plugin import require_engine
from modelinfra.testing.sandbox import Sandbox
from tests.walk.base import ENVIRONMENT, write_model

PROGRAM = """
import pulumi
from modelinfra import Environment

environment = Environment.from_config()
pulumi.export("predictUrls", environment.predict_urls)
"""


@pytest.fixture(autouse=True, scope="session")
def engine(request: pytest.FixtureRequest) -> None:
    """Nothing here can be proven without the engine."""
    require_engine(request)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Pulumi project whose environment comes from the configuration."""
    directory = tmp_path_factory.mktemp("project")
    (directory / "Pulumi.yaml").write_text("name: proof\nruntime: python\n")
    (directory / "__main__.py").write_text(PROGRAM)
    write_model(directory)
    return directory


@pytest.fixture(scope="session")
def snapshot(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a finished deployment of `tests.walk.base.ENVIRONMENT`."""
    home = tmp_path_factory.mktemp("snapshot") / "home"
    with sandbox_of(project, home, ENVIRONMENT) as sandbox:
        sandbox.up(check=True)
    return home


@pytest.fixture
def deployed(project: Path, snapshot: Path, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox in which the environment is deployed."""
    home = tmp_path / "home"
    shutil.copytree(snapshot, home)
    with sandbox_of(project, home, ENVIRONMENT) as sandbox:
        yield sandbox


@pytest.fixture
def empty(project: Path, tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Makes sandboxes in which nothing is deployed yet."""
    made: list[Sandbox] = []

    def make(environment: dict[str, Any], **options: Any) -> Sandbox:
        made.append(sandbox_of(project, tmp_path / f"home-{len(made)}", environment, **options))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()


def sandbox_of(project: Path, home: Path, environment: dict[str, Any], **options: Any) -> Sandbox:
    config = {"aws:region": "us-west-2", "modelinfra:environment": copy.deepcopy(environment)}
    return Sandbox(project, home=home, stack="proof", config=config, **options)
