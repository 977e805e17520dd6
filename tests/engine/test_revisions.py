"""A second revision through the real engine: it comes, gets traffic, is promoted and goes, and traffic never waits for replicas."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.sandbox import Sandbox
from tests.engine.conftest import sandbox_of
from tests.walk.base import ENVIRONMENT

pytestmark = pytest.mark.engine

RULE, SERVICE, GROUP = "aws:lb/listenerRule:ListenerRule", "aws:ecs/service:Service", "aws:lb/targetGroup:TargetGroup"


def environment(**endpoint: Any) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(ENVIRONMENT)
    made["endpoints"]["iris"] |= endpoint
    return made


def order(steps: list[tuple[str, str]], operation: str, ending: str) -> int:
    """When the step of this kind ended."""
    return max(place for place, (op, urn) in enumerate(steps) if op == operation and urn.endswith(ending))


def weights(sandbox: Sandbox) -> list[int]:
    (rule,) = [each for each in sandbox.cloud.all(RULE) if len(each.actual["conditions"]) == 1]
    return [each["weight"] for each in rule.actual["actions"][0].get("forward", {}).get("targetGroups", [])]


def test_a_revision_comes_is_promoted_and_goes(project: Path, tmp_path: Path) -> None:
    candidate = {"candidate": {"environment": {"SEED": "2"}}}
    with sandbox_of(project, tmp_path / "home", environment()) as sandbox:

        def up(**endpoint: Any) -> Any:
            sandbox.config["modelinfra:environment"] = environment(**endpoint)
            return sandbox.up(check=True)

        up()
        first = {each.id for each in sandbox.cloud.all(SERVICE)}
        steps = up(revisions=candidate, traffic={"stable": 90, "candidate": 10}).steps
        assert weights(sandbox) == [90, 10]
        # It hangs on the load balancer before it starts, and serves before it gets traffic.
        assert (
            order(steps, "create", "--candidate-rule")
            < order(steps, "create", "--candidate-service")
            < order(steps, "update", "proof-iris-rule")
        )
        # The first one was never touched.
        assert first < {each.id for each in sandbox.cloud.all(SERVICE)}
        assert not [urn for op, urn in steps if op != "same" and urn.endswith("proof-iris-service")]
        assert sandbox.up(check=True).changes == {}

        assert up(revisions=candidate, traffic={"candidate": 100}).changes == {"update": 1}
        assert weights(sandbox) == [0, 100]

        steps = up().steps
        # It gets no traffic any more before it goes, and its replicas go before what leads to them.
        assert (
            order(steps, "update", "proof-iris-rule")
            < order(steps, "delete", "--candidate-service")
            < order(steps, "delete", "--candidate-rule")
        )
        assert {each.id for each in sandbox.cloud.all(SERVICE)} == first
        assert len(sandbox.cloud.all(GROUP)) == 1

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []
