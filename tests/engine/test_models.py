"""Several models on one container under the real engine: another version, another model, another tenant, and what none of these touches."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.sandbox import Sandbox
from tests.engine.test_deployment import SERVICE, edit, touched
from tests.walk.base import ENVIRONMENT, EXPOSED, TENANTS

pytestmark = pytest.mark.engine

IMAGE = "docker-build:index:Image"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
FETCH = "aws:iam/rolePolicy:RolePolicy"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"


def of(name: str, version: int, tenant: str) -> dict[str, Any]:
    return {"uri": f"s3://acme-models/{tenant}/{name}/{version}", "size": "1GiB", "tenant": tenant}


def test_a_version_and_a_model_more_roll_the_replicas_and_touch_neither_image_nor_load_balancer(
    empty: Callable[..., Sandbox],
) -> None:
    environment = copy.deepcopy(ENVIRONMENT) | TENANTS
    models = {"fraud": of("fraud", 7, "acme"), "words": of("words", 3, "bolt")}
    iris = environment["endpoints"]["iris"]
    iris.pop("model")
    iris |= {"models": models, "exposure": {**EXPOSED, "auth": {"apiKeys": {"acme": {}, "bolt": {}}}}}
    sandbox = empty(environment)
    sandbox.up(check=True)
    assert sandbox.up(check=True).steps == []
    assert {name: url.partition("/v2/")[2] for name, url in sandbox.outputs["predictUrls"].items()} == {
        f"iris/{name}": f"models/{name}/infer" for name in ("fraud", "words")
    }

    # A version: its prefix is that of the version before, so that no right changes, and the firewall knows models by their names.
    edit(sandbox, models=models | {"fraud": of("fraud", 8, "acme")})
    assert touched(sandbox.up(check=True)) == {TASK, SERVICE}

    # A model more of a tenant that has one: a prefix more to read, a path more for its key; what goes on serving has its tags changed.
    models |= {"limits": of("limits", 1, "acme")}
    edit(sandbox, models=models)
    up = sandbox.up(check=True)
    assert {TASK, SERVICE, FETCH, WEB_ACL} <= touched(up)
    made_anew = {urn.split("::")[2].rpartition("$")[2] for operation, urn in up.steps if operation != "update"}
    assert {each for each in made_anew if not each.startswith(("pulumi:", "modelinfra:"))} == {TASK}
    (firewall,) = [thing for thing in sandbox.cloud.things if thing.type == WEB_ACL]
    assert "/v2/models/limits/infer" in json.dumps(firewall.actual)
    assert sandbox.up(check=True).steps == []

    sandbox.destroy(check=True)
    assert sandbox.cloud.things == []


def test_a_directory_more_is_another_image_and_a_changed_one_too(empty: Callable[..., Sandbox], project: Path) -> None:
    for name in ("fraud", "words", "limits"):
        (project / "several" / name).mkdir(parents=True)
        settings = {"name": name, "implementation": "mlserver_sklearn.SKLearnModel"}
        (project / "several" / name / "model-settings.json").write_text(json.dumps(settings))
    environment = copy.deepcopy(ENVIRONMENT)
    models = {name: f"several/{name}" for name in ("fraud", "words")}
    environment["endpoints"]["iris"].pop("model")
    environment["endpoints"]["iris"] |= {"models": models}
    sandbox = empty(environment)
    sandbox.up(check=True)
    edit(sandbox, models=models | {"limits": "several/limits"})
    assert touched(sandbox.up(check=True)) == {IMAGE, TASK, SERVICE}
    (project / "several" / "words" / "model.joblib").write_text("other weights")
    assert touched(sandbox.up(check=True)) == {IMAGE, TASK, SERVICE}
    assert sandbox.up(check=True).steps == []
    sandbox.destroy(check=True)
    assert sandbox.cloud.things == []
