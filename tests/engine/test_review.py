"""Changes of the second day through the real engine: it replaces, creates and deletes what the captured graphs say."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from modelinfra.review.drift import drifted
from modelinfra.review.engine_files import engine_review
from modelinfra.review.engine_preview import changes_of
from modelinfra.review.report import report
from modelinfra.testing.sandbox import Sandbox, SandboxError
from tests.engine.conftest import sandbox_of
from tests.review.day2 import ROWS, Row, write_models
from tests.review.sides import REGION, changes_of_row, disagreements
from tests.walk.base import ENVIRONMENT

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
PROGRAM = f"""
import sys

sys.path.insert(0, {str(ROOT)!r})

import pulumi

from tests.review.day2 import ROWS

config = pulumi.Config()
row = next(each for each in ROWS if each.name == config.require("row"))
row.program(config.require("side") == "after")
"""
ASKED = [pytest.param(row, id=row.name, marks=[] if row.engine else pytest.mark.slow_judge) for row in ROWS]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the model of the environment, and the next one."""
    from tests.engine import conftest

    directory = tmp_path_factory.mktemp("models")
    (directory / "Pulumi.yaml").write_text("name: proof\nruntime: python\n")
    (directory / "__main__.py").write_text(conftest.PROGRAM)
    write_models(directory)
    return directory


@pytest.fixture(scope="module")
def base(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment from which most rows start, deployed once: its state is copied for each row."""
    home = tmp_path_factory.mktemp("review") / "home"
    with sandbox_of(models, home, ENVIRONMENT) as sandbox:
        sandbox.up(check=True)
    return home


@pytest.mark.parametrize("row", [each for each in ASKED if each.values[0].program is None])
def test_an_environment_changes_as_the_capture_says(row: Row, models: Path, base: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(base, home)
    before, after = row.environments()
    with sandbox_of(models, home, before) as sandbox:
        if row.before:
            sandbox.up(check=True)
        sandbox.config["modelinfra:environment"] = after
        engine = changes_of(sandbox.plan_json())
    assert disagreements(engine, changes_of_row(row, models)) == []
    assert report(engine, region=REGION).source == "engine"


@pytest.mark.slow_judge
@pytest.mark.parametrize("row", [each for each in ASKED if each.values[0].program is not None])
def test_a_hand_written_program_changes_as_the_capture_says(row: Row, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: proof\nruntime: python\n")
    (project / "__main__.py").write_text(PROGRAM)
    config = {"aws:region": REGION, "proof:row": row.name, "proof:side": "before"}
    with Sandbox(project, home=tmp_path / "home", stack="proof", config=config) as sandbox:
        sandbox.up(check=True)
        sandbox.config["proof:side"] = "after"
        if row.refused:
            with pytest.raises(SandboxError, match=re.escape(row.refused)):
                sandbox.plan_json()
            assert report(changes_of_row(row, tmp_path), region=REGION).verdict.endswith("the update fails")
            return
        engine = changes_of(sandbox.plan_json())
    assert disagreements(engine, changes_of_row(row, tmp_path)) == []
    assert report(engine, region=REGION).verdict.startswith(row.verdict.partition(";")[0])


HAND = """
import pulumi_aws as aws

aws.ec2.SecurityGroup("front", ingress=[{"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/8"]}])
aws.sqs.Queue("gone")
"""


def test_what_was_changed_by_hand_is_told_apart(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: proof\nruntime: python\n")
    (project / "__main__.py").write_text(HAND)
    with Sandbox(project, home=tmp_path / "home", stack="proof", config={"aws:region": REGION}) as sandbox:
        sandbox.up(check=True)
        front = sandbox.cloud.one("aws:ec2/securityGroup:SecurityGroup")
        front.actual["ingress"][0]["cidrBlocks"] = ["0.0.0.0/0"]
        sandbox.cloud.store.put(front)
        sandbox.cloud.forget(sandbox.cloud.one("aws:sqs/queue:Queue"))
        (tmp_path / "preview.json").write_text(json.dumps(sandbox.plan_json(refresh=True)))
    changes, outside = engine_review(tmp_path / "preview.json")
    assert [(each.severity, each.title) for each in drifted(changes, outside).findings] == [
        ("high", "changed outside of Pulumi: the security group front (ingress[0].cidrBlocks[0])"),
        ("medium", "gone in the cloud: the queue gone"),
    ]
    assert [(each.operation, each.name) for each in changes.resources] == [("update", "front"), ("create", "gone")]
