"""The life of an environment under the real engine: deployed, moved by AWS, edited, broken, mended, destroyed."""

from __future__ import annotations

import copy
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.sandbox import Result, Sandbox
from tests.engine.conftest import sandbox_of
from tests.walk.base import ENVIRONMENT, MODEL

pytestmark = pytest.mark.engine

SERVICE = "aws:ecs/service:Service"


def edit(sandbox: Sandbox, **changes: Any) -> None:
    """Change options of the only endpoint."""
    environment = copy.deepcopy(sandbox.config["modelinfra:environment"])
    environment["endpoints"]["iris"].update(changes)
    sandbox.config["modelinfra:environment"] = environment


def touched(result: Result) -> set[str]:
    """Types of the resources that an operation changed; the stack and components are nothing in the cloud."""
    types = {urn.split("::")[2].rpartition("$")[2] for _, urn in result.steps}
    return {each for each in types if not each.startswith(("pulumi:", "modelinfra:"))}


def made(sandbox: Sandbox) -> Counter[str]:
    return Counter(thing.type for thing in sandbox.cloud.things)


def test_a_second_up_changes_nothing(deployed: Sandbox) -> None:
    assert deployed.up(check=True).steps == []


def test_refresh_and_up_are_quiet_after_aws_moved_what_aws_moves(deployed: Sandbox) -> None:
    moved = deployed.cloud.drift()
    assert any("desiredCount" in each or "desired" in each.lower() for each in moved), moved
    deployed.refresh(check=True)
    assert deployed.up(check=True).steps == []


def test_without_ignoring_the_desired_count_an_up_would_reset_the_autoscaler(
    empty: Callable[..., Sandbox], project: Path, tmp_path: Path
) -> None:
    """The test above can fail: with ignore_changes taken away, the same steps change the service."""
    other = tmp_path / "reckless"
    other.mkdir()
    for each in ("Pulumi.yaml", MODEL):
        (other / each).symlink_to(project / each)
    (other / "__main__.py").write_text(
        "import pulumi\n"
        "def reckless(args):\n"
        "    args.opts.ignore_changes = None\n"
        "    return pulumi.ResourceTransformationResult(args.props, args.opts)\n"
        "pulumi.runtime.register_stack_transformation(reckless)\n" + (project / "__main__.py").read_text()
    )
    config = {"aws:region": "us-west-2", "modelinfra:environment": ENVIRONMENT}
    with Sandbox(other, home=tmp_path / "home", stack="proof", config=config) as sandbox:
        sandbox.up(check=True)
        sandbox.cloud.drift()
        sandbox.refresh(check=True)
        assert touched(sandbox.up(check=True)) == {SERVICE}


def test_a_new_model_version_alters_the_image_the_task_definition_and_the_service_only(
    deployed: Sandbox, project: Path
) -> None:
    weights = project / MODEL / "model.joblib"
    before = weights.read_text()
    try:
        weights.write_text("new weights")
        result = deployed.up(check=True)
    finally:
        weights.write_text(before)
    assert touched(result) == {"docker-build:index:Image", "aws:ecs/taskDefinition:TaskDefinition", SERVICE}


def test_a_scaling_change_alters_the_scaling_target_only(deployed: Sandbox) -> None:
    edit(deployed, scaling={"min": 3, "max": 12, "requestsPerSecondPerReplica": 50})
    assert touched(deployed.up(check=True)) == {"aws:appautoscaling/target:Target"}


def test_a_deployment_that_ecs_took_back_fails_the_update_with_its_reason(deployed: Sandbox) -> None:
    deployed.cloud.roll_back(reason="tasks failed to start")
    edit(deployed, environment={"LOG_LEVEL": "broken"})
    result = deployed.up()
    assert not result.ok
    said = " ".join(result.diagnostics)
    assert "took the deployment" in said
    assert "tasks failed to start" in said
    assert "Traceback" not in said
    deployed.cloud.roll_back(reason="tasks failed to start")
    assert not deployed.up().ok, "the same revision is tried once more, and fails once more"
    edit(deployed, environment={"LOG_LEVEL": "info"})
    assert deployed.up().ok


@pytest.mark.slow_judge
def test_every_type_may_fail_once_and_up_converges_without_duplicates_or_orphans(
    deployed: Sandbox, empty: Callable[..., Sandbox]
) -> None:
    whole = made(deployed)
    sandbox = empty(ENVIRONMENT)
    for each in whole:
        sandbox.cloud.fail(op="create", type=f"^{each}$", times=1)
    for _ in range(len(whole)):
        if sandbox.up().ok:
            break
    assert made(sandbox) == whole
    assert sandbox.up(check=True).steps == []


def test_a_service_that_was_made_but_not_healthy_is_mended_by_the_next_up(empty: Callable[..., Sandbox]) -> None:
    sandbox = empty(ENVIRONMENT)
    sandbox.cloud.fail(op="create", type=SERVICE, when="after", partial=True, message="not steady")
    assert not sandbox.up().ok
    sandbox.up(check=True)
    assert made(sandbox)[SERVICE] == 1
    assert sandbox.up(check=True).steps == []


def test_destroy_leaves_nothing_behind(deployed: Sandbox) -> None:
    deployed.destroy(check=True)
    assert deployed.cloud.things == []


def test_destroy_from_an_interrupted_deployment_leaves_nothing_behind(empty: Callable[..., Sandbox]) -> None:
    sandbox = empty(ENVIRONMENT)
    sandbox.cloud.fail(op="create", type="aws:lb/listenerRule:ListenerRule", times=1)
    assert not sandbox.up().ok
    assert sandbox.cloud.things != []
    sandbox.destroy(check=True)
    assert sandbox.cloud.things == []


def test_production_refuses_to_be_destroyed(empty: Callable[..., Sandbox]) -> None:
    sandbox = empty({**ENVIRONMENT, "production": True})
    sandbox.up(check=True)
    assert not sandbox.destroy().ok
    kept = made(sandbox)
    assert kept["aws:ecr/repository:Repository"] == 1
    assert kept["aws:lb/loadBalancer:LoadBalancer"] == 1


def test_moving_an_endpoint_to_its_own_load_balancer_makes_the_new_way_before_the_old_one_goes(
    deployed: Sandbox,
) -> None:
    edit(deployed, loadBalancer="own")
    result = deployed.up(check=True)
    order = [(op, urn.split("::")[2].rpartition("$")[2]) for op, urn in result.steps]
    target_group = "aws:lb/targetGroup:TargetGroup"
    assert (
        order.index(("create", target_group)) < order.index(("update", SERVICE)) < order.index(("delete", target_group))
    )


@pytest.mark.slow_judge
def test_a_load_balancer_does_not_stay_behind_when_its_network_is_replaced(deployed: Sandbox) -> None:
    environment = copy.deepcopy(ENVIRONMENT)
    environment["network"]["cidr"] = "10.8.0.0/16"
    deployed.config["modelinfra:environment"] = environment
    token = "aws:lb/loadBalancer:LoadBalancer"
    steps = [op for op, urn in deployed.up(check=True).steps if urn.split("::")[2].endswith(f"${token}")]
    assert steps == ["create-replacement", "replace", "delete-replaced"]
    assert made(deployed)[token] == 1
    assert deployed.up(check=True).changes == {}


@pytest.mark.slow_judge
def test_another_server_is_reached_on_its_port_before_the_old_ones_is_closed(deployed: Sandbox) -> None:
    own = {"image": "registry.example/own:1.2", "port": 9000, "healthPath": "/ready", "predictPath": "/ask"}
    edit(deployed, server=own)
    order = [(op, urn.split("::")[2].rpartition("$")[2]) for op, urn in deployed.up(check=True).steps]
    for rule in ("Ingress", "Egress"):
        token = f"aws:vpc/securityGroup{rule}Rule:SecurityGroup{rule}Rule"
        opened, closed = order.index(("create-replacement", token)), order.index(("delete-replaced", token))
        assert opened < order.index(("update", SERVICE)) < closed


def test_a_second_endpoint_on_the_same_load_balancer_changes_nothing_of_the_first(deployed: Sandbox) -> None:
    environment = copy.deepcopy(ENVIRONMENT)
    environment["endpoints"]["roses"] = {"server": "mlserver", "model": MODEL}
    deployed.config["modelinfra:environment"] = environment
    result = deployed.up(check=True)
    assert {op for op, _ in result.steps if "iris" in _} == set()
    # The environment's overview shows it, too.
    assert [urn.rsplit("::")[-1] for op, urn in result.steps if op == "update"] == ["proof-overview"]
    assert set(result.changes) == {"create", "update"}
    assert set(deployed.outputs["predictUrls"]) == {"iris", "roses"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"server": "mlservr"},
            "endpoints.iris.server (given: 'mlservr'): there is no such server. Did you mean 'mlserver'?",
        ),
        ({"memory": "4G"}, "endpoints.iris.memory (given: '4G'): 'G' is read as powers of 1000"),
        ({"model": "nowhere"}, "endpoints.iris.model (given: 'nowhere'): there is no directory"),
        ({"domain": "x.org"}, "endpoints.iris.domain (given: 'x.org'): it stands below another key"),
    ],
)
def test_a_mistake_is_told_without_a_traceback_before_anything_is_made(
    empty: Callable[..., Sandbox], changes: dict[str, Any], said: str
) -> None:
    sandbox = empty(ENVIRONMENT)
    edit(sandbox, **changes)
    result = sandbox.up()
    assert not result.ok
    assert said in " ".join(" ".join(result.diagnostics).split())
    assert "Traceback" not in json.dumps(result.diagnostics)
    assert sandbox.cloud.things == []


def test_a_subnet_that_aws_does_not_find_is_told_with_awss_words_before_anything_is_made(
    empty: Callable[..., Sandbox],
) -> None:
    vpc = {"id": "vpc-1", "privateSubnetIds": ["subnet-1", "subnet-2"], "cidr": "10.0.0.0/16"}
    sandbox = empty({**ENVIRONMENT, "network": {"vpc": vpc}})
    sandbox.cloud.fail(op="invoke", type="getSubnet", times=2, message="no matching EC2 Subnet found")
    result = sandbox.up()
    assert not result.ok
    said = " ".join(" ".join(result.diagnostics).split())
    assert (
        "network.vpc.privateSubnetIds[0] (given: 'subnet-1'): AWS finds no such subnet in vpc-1 (no matching EC2 Subnet found)."
        in said
    )
    assert "Traceback" not in said
    assert sandbox.cloud.things == []
    assert sandbox.up().ok, "an existing VPC can be deployed into where nobody knows it"


def test_a_load_balancer_that_was_deployed_under_its_former_type_stays(
    project: Path, snapshot: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(snapshot, home)
    renamed = 0
    for file in home.rglob("*.json"):
        text = file.read_text()
        renamed += text.count("modelinfra:index:ApplicationLoadBalancer")
        file.write_text(
            text.replace("modelinfra:index:ApplicationLoadBalancer", "modelinfra:index:InternalLoadBalancer")
        )
    assert renamed
    with sandbox_of(project, home, ENVIRONMENT) as sandbox:
        assert set(sandbox.up(check=True).changes) <= {"same", "update"}
        assert sandbox.up(check=True).changes == {}
