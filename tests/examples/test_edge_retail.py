"""The example of tills in three stores: one stack file, deployed, changed ring by ring, and destroyed."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from modelinfra.graph.cost import estimate
from modelinfra.graph.model import Graph
from modelinfra.graph.project import capture_project
from modelinfra.policies import RULES, check
from modelinfra.policies.readiness import READINESS
from modelinfra.testing.plugin import require_engine
from modelinfra.testing.sandbox import Sandbox
from tests.examples.projects import ENVIRONMENT, copied, declared, touched
from tests.making import write_model

ACTIVATION, SECRET_VERSION = "aws:ssm/activation:Activation", "aws:secretsmanager/secretVersion:SecretVersion"
SERVICE, TASK = "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition"


def with_models(to: Path) -> Path:
    """The example with models that are made up: training takes scikit-learn."""
    example = copied("edge-retail", to)
    for name in ("light-7", "light-8", "heavy"):
        write_model(example / "models" / name, weights=name)
    return example


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_models(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def graph(example: Path) -> Graph:
    return capture_project(example, "dev", preview=False)


@pytest.mark.parametrize("preview", [True, False])
def test_the_example_warns_of_nothing(example: Path, preview: bool) -> None:
    found = capture_project(example, "dev", preview=preview)
    assert [each["message"] for each in found.logs if each["severity"] == "warning"] == []


def test_no_rule_has_anything_against_it(graph: Graph) -> None:
    assert check(graph, RULES, production=False) == []


def test_devices_are_not_asked_for_what_replicas_need(graph: Graph) -> None:
    wrong = ("ready-scaling", "ready-two-replicas", "ready-healthy-percent")
    said = [each.urn for each in check(graph, READINESS, production=True) if each.rule in wrong]
    assert not [urn for urn in said if "dev-stores" in urn]


def test_the_devices_that_may_come_are_counted(graph: Graph) -> None:
    lines = [each for each in estimate(graph).items if each.what == "device of ECS Anywhere"]
    # Two rings let in 200 each; an hour of a device costs $0.01025, and a month has 730 hours.
    assert sum(each.monthly_min for each in lines) == 0
    assert sum(each.monthly_max for each in lines) == 400 * Decimal("0.01025") * 730


@pytest.mark.slow_judge
@pytest.mark.engine
def test_it_is_deployed_left_alone_promoted_ring_by_ring_and_destroyed(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    require_engine(request)
    example = with_models(tmp_path)
    environment = declared(example)
    config = {"aws:region": "eu-central-1", ENVIRONMENT: environment}
    with Sandbox(example, home=tmp_path / "home", stack="dev", config=config) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}, "a second deployment changes something"

        codes = [
            json.loads(each.actual["secretString"])["ActivationCode"] for each in sandbox.cloud.all(SECRET_VERSION)
        ]
        kept = "".join(each.read_text() for each in (sandbox.home / "state").rglob("*.json*") if each.is_file())
        assert len(codes) == 2
        assert not [code for code in codes if code in kept], "the code that lets devices in is readable in the state"

        environment["edgeFleets"]["stores"]["rings"][1]["revision"] = "v8"
        promoted = sandbox.up(check=True)
        assert touched(promoted.steps) == {
            ("update", SERVICE),
            ("create-replacement", TASK),
            ("replace", TASK),
            ("delete-replaced", TASK),
        }

        environment["edgeFleets"]["stores"]["activation"]["expires"] = "2027-01-15"
        rotated = touched(sandbox.up(check=True).steps)
        assert {token for _, token in rotated} == {ACTIVATION, SECRET_VERSION}, "a device's place is touched"

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []
