"""An endpoint behind a gateway and PrivateLink through the real engine: made, left alone, asked for otherwise, taken from its consumers."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.sandbox import Sandbox, SandboxError
from tests.engine.conftest import sandbox_of
from tests.walk.base import ENVIRONMENT

pytestmark = pytest.mark.engine

API, ROUTE = "aws:apigatewayv2/api:Api", "aws:apigatewayv2/route:Route"
ENDPOINT_SERVICE = "aws:ec2/vpcEndpointService:VpcEndpointService"
LISTENER, LOAD_BALANCER = "aws:lb/listener:Listener", "aws:lb/loadBalancer:LoadBalancer"
RECORD, SERVICE = "aws:route53/record:Record", "aws:ecs/service:Service"
ZONE = {"hostedZoneId": "Z0123456789ABCDEFGHIJ"}
TOKENS = {"jwt": {"issuer": "https://login.example.com", "audiences": ["iris"]}}


def environment(auth: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(ENVIRONMENT)
    made["platforms"]["web"]["sharedLoadBalancer"] = False
    made["endpoints"]["iris"] |= {
        "longestRequest": "30s",
        "exposure": {
            "domain": "iris.example.com",
            **ZONE,
            "gateway": {"auth": auth, "domain": "api.example.com", **ZONE},
            "privateLink": {"principals": ["210987654321"]},
        },
    }
    return made


def asked(sandbox: Sandbox) -> set[str]:
    return {each.actual["authorizationType"] for each in sandbox.cloud.all(ROUTE)}


def test_doors_are_made_asked_otherwise_and_taken_from_nobody_who_is_connected(project: Path, tmp_path: Path) -> None:
    with sandbox_of(project, tmp_path / "home", environment({"iam": {}})) as sandbox:
        sandbox.up(check=True)
        assert asked(sandbox) == {"AWS_IAM"}
        gateway = next(each for each in sandbox.cloud.all(RECORD) if each.actual["name"] == "api.example.com")
        assert "execute-api" in gateway.actual["aliases"][0]["name"]
        assert sandbox.up(check=True).changes == {}

        # Another way to ask: routes are changed where they are, and the gateway keeps its name.
        before = sandbox.cloud.one(API).id
        sandbox.config["modelinfra:environment"] = environment(TOKENS)
        steps = sandbox.up(check=True).steps
        assert asked(sandbox) == {"JWT"}
        assert sandbox.cloud.one(API).id == before
        assert [urn for op, urn in steps if op == "replace"] == []
        assert sandbox.up(check=True).changes == {}

        # While a consumer is connected AWS takes no endpoint service away: what serves is still there then.
        serving = len(sandbox.cloud.all(LISTENER))
        sandbox.cloud.fail(op="delete", type=ENDPOINT_SERVICE, message="ExistingVpcEndpointConnections")
        with pytest.raises(SandboxError, match="ExistingVpcEndpointConnections"):
            sandbox.destroy(check=True)
        assert len(sandbox.cloud.all(SERVICE)) == 1
        assert (len(sandbox.cloud.all(LOAD_BALANCER)), len(sandbox.cloud.all(LISTENER))) == (2, serving)

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []
