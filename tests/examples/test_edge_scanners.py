"""The example of scanners: both halves of a model, one of them on Greengrass; deployed, changed, and destroyed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelinfra.graph.model import Graph
from modelinfra.graph.project import capture_project
from modelinfra.policies import RULES, check
from modelinfra.router.settings import read
from modelinfra.serving.halves import directories
from modelinfra.serving.split import Splitter
from modelinfra.testing.plugin import require_engine
from modelinfra.testing.sandbox import Sandbox
from tests.examples.projects import ENVIRONMENT, copied, declared, touched
from tests.serving.real_model import INPUT, SHAPE, classifier

COMPONENT, DEPLOYMENT = "aws-native:greengrassv2:ComponentVersion", "aws-native:greengrassv2:Deployment"
AT = "pool2d_10.tmp_0"


def with_models(to: Path) -> Path:
    """The example with both halves of its model, cut as its README says."""
    example = copied("edge-scanners", to)
    halves = Splitter(classifier(), {INPUT: SHAPE}).split(AT, to / "scratch")
    directories(halves, "mlserver", "labels", example / "models")
    return example


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_models(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def graph(example: Path) -> Graph:
    return capture_project(example, "dev", preview=False)


def test_it_warns_of_nothing_and_says_what_crosses(graph: Graph) -> None:
    assert [each["message"] for each in graph.logs if each["severity"] == "warning"] == []
    (said,) = [each["message"] for each in graph.logs if AT in each["message"]]
    assert "not checked" not in said, "both halves are there"


def test_no_rule_has_anything_against_it(graph: Graph) -> None:
    assert check(graph, RULES, production=False) == []


def test_scanners_ask_the_rest_of_the_half_that_they_have(graph: Graph) -> None:
    recipe = json.loads(graph.one(COMPONENT, "dev-scanners-canary-component").inputs["inlineRecipe"])
    settings = read(recipe["Manifests"][0]["Lifecycle"]["Setenv"]["MODELINFRA_ROUTER"])
    assert settings.split is not None
    assert settings.split.tensor == AT
    assert settings.cloud.path.startswith("/v2/models/labels-rest-")


@pytest.mark.slow_judge
@pytest.mark.engine
def test_it_is_deployed_left_alone_changed_and_destroyed(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    require_engine(request)
    example = with_models(tmp_path)
    environment = declared(example)
    config = {"aws:region": "eu-central-1", ENVIRONMENT: environment}
    with Sandbox(example, home=tmp_path / "home", stack="dev", config=config) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}, "a second deployment changes something"
        environment["edgeFleets"]["scanners"]["memory"] = "2GiB"
        changed = touched(sandbox.up(check=True).steps)
        assert {token for _, token in changed} == {COMPONENT, DEPLOYMENT}
        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []
