"""What AWS charges, as far as somebody read it: prices.tsv by hand, prices_ec2.tsv made by tools/refresh_instance_types.py.

A price that no row has is unknown, never guessed from another region. docs/prices.md says where the rows come from.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, cast, get_args

from modelinfra.catalog.table import note, rows

HOURS_PER_MONTH = 730
"""AWS's pricing calculator's month: 365 days of 24 hours by 12."""

STALE_AFTER_DAYS = 548
"""18 months: an estimate with an older price says so."""

_EC2_SOURCE = "https://aws.amazon.com/ec2/pricing/on-demand/"

Provenance = Literal["price list", "public page", "undated", "memory", "override"]
"""How a price was read: see the head of prices.tsv. `override` is a price that the user gave."""


@dataclass(frozen=True)
class Price:
    """One price of one thing in one region."""

    item: str
    """What is paid for, such as `nat.gateway`, `fargate.x86_64.vcpu` or `ec2.g5.xlarge`."""
    region: str
    unit: str
    """What one of it is: hour, GB-hour, GB-month, alarm metric-month ..."""
    usd: Decimal
    as_of: date
    """The day for which the source says so; for `undated` and `memory` the day on which the row was written."""
    provenance: Provenance
    source: str
    """AWS's page that holds the price; for overrides the file that the user gave."""

    @property
    def service(self) -> str:
        """The first word of the item, such as `fargate`."""
        return self.item.partition(".")[0]

    @property
    def monthly(self) -> Decimal:
        """USD of one unit over a whole month. Raises ValueError for what is counted by use, such as GB."""
        if self.unit.endswith("-month"):
            return self.usd
        if self.unit == "hour" or self.unit.endswith("-hour"):
            return self.usd * HOURS_PER_MONTH
        raise ValueError(f"{self.item} is paid by the {self.unit}, and how many there are in a month nobody knows")

    def is_stale(self, today: date) -> bool:
        """Whether the price is so old that it may have changed."""
        return (today - self.as_of).days > STALE_AFTER_DAYS


@dataclass(frozen=True)
class PriceTable:
    """Prices by item and region."""

    prices: Mapping[tuple[str, str], Price]

    @classmethod
    def of(cls, prices: Iterable[Price]) -> PriceTable:
        """A table of these; a later price takes the place of an earlier one of the same thing and region."""
        return cls(MappingProxyType({(each.item, each.region): each for each in prices}))

    def price(self, item: str, region: str) -> Price | None:
        """The price, None when it is unknown."""
        return self.prices.get((item, region))

    def overridden(self, prices: Iterable[Price]) -> PriceTable:
        """This table with these prices added, or in the place of its own."""
        return PriceTable.of([*self.prices.values(), *prices])

    def unit(self, item: str) -> str | None:
        """The unit in which an item is paid, wherever it is; None for an item that no region has."""
        return next((each.unit for each in self.prices.values() if each.item == item), None)

    @property
    def items(self) -> tuple[str, ...]:
        """Every item that has a price somewhere, sorted."""
        return tuple(sorted({item for item, _ in self.prices}))


@functools.cache
def list_prices() -> PriceTable:
    """AWS's list prices, as far as the catalogue has them."""
    return PriceTable.of([*_instance_prices(), *_service_prices()])


def price(item: str, region: str) -> Price | None:
    """AWS's list price of an item in a region, None when it is unknown."""
    return list_prices().price(item, region)


def _service_prices() -> Iterator[Price]:
    for item, region, unit, usd, as_of, provenance, source in rows("prices.tsv"):
        if provenance not in get_args(Provenance):
            raise ValueError(f"prices.tsv: {item} in {region}: there is no provenance {provenance!r}")
        how = cast(Provenance, provenance)
        yield Price(item, region, unit, Decimal(usd), date.fromisoformat(as_of), how, source)


def _instance_prices() -> Iterator[Price]:
    as_of = date.fromisoformat(note("prices_ec2.tsv", "as_of"))
    for name, usd in rows("prices_ec2.tsv"):
        yield Price(f"ec2.{name}", "us-east-1", "hour", Decimal(usd), as_of, "price list", _EC2_SOURCE)
