"""A fleet of devices through the real engine: promoted ring by ring, its activation rotated without touching a device's place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import sandbox_of
from tests.examples.projects import touched
from tests.making import write_model

pytestmark = pytest.mark.engine

ACTIVATION, SECRET_VERSION = "aws:ssm/activation:Activation", "aws:secretsmanager/secretVersion:SecretVersion"
SERVICE, TASK, IMAGE = "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition", "docker-build:index:Image"


def test_a_revision_comes_to_one_ring_after_the_other_and_the_activation_is_rotated(
    project: Path, tmp_path: Path
) -> None:
    write_model(project / "newer", weights="newer weights")
    rings: list[dict[str, Any]] = [{"name": "canary", "share": 0.05}, {"name": "shops"}]
    fleet: dict[str, Any] = {
        "server": "mlserver",
        "model": "model",
        "rings": rings,
        "revisions": {"candidate": {"model": "newer"}},
        "activation": {"expires": "2026-12-20"},
    }
    environment = {"platforms": {}, "edgeFleets": {"stores": fleet}}
    with sandbox_of(project, tmp_path / "home", environment) as sandbox:
        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        codes = [
            json.loads(each.actual["secretString"])["ActivationCode"] for each in sandbox.cloud.all(SECRET_VERSION)
        ]
        kept = "".join(each.read_text() for each in (sandbox.home / "state").rglob("*.json*") if each.is_file())
        assert len(codes) == 2
        assert not [code for code in codes if code in kept], "the code that lets devices in is readable in the state"

        # One ring: its task definition and its service, and nothing of the other's.
        rings[0]["revision"] = "candidate"
        sandbox.config["modelinfra:environment"] = environment
        promoted = sandbox.up(check=True)
        changed = {
            urn.rpartition("::")[2].partition("-")[2] for operation, urn in promoted.steps if operation != "same"
        }
        assert changed == {"stores-canary-task", "stores-canary-service"}

        # Another activation: no role, no service and no cluster is touched, so no device is.
        fleet["activation"]["expires"] = "2027-01-15"
        rotated = touched(sandbox.up(check=True).steps)
        assert {token for _, token in rotated} == {ACTIVATION, SECRET_VERSION}

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []


def test_on_kubernetes_a_revision_comes_to_one_daemon_set_after_the_other_and_nothing_of_aws_is_made(
    project: Path, tmp_path: Path
) -> None:
    rings: list[dict[str, Any]] = [{"name": "canary", "share": 0.05}, {"name": "shops"}]
    image = "r.example/served@sha256:"
    fleet: dict[str, Any] = {
        "runtime": "kubernetes",
        "server": "mlserver",
        "image": image + "0" * 64,
        "model": {"name": "iris", "size": "10MiB"},
        "rings": rings,
        "revisions": {"candidate": {"image": image + "1" * 64, "model": {"name": "iris", "size": "10MiB"}}},
    }
    environment = {
        "platforms": {"edge": {"type": "kubernetes", "cluster": {"context": "k3s"}}},
        "edgeFleets": {"stores": fleet},
    }
    with sandbox_of(project, tmp_path / "home", environment) as sandbox:

        def changed() -> set[str]:
            sandbox.config["modelinfra:environment"] = environment
            steps = sandbox.up(check=True).steps
            return {urn.rpartition("::")[2].partition("-")[2] for operation, urn in steps if operation != "same"}

        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        assert not [each.type for each in sandbox.cloud.things if each.type.startswith("aws:")]

        rings[0]["revision"] = "candidate"
        assert changed() == {"stores-canary-daemon-set"}
        rings[1]["revision"] = "candidate"
        assert changed() == {"stores-shops-daemon-set"}
        # Taken back, and held together: the ring again, and nothing else.
        del rings[0]["revision"]
        assert changed() == {"stores-canary-daemon-set"}
        fleet["minimumHealthyPercent"] = 50
        assert changed() == {"stores-canary-daemon-set", "stores-shops-daemon-set"}

        rings.append({"name": "depots", "share": 0.1})
        assert changed() == {"stores-depots-service-account", "stores-depots-daemon-set"}

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []


def test_on_kubernetes_a_router_comes_before_the_model_and_an_edit_of_it_touches_the_daemon_set_alone(
    project: Path, tmp_path: Path
) -> None:
    tokens = {"jwt": {"issuer": "https://k3s.example.com", "audiences": ["heavy"]}}
    gateway = {"gateway": {"auth": tokens}, "paths": ["/v2/models/iris/infer"]}
    heavy = {"platform": "web", "server": "mlserver", "model": "model", "longestRequest": "20s", "exposure": gateway}
    fleet: dict[str, Any] = {"runtime": "kubernetes", "server": "mlserver", "model": "model"}
    registry = {"url": "r.example/models"}
    environment = {
        "platforms": {
            "web": {"type": "ecs"},
            "edge": {"type": "kubernetes", "cluster": {"context": "k3s"}, "registry": registry},
        },
        "endpoints": {"heavy": heavy},
        "edgeFleets": {"stores": fleet},
    }
    with sandbox_of(project, tmp_path / "home", environment) as sandbox:

        def changed() -> set[tuple[str, str]]:
            sandbox.config["modelinfra:environment"] = environment
            steps = sandbox.up(check=True).steps
            return {
                (operation, urn.split("::")[-2].rpartition("$")[2]) for operation, urn in steps if operation != "same"
            }

        sandbox.up(check=True)
        assert sandbox.up(check=True).changes == {}
        daemon_set, policy = "kubernetes:apps/v1:DaemonSet", "kubernetes:networking.k8s.io/v1:NetworkPolicy"
        fleet["fallback"] = "heavy"
        assert changed() == {("create", IMAGE), ("update", daemon_set), ("update", policy)}
        fleet["router"] = {"queue": 4}
        assert changed() == {("update", daemon_set)}
        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []
