"""A model in S3 under the real engine: deployed, another version, taken away."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from modelinfra.testing.sandbox import Sandbox
from tests.engine.test_deployment import SERVICE, edit, touched
from tests.walk.base import ENVIRONMENT

pytestmark = pytest.mark.engine


def test_another_version_of_a_model_in_s3_is_a_new_revision_and_touches_no_role_and_no_image(
    empty: Callable[..., Sandbox],
) -> None:
    environment = copy.deepcopy(ENVIRONMENT)
    environment["endpoints"]["iris"] |= {"model": {"uri": "s3://acme-models/iris/7", "size": "1GiB"}}
    sandbox = empty(environment)
    sandbox.up(check=True)
    assert sandbox.up(check=True).steps == []
    edit(sandbox, model={"uri": "s3://acme-models/iris/8", "size": "1GiB"})
    assert touched(sandbox.up(check=True)) == {"aws:ecs/taskDefinition:TaskDefinition", SERVICE}
    assert sandbox.up(check=True).steps == []
    sandbox.destroy(check=True)
    assert sandbox.cloud.things == []
