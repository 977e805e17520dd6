"""An endpoint becomes asynchronous and synchronous again in the real engine: what serves is there before what served goes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import sandbox_of
from tests.engine.test_exposure import order
from tests.walk.base import ENVIRONMENT

pytestmark = pytest.mark.engine

SERVICE, QUEUE = "aws:ecs/service:Service", "aws:sqs/queue:Queue"
TARGET_GROUP, BUCKET = "aws:lb/targetGroup:TargetGroup", "aws:s3/bucket:Bucket"


def environment(**options: Any) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(ENVIRONMENT)
    made["endpoints"]["iris"] |= options
    return made


def test_requests_move_from_a_load_balancer_to_a_queue_and_back(project: Path, tmp_path: Path) -> None:
    synchronous = environment(scaling={"min": 2, "max": 10})
    with sandbox_of(project, tmp_path / "home", synchronous) as sandbox:
        sandbox.up(check=True)

        sandbox.config["modelinfra:environment"] = environment(mode="async", scaling={"min": 0, "max": 10})
        steps = sandbox.up(check=True).steps
        assert order(steps, "create", QUEUE) < order(steps, "update", SERVICE) < order(steps, "delete", TARGET_GROUP)
        assert not any(operation == "replace" and f"{SERVICE}::" in urn for operation, urn in steps)
        assert len(sandbox.cloud.all(QUEUE)) == 2
        (service,) = sandbox.cloud.all(SERVICE)
        assert not service.actual.get("loadBalancers")
        assert sandbox.up(check=True).changes == {}

        sandbox.config["modelinfra:environment"] = synchronous
        steps = sandbox.up(check=True).steps
        assert order(steps, "create", TARGET_GROUP) < order(steps, "update", SERVICE) < order(steps, "delete", QUEUE)
        assert sandbox.cloud.all(QUEUE) == sandbox.cloud.all(BUCKET) == []
        assert sandbox.up(check=True).changes == {}

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []
