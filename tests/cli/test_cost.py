"""`modelinfra cost`: every line has its price, source and day; use is stated or said to be assumed."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from modelinfra.cli.main import app
from tests.cli.test_cost_lines import ENVIRONMENT, written


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return written(tmp_path, "us-west-2")


def stated(project: Path, usage: Any) -> Path:
    config = {"aws:region": "us-west-2", "modelinfra:environment": ENVIRONMENT, "modelinfra:usage": usage}
    (project / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))
    return project


def cost(project: Path, *arguments: Any) -> Result:
    return CliRunner().invoke(app, ["cost", "dev", "-C", str(project), *map(str, arguments)])


def data(project: Path, *arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cost(project, "--json", *arguments).stdout)
    return found


def used(project: Path) -> dict[tuple[str, str], tuple[str, bool]]:
    return {
        (each["component"], each["what"]): (each["quantity"], each["assumed"])
        for each in data(project)["usage"]["items"]
    }


def test_every_line_names_quantity_unit_price_region_day_and_source(project: Path) -> None:
    lines = cost(project).stdout.splitlines()
    (nat,) = [line for line in lines if "NAT gateway: " in line]
    assert "NAT gateway: 1 at $0.045 the hour; us-west-2, 20" in nat
    assert nat.endswith("https://aws.amazon.com/vpc/pricing/")
    assert [line.split()[0] for line in lines if line[0] not in " FBT"] == [
        "dev",
        "dev-digits",
        "dev-network",
        "dev-web-shared",
    ]


def test_use_that_nobody_stated_is_assumed_and_said_to_be(project: Path) -> None:
    text = cost(project).stdout
    assert "NAT gateway traffic: 100 GB (assumed) at $0.045" in text
    assert "assuming the use of: NAT gateway traffic, load balancer capacity, logs written, stored images" in text
    assert all(assumed and Decimal(quantity) > 0 for quantity, assumed in used(project).values())


def test_use_that_the_stack_file_states_is_counted_for_all_or_for_one_component(project: Path) -> None:
    found = used(stated(project, {"natGb": 2000, "logGb": 1, "components": {"dev-digits": {"logGb": 400}}}))
    assert found["dev-network", "NAT gateway traffic"] == ("2000", False)
    assert found["dev-digits", "logs written"] == ("400", False)
    assert found["dev-digits", "stored images"] == ("10", True)


def test_capacity_units_follow_requests_or_bytes_whichever_is_more(project: Path) -> None:
    key = ("dev-web-shared", "load balancer capacity")
    assert Decimal(used(stated(project, {"requestsPerSecond": 50, "gbOut": 0}))[key][0]) == 2 * 730
    assert Decimal(used(stated(project, {"requestsPerSecond": 0, "gbOut": 7300}))[key][0]) == 7300


def test_the_total_is_the_sum_of_what_has_a_fixed_price_and_of_use(project: Path) -> None:
    found = data(stated(project, {"natGb": 1000}))
    use = sum(Decimal(each["monthlyUsd"]) for each in found["usage"]["items"])
    for side in ("min", "max"):
        fixed = sum(Decimal(each["monthlyUsd"][side]) for each in found["items"])
        assert Decimal(found["totalMonthlyUsd"][side]) == fixed + use


def test_a_price_that_nobody_knows_is_named(tmp_path: Path) -> None:
    text = cost(written(tmp_path, "eu-south-1")).stdout
    assert "price unknown for eu-south-1: NAT gateway traffic" in text
    assert "Total: $0 a month, and what is unknown above" in text


def test_own_prices_are_taken(project: Path, tmp_path: Path) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text("asOf: 2026-11-01\nprices:\n  us-west-2: {nat.traffic: 0.5}\n")
    (nat,) = [
        each for each in data(project, "--prices", prices)["usage"]["items"] if each["what"] == "NAT gateway traffic"
    ]
    assert (nat["monthlyUsd"], nat["provenance"]) == ("50.0", "override")


def test_a_language_model_whose_config_is_a_file_of_the_project_is_no_mistake(project: Path) -> None:
    (project / "config.json").write_text(json.dumps({"model_type": "llama"}))
    usage = {"components": {"dev-digits": {"languageModel": {"config": "config.json", "weightGib": 1}}}}
    result = cost(stated(project, usage))
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        ({"natGB": 1}, "natGB (given: 1)"),
        ({"natGb": -1}, "natGb (given: -1)"),
        ({"components": {"digits": {}}}, "no component is called digits. There are: dev, dev-digits"),
        ([1], "the whole (given: [1])"),
    ],
)
def test_wrong_usage_is_exit_status_2_with_path_and_remedy(project: Path, usage: Any, said: str) -> None:
    result = cost(stated(project, usage))
    assert result.exit_code == 2
    assert said in result.stderr
