"""The example of a language model on GPU nodes: it previews, deploys, stays as it is, changes and goes, in the right order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelinfra.graph.cost import estimate
from modelinfra.graph.project import capture_project
from modelinfra.testing.plugin import require_engine
from modelinfra.testing.sandbox import Sandbox
from tests.examples.projects import ENVIRONMENT, EXAMPLES, declared, place, touched

EXAMPLE = EXAMPLES / "gpu-chat"
SERVICE = "aws:ecs/service:Service"
PROVIDERS = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"
NODES = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
CLUSTER = "aws:ecs/cluster:Cluster"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TASK = "aws:ecs/taskDefinition:TaskDefinition"


@pytest.mark.parametrize("preview", [True, False])
def test_the_example_warns_of_nothing_but_what_spare_capacity_means(preview: bool) -> None:
    graph = capture_project(EXAMPLE, "dev", preview=preview)
    (said,) = (each["message"] for each in graph.logs if each["severity"] == "warning")
    assert "taken away within two minutes" in said


def test_a_streamed_answer_is_not_cut_before_its_longest_request() -> None:
    graph = capture_project(EXAMPLE, "dev", preview=False)
    assert graph.one(BALANCER).inputs["idleTimeout"] == 300
    server = json.loads(graph.one(TASK).inputs["containerDefinitions"])[0]
    assert server["stopTimeout"] == 300
    assert server["linuxParameters"]["sharedMemorySize"] == 2048
    assert server["resourceRequirements"] == [{"type": "GPU", "value": "1"}]


def test_its_replicas_cost_nothing_beside_the_nodes_that_they_run_on() -> None:
    found = estimate(capture_project(EXAMPLE, "dev", preview=True), default_region="us-west-2")
    nodes = [each for each in found.items if each.what.startswith("EC2 spot g5.2xlarge")]
    assert [(each.quantity_min, each.quantity_max) for each in nodes] == [(0, 4)]
    said = [each.what for each in (*found.items, *found.unknown)]
    assert not any("Fargate" in what or "ECS service" in what for what in said)


@pytest.mark.slow_judge
@pytest.mark.engine
def test_it_is_deployed_left_alone_changed_and_destroyed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    require_engine(request)
    environment = declared(EXAMPLE)
    config = {"aws:region": "us-west-2", ENVIRONMENT: environment}
    with Sandbox(EXAMPLE, home=tmp_path / "home", stack="dev", config=config) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}

        # More room: the group alone changes, in place, and no revision rolls out.
        environment["gpuNodePools"]["a10g"]["maxNodes"] = 6
        assert touched(sandbox.up(check=True).steps) == {("update", NODES)}

        # Larger nodes: the template and the group; what runs stays where it runs, but gets the larger share.
        environment["gpuNodePools"]["a10g"]["instanceTypes"] = ["g5.4xlarge"]
        steps = touched(sandbox.up(check=True).steps)
        assert {("update", NODES), ("update", TEMPLATE), ("update", SERVICE)} <= steps
        assert {token for operation, token in steps if operation != "update"} == {TASK}

        # Another pool: nothing that is there is replaced, and the list of capacity providers is updated.
        environment["gpuNodePools"]["l4"] = {"accelerator": {"name": "L4"}, "maxNodes": 4}
        steps = touched(sandbox.up(check=True).steps)
        assert {operation for operation, _ in steps} == {"create", "update"}
        assert {token for operation, token in steps if operation == "update"} == {PROVIDERS}

        # The endpoint moves to it, and the old pool goes behind it.
        environment["endpoints"]["chat"]["accelerator"] = {"name": "L4"}
        environment["gpuNodePools"].pop("a10g")
        steps = sandbox.up(check=True).steps
        assert place(steps, "update", SERVICE) < place(steps, "delete", PROVIDER) < place(steps, "delete", NODES)
        assert sandbox.up(check=True).changes == {}

        steps = sandbox.destroy(check=True).steps
        order = [place(steps, "delete", each) for each in (SERVICE, PROVIDERS, PROVIDER, NODES, TEMPLATE, CLUSTER)]
        assert order == sorted(order)
        assert sandbox.cloud.things == []
