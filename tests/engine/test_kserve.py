"""KServe on a cluster of the stand-in cloud, with the real engine: order, second up, upgrade, failure, destroy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelinfra.options.kserve import KServeOptions
from modelinfra.options.strict import validate
from modelinfra.platforms.kserve.plan import Part, parts
from modelinfra.testing.sandbox import Sandbox
from tests.platforms.kserve_worlds import CONFIGURATIONS

pytestmark = pytest.mark.engine

PROJECT = Path(__file__).parent / "projects/kserve"
RELEASE, DIGITS = "kubernetes:helm.sh/v3:Release", "digits"

Made = Callable[..., Sandbox]


@pytest.fixture
def cluster(sandbox: Made, tmp_path: Path) -> Made:
    """Makes sandboxes whose cluster has nothing yet."""

    def make(**options: Any) -> Sandbox:
        production = options.pop("production", False)
        config = {"kserve:options": options, "kserve:serves": True, "kserve:production": production}
        return sandbox(PROJECT, home=tmp_path / "home", packages=("kubernetes",), config=config)

    return make


def planned(options: dict[str, Any]) -> tuple[Part, ...]:
    return parts(validate(KServeOptions, options), production=False)


def done(stack: Sandbox, op: str) -> list[str]:
    """Roles in the order in which the cluster was asked to make or to delete them, and the endpoint."""
    return [call.name.removeprefix("serving-") for call in stack.cloud.calls if call.op == op]


@pytest.mark.parametrize(
    "configuration",
    [pytest.param(each, marks=[pytest.mark.slow_judge] if "Knative" in each else []) for each in CONFIGURATIONS],
)
def test_it_is_taken_away_in_the_reverse_of_the_order_of_its_installation(configuration: str, cluster: Made) -> None:
    options = {key: value for key, value in CONFIGURATIONS[configuration].items() if key != "production"}
    stack = cluster(**options)
    stack.up(check=True)
    stack.destroy(check=True)

    made, gone = done(stack, "create"), done(stack, "delete")
    expected = {part.role for part in planned(options)}
    assert set(made) == set(gone) == {*expected, DIGITS}
    for part in planned(options):
        for earlier in part.after:
            assert made.index(earlier) < made.index(part.role), f"{part.role} waits for {earlier}"
            assert gone.index(part.role) < gone.index(earlier), f"{earlier} stays until {part.role} is gone"
    assert (made[-1], gone[0]) == (DIGITS, DIGITS), "an endpoint comes last and goes first"
    assert stack.cloud.things == []


def test_an_installation_from_failed_steps_to_production(cluster: Made) -> None:
    stack = cluster()
    everything = {*(part.role for part in planned({})), DIGITS}

    # Steps fail: what waits for them is not begun, and no endpoint is made on half an installation ...
    for step in ("crds", "gateway-api", "cert-manager"):
        stack.cloud.fail(op="create", urn=f"::serving-{step}$", message=f"{step}: context deadline exceeded")
    failed = stack.up()
    stack.cloud.clear_failures()  # the engine may have stopped before it came to all three
    assert failed.exit_code != 0
    assert "context deadline exceeded" in failed.text
    assert not {"controller", "envoy-gateway", "gateway", DIGITS} & set(roles(stack))

    # ... and the same command goes on from there, also when the controller's own Pods do not become ready.
    stack.cloud.fail(op="create", urn="::serving-controller$", message="context deadline exceeded")
    failed = stack.up()
    assert failed.exit_code != 0
    assert not {"controller", DIGITS} & set(roles(stack))
    stack.up(check=True)
    assert sorted(roles(stack)) == sorted(everything)
    assert stack.up(check=True).changes == {}, "a second up changes nothing"

    # Another version of a chart updates that chart alone, also one of definitions, which Helm itself would not upgrade.
    stack.config["kserve:bumped"] = {"keda": "2.21.0", "gateway-crds-helm": "v1.9.1"}
    up = stack.up(check=True)
    assert {(op, urn.rpartition("::")[2]) for op, urn in up.steps} == {
        ("update", "serving-keda"),
        ("update", "serving-gateway-api"),
    }
    assert stack.cloud.one(RELEASE, "serving-keda").actual["version"] == "2.21.0"

    # Going into production replaces nothing, and a destroy takes nothing that endpoints need.
    ids = {thing.id for thing in stack.cloud.things}
    stack.config["kserve:production"] = True
    assert set(stack.up(check=True).changes) == {"update"}
    assert {thing.id for thing in stack.cloud.things} == ids
    refused = stack.destroy()
    assert refused.exit_code != 0
    assert "protected" in refused.text
    assert set(roles(stack)) >= everything - {DIGITS}


def roles(stack: Sandbox) -> list[str]:
    """What exists."""
    return [thing.name.removeprefix("serving-") for thing in stack.cloud.things]
