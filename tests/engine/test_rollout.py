"""A rollout that shifts traffic, with sample predictions, through the real engine: what must be there before a deployment starts, what a
new model touches, and that all of it goes again."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.sandbox import Sandbox
from tests.engine.conftest import sandbox_of
from tests.walk.base import ENVIRONMENT

pytestmark = pytest.mark.engine

RULE, SERVICE, FUNCTION = "aws:lb/listenerRule:ListenerRule", "aws:ecs/service:Service", "aws:lambda/function:Function"


def environment(**rollout: Any) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(ENVIRONMENT)
    made["endpoints"]["iris"]["rollout"] = rollout
    return made


def order(steps: list[tuple[str, str]], operation: str, ending: str) -> int:
    """When the step of this kind ended."""
    return max(place for place, (op, urn) in enumerate(steps) if op == operation and urn.endswith(ending))


def touched(steps: list[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(op, urn.rsplit("::", 1)[-1]) for op, urn in steps if op != "same"}


def shift(sandbox: Sandbox) -> None:
    """As ECS does in a deployment: both rules lead to both sets of replicas, all traffic to the new one."""
    rules = sandbox.cloud.all(RULE)
    arns = [each.actual["actions"][0]["targetGroupArn"] for each in rules]
    for rule in rules:
        action = rule.actual["actions"][0]
        action.pop("targetGroupArn")
        action["forward"] = {
            "targetGroups": [{"arn": arn, "weight": weight} for arn, weight in zip(arns, (0, 100), strict=True)]
        }


def test_samples_are_there_before_a_deployment_starts_and_what_ecs_moves_stays(project: Path, tmp_path: Path) -> None:
    one, other = ({"known": {"body": {"instances": [[each]]}}} for each in (1, 2))
    with sandbox_of(project, tmp_path / "home", environment()) as sandbox:

        def up(**rollout: Any) -> Any:
            sandbox.config["modelinfra:environment"] = environment(**rollout)
            return sandbox.up(check=True)

        up()
        (before,) = [each.id for each in sandbox.cloud.all(SERVICE)]
        steps = up(strategy="canary", checks=one).steps
        moved = order(steps, "update", "proof-iris-service")
        for needed in (
            "proof-iris-checks",
            "proof-iris-check-call",
            "proof-iris-lb-from-checks",
            "proof-iris-test-rule",
        ):
            assert order(steps, "create", needed) < moved
        # The rule for traffic stays as it is, and so does the service.
        assert ("update", "proof-iris-rule") not in touched(steps)
        assert [each.id for each in sandbox.cloud.all(SERVICE)] == [before]
        assert sandbox.up(check=True).changes == {}

        shift(sandbox)
        assert touched(up(strategy="canary", checks=other).steps) == {("update", "proof-iris-checks")}
        (function,) = sandbox.cloud.all(FUNCTION)
        assert json.loads(function.actual["environment"]["variables"]["CHECK_PORT"]) == 80
        sandbox.refresh(check=True)
        assert sandbox.up(check=True).changes == {}
        weights = [
            [each["weight"] for each in rule.actual["actions"][0]["forward"]["targetGroups"]]
            for rule in sandbox.cloud.all(RULE)
        ]
        assert weights == [[0, 100], [0, 100]]

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []
