"""The example of tills that are nodes of K3s: nothing of AWS, objects that the API server takes, promoted by one word."""

from __future__ import annotations

import copy
import json

import pytest

from modelinfra.graph.project import capture_project
from modelinfra.testing.plugin import require_engine
from modelinfra.testing.sandbox import Sandbox
from tests.examples.projects import ENVIRONMENT, EXAMPLES, declared
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import manifests

EXAMPLE = EXAMPLES / "edge-k3s"


def test_it_makes_nothing_of_aws_and_the_api_server_takes_what_it_makes() -> None:
    graph = capture_project(EXAMPLE, "dev", preview=False)
    assert [node.type for node in graph if node.type.startswith(("aws:", "docker-build:"))] == []
    assert [found for each in manifests(graph) for found in complaints(each)] == []


@pytest.mark.engine
def test_it_deploys_stays_promotes_by_one_word_and_goes(request: pytest.FixtureRequest) -> None:
    require_engine(request)
    with Sandbox(EXAMPLE, stack="dev") as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        promoted = copy.deepcopy(declared(EXAMPLE))
        promoted["edgeFleets"]["tills"]["rings"][1]["revision"] = "v8"
        sandbox.config[ENVIRONMENT] = json.dumps(promoted)
        assert sandbox.up(check=True).changes == {"update": 1}
        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []
