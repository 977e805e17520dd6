"""An endpoint on Kubernetes through the real engine: made, scaled, given another model, tried beside a second revision, and gone."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.sandbox import Sandbox
from tests.engine.conftest import sandbox_of

pytestmark = pytest.mark.engine

SERVING = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"

CLUSTER: dict[str, Any] = {
    "type": "kubernetes",
    "cluster": {"context": "models"},
    "gateway": {"name": "inference", "namespace": "gateways", "url": "https://models.acme.ai"},
}
IRIS: dict[str, Any] = {
    "server": "mlserver",
    "model": {"uri": "s3://acme-models/iris/7", "size": "10MiB"},
    "scaling": {"min": 2, "max": 5},
}


def environment(**endpoint: Any) -> dict[str, Any]:
    return {"platforms": {"k8s": CLUSTER}, "endpoints": {"iris": {**copy.deepcopy(IRIS), **endpoint}}}


def touched(result: Any) -> set[tuple[str, str]]:
    """(operation, type) of what an update did, components aside."""
    return {
        (op, urn.split("::")[2].rpartition("$")[2])
        for op, urn in result.steps
        if "modelinfra:" not in urn.rpartition("$")[2]
    }


def test_an_endpoint_comes_changes_and_goes_and_each_edit_touches_what_it_should(project: Path, tmp_path: Path) -> None:
    with sandbox_of(project, tmp_path / "home", environment()) as sandbox:

        def up(**endpoint: Any) -> Any:
            sandbox.config["modelinfra:environment"] = environment(**endpoint)
            return sandbox.up(check=True)

        up()
        assert sandbox.outputs["predictUrls"] == {"iris": "https://models.acme.ai/iris/v2/models/iris/infer"}
        assert aws(sandbox) == []
        assert sandbox.up(check=True).changes == {}

        # More replicas are the autoscaler's alone: nothing that runs is touched.
        assert touched(up(scaling={"min": 2, "max": 9})) == {("update", AUTOSCALER)}
        assert touched(up(scaling={"min": 2, "max": 9}, model={"uri": "s3://acme-models/iris/8", "size": "10MiB"})) == {
            ("update", SERVING)
        }

        candidate = {"candidate": {"model": {"uri": "s3://acme-models/iris/9", "size": "10MiB"}, "scaling": {"min": 1}}}
        up()
        steps = up(revisions=candidate, traffic={"stable": 90, "candidate": 10}).steps
        assert at(steps, "create", "--candidate-inference-service") < at(steps, "update", "proof-iris-http-route")
        assert not [urn for op, urn in steps if op != "same" and urn.endswith("proof-iris-inference-service")]
        promoted = up(revisions=candidate, traffic={"candidate": 100})
        assert touched(promoted) == {("update", ROUTE)}
        steps = up().steps
        assert at(steps, "update", "proof-iris-http-route") < at(steps, "delete", "--candidate-inference-service")

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []


def aws(sandbox: Sandbox) -> list[str]:
    return [each.type for each in sandbox.cloud.things if each.type.startswith("aws:")]


def at(steps: list[tuple[str, str]], operation: str, ending: str) -> int:
    """When the step of this kind ended."""
    return max(place for place, (op, urn) in enumerate(steps) if op == operation and urn.endswith(ending))
