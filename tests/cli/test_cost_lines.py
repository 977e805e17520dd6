"""The cost at the end of `modelinfra preview`; that of `modelinfra up` is in tests/engine/test_cost.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from modelinfra.cli.main import app
from tests.making import write_model

PROGRAM = "from modelinfra import Environment\n\nEnvironment.from_config()\n"
ENVIRONMENT = {
    "network": {"nat": "single"},
    "platforms": {"web": {"type": "ecs"}},
    "endpoints": {
        "digits": {"server": "mlserver", "model": "model", "memory": "2GiB", "scaling": {"min": 2, "max": 4}}
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return written(tmp_path, "us-west-2")


def written(directory: Path, region: str | None) -> Path:
    """A project whose stack `dev` is in the region."""
    write_model(directory / "model")
    (directory / "Pulumi.yaml").write_text("name: proof\nruntime: python\n")
    (directory / "__main__.py").write_text(PROGRAM)
    config: dict[str, Any] = {"modelinfra:environment": ENVIRONMENT} | ({"aws:region": region} if region else {})
    (directory / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))
    return directory


def preview(project: Path, *more: str) -> str:
    result = CliRunner().invoke(app, ["preview", "dev", "-C", str(project), *more])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_preview_ends_with_what_the_stack_costs_in_its_region(project: Path) -> None:
    last = preview(project).strip().splitlines()[-1]
    assert last.startswith("Cost: $132 to $204 a month, at on-demand prices of us-west-2 (as of 20")
    assert ", not counting Container Insights metrics, " in last


def test_the_same_as_json(project: Path) -> None:
    cost = json.loads(preview(project, "--json"))["cost"]
    assert {item["what"] for item in cost["items"]} == {
        "NAT gateway", "public IPv4 address", "application load balancer", "alarm metric", "alarm metric of autoscaling", "dashboard",
        "Fargate vCPU", "Fargate memory",
    }  # fmt: skip
    assert {item["component"] for item in cost["items"]} == {"dev", "dev-network", "dev-web-shared", "dev-digits"}
    assert cost["unknown"] == []


def test_another_region_is_not_guessed(tmp_path: Path) -> None:
    lines = preview(written(tmp_path, "eu-south-1")).strip().splitlines()
    assert "  price unknown for eu-south-1: NAT gateway (dev-network)" in lines
    assert any(
        line.startswith("Cost: nothing that has a known fixed price, and what is unknown below") for line in lines
    )


def test_without_a_region_no_price_is_taken_from_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    assert "region unknown, and so the price: NAT gateway (dev-network)" in preview(written(tmp_path, None))


def test_a_companys_own_prices_are_taken(project: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("asOf: 2026-11-01\nprices: {us-west-2: {nat.gateway: 0}}\n")
    output = preview(project, "--prices", str(own))
    assert "Cost: $99 to $171 a month" in output
    assert f"{own} gives 1 of the 7 prices" in output


def test_a_mistake_in_them_stops_before_anything_else(project: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("asOf: 2026-11-01\nprices: {us-west-2: {nat.gateways: 0}}\n")
    result = CliRunner().invoke(app, ["preview", "dev", "-C", str(project), "--prices", str(own)])
    assert result.exit_code == 2
    assert (
        "prices.us-west-2.nat.gateways: there is nothing of this name to be paid for. Did you mean 'nat.gateway'?"
        in result.stderr
    )
    assert result.stdout == ""
