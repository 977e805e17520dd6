"""An exposed endpoint through the real engine: made, left alone, taken to the internet, destroyed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.sandbox import Sandbox
from tests.engine.conftest import sandbox_of
from tests.walk.base import ENVIRONMENT, EXPOSED

pytestmark = pytest.mark.engine

LOAD_BALANCER, RECORD, SERVICE = (
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:route53/record:Record",
    "aws:ecs/service:Service",
)


def environment(**exposure: Any) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(ENVIRONMENT)
    made["platforms"]["web"]["sharedLoadBalancer"] = False
    made["endpoints"]["iris"]["exposure"] = {**EXPOSED, **exposure}
    return made


def order(steps: list[tuple[str, str]], operation: str, token: str) -> int:
    """When the first step of this kind began."""
    return next(place for place, (op, urn) in enumerate(steps) if op == operation and f"{token}::" in urn)


def of_domain(sandbox: Sandbox) -> list[Any]:
    return [each for each in sandbox.cloud.all(RECORD) if each.actual["type"] == "A"]


def test_an_endpoint_goes_to_the_internet_without_losing_its_name(project: Path, tmp_path: Path) -> None:
    with sandbox_of(project, tmp_path / "home", environment()) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        (record,) = of_domain(sandbox)
        private = record.actual["aliases"][0]["name"]

        sandbox.config["modelinfra:environment"] = environment(public=True)
        steps = sandbox.up(check=True).steps
        (record,) = of_domain(sandbox)
        assert record.actual["aliases"][0]["name"] != private
        # First the new load balancer, then the service behind it, then the name, and the old one goes last.
        assert (
            order(steps, "create", LOAD_BALANCER)
            < order(steps, "update", SERVICE)
            < order(steps, "update", RECORD)
            < order(steps, "delete", LOAD_BALANCER)
        )
        assert sandbox.up(check=True).changes == {}

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []
