"""A sample of requests and answers, through the real engine: switched on, masked otherwise, switched off, taken away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.sandbox import Sandbox
from tests.engine.conftest import sandbox_of
from tests.engine.test_observability import containers, environment

pytestmark = pytest.mark.engine

BUCKET = "aws:s3/bucket:Bucket"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SERVICE = "aws:ecs/service:Service"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
TASK = "aws:ecs/taskDefinition:TaskDefinition"


def test_capturing_comes_changes_and_goes_while_the_endpoint_serves(project: Path, tmp_path: Path) -> None:
    with sandbox_of(project, tmp_path / "home", environment()) as sandbox:
        sandbox.up(check=True)
        group, service = identities(sandbox)

        # Switched on: new things, a new revision, and the load balancer reaches the proxy; the service and its target group stay.
        changes = up(sandbox, {"mask": ["email"]})
        assert identities(sandbox) == (group, service)
        # Image, bucket with block, lifecycle and policy, and the right to write.
        assert changes["create"] == 6
        assert containers(sandbox) == ["model", "capture-proxy", "capture"]
        assert front(sandbox) == ("capture-proxy", 47200)
        assert ports(sandbox) == {47200}
        assert sandbox.up(check=True).changes == {}

        # Another mask is another revision, and nothing else.
        (bucket,) = sandbox.cloud.all(BUCKET)
        changes = up(sandbox, {"mask": ["email", "name"]})
        assert {key: count for key, count in changes.items() if key != "same"} == {"replace": 1, "update": 1}
        assert settings(sandbox)["mask"] == ["email", "name"]
        assert [each.id for each in sandbox.cloud.all(BUCKET)] == [bucket.id]

        # Switched off: the server answers by itself again, and nothing that was captured is left where nobody asked for it.
        up(sandbox, None)
        assert identities(sandbox) == (group, service)
        assert containers(sandbox) == ["model"]
        assert front(sandbox) == ("model", 8080)
        assert ports(sandbox) == {8080}
        assert sandbox.cloud.all(BUCKET) == []

        up(sandbox, {})
        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []


def up(sandbox: Sandbox, capture: dict[str, Any] | None) -> dict[str, int]:
    sandbox.config["modelinfra:environment"] = environment(iris={"capture": capture})
    return dict(sandbox.up(check=True).changes)


def identities(sandbox: Sandbox) -> tuple[str, str]:
    (group,), (service,) = sandbox.cloud.all(TARGET_GROUP), sandbox.cloud.all(SERVICE)
    return group.id, service.id


def front(sandbox: Sandbox) -> tuple[str, int]:
    (service,) = sandbox.cloud.all(SERVICE)
    (balanced,) = service.actual["loadBalancers"]
    return balanced["containerName"], balanced["containerPort"]


def ports(sandbox: Sandbox) -> set[int]:
    """On which the load balancer may reach replicas."""
    return {each.actual["fromPort"] for each in sandbox.cloud.all(INGRESS) if "description" in each.actual} - {80}


def settings(sandbox: Sandbox) -> dict[str, Any]:
    definitions = json.loads(sandbox.cloud.all(TASK)[-1].actual["containerDefinitions"])
    shipper = next(each for each in definitions if each["name"] == "capture")
    variables = {each["name"]: each["value"] for each in shipper["environment"]}
    found: dict[str, Any] = json.loads(variables["MODELINFRA_SHIPPER"])
    return found
