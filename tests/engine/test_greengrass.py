"""A fleet on Greengrass through the real engine: what devices run is replaced by what they are to run, and never taken away before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelinfra.testing.sandbox import Sandbox
from tests.engine.conftest import sandbox_of
from tests.examples.projects import touched
from tests.making import write_model

pytestmark = pytest.mark.engine

COMPONENT, DEPLOYMENT = "aws-native:greengrassv2:ComponentVersion", "aws-native:greengrassv2:Deployment"
CERTIFICATE, ATTACHMENT = "aws:iot/certificate:Certificate", "aws:iot/policyAttachment:PolicyAttachment"
SECRET_VERSION, FUNCTION = "aws:secretsmanager/secretVersion:SecretVersion", "aws:lambda/function:Function"


def changed(steps: Any) -> set[str]:
    return {urn.rpartition("::")[2].removeprefix("proof-") for operation, urn in steps if operation != "same"}


def order(sandbox: Sandbox, since: int) -> list[tuple[str, str]]:
    """What the cloud was asked to do with Greengrass, in order."""
    return [(call.op, call.type) for call in sandbox.cloud.calls[since:] if call.type in (COMPONENT, DEPLOYMENT)]


@pytest.fixture
def fleet(project: Path) -> dict[str, Any]:
    write_model(project / "newer", name="iris", weights="newer weights")
    return {
        "runtime": "greengrass",
        "server": "mlserver",
        "model": "model",
        "rings": [{"name": "canary", "share": 0.05}, {"name": "shops"}],
        "revisions": {"candidate": {"model": "newer"}},
        "claim": {"expires": "2026-12-20"},
    }


def test_a_revision_comes_to_one_ring_after_the_other_and_the_claim_is_rotated(
    project: Path, tmp_path: Path, fleet: dict[str, Any]
) -> None:
    environment = {"platforms": {}, "edgeFleets": {"stores": fleet}}
    with sandbox_of(project, tmp_path / "home", environment) as sandbox:

        def up() -> Any:
            sandbox.config["modelinfra:environment"] = environment
            return sandbox.up(check=True)

        up()
        assert up().changes == {}
        running = {thing.name.removeprefix("proof-"): thing.id for thing in sandbox.cloud.all(DEPLOYMENT)}
        keys = [json.loads(each.actual["secretString"])["privateKey"] for each in sandbox.cloud.all(SECRET_VERSION)]
        kept = "".join(each.read_text() for each in (sandbox.home / "state").rglob("*.json*") if each.is_file())
        assert len(keys) == 1
        assert not [line for line in keys[0].splitlines() if line in kept], "the claim's key is readable in the state"

        # One ring: its component's version and its deployment, each made before the old one goes.
        fleet["rings"][0]["revision"] = "candidate"
        since = len(sandbox.cloud.calls)
        promoted = up()
        assert changed(promoted.steps) == {"stores-canary-component", "stores-canary-deployment"}
        assert order(sandbox, since) == [
            ("create", COMPONENT),
            ("create", DEPLOYMENT),
            ("delete", DEPLOYMENT),
            ("delete", COMPONENT),
        ]
        now = {thing.name.removeprefix("proof-"): thing.id for thing in sandbox.cloud.all(DEPLOYMENT)}
        assert [name for name in running if running[name] != now[name]] == ["stores-canary-deployment"]
        assert len(sandbox.cloud.all(COMPONENT)) == 4

        # Taken back: the version is the one that was there before.
        version = {thing.name.removeprefix("proof-"): thing.id for thing in sandbox.cloud.all(COMPONENT)}
        fleet["rings"][0]["revision"] = "stable"
        up()
        back = {thing.name.removeprefix("proof-"): thing.id for thing in sandbox.cloud.all(COMPONENT)}
        assert back["stores-canary-component"] != version["stores-canary-component"]

        # How a revision rolls out: both deployments, and nothing that devices run.
        fleet["rollout"] = {"start": 20}
        assert changed(up().steps) == {"stores-canary-deployment", "stores-shops-deployment"}

        # Another claim: no thing, no group, no role and no deployment is touched, so no device is.
        fleet["claim"]["expires"] = "2027-01-15"
        rotated = touched(up().steps)
        assert {token for _, token in rotated} == {CERTIFICATE, ATTACHMENT, SECRET_VERSION, FUNCTION}
        assert up().changes == {}

        sandbox.destroy(check=True)
        assert sandbox.cloud.things == []


def test_a_deployment_that_fails_leaves_the_one_that_runs(project: Path, tmp_path: Path, fleet: dict[str, Any]) -> None:
    environment = {"platforms": {}, "edgeFleets": {"stores": fleet}}
    with sandbox_of(project, tmp_path / "home", environment) as sandbox:
        sandbox.up(check=True)
        running = {thing.id for thing in sandbox.cloud.all(DEPLOYMENT)}
        fleet["rings"][0]["revision"] = "candidate"
        sandbox.config["modelinfra:environment"] = environment
        sandbox.cloud.fail(type=DEPLOYMENT, message="ThrottlingException: too many")
        assert not sandbox.up().ok
        assert {thing.id for thing in sandbox.cloud.all(DEPLOYMENT)} == running
        assert sandbox.up(check=True).changes
        assert (len(sandbox.cloud.all(DEPLOYMENT)), len(sandbox.cloud.all(COMPONENT))) == (2, 4)
