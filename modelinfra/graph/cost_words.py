"""An estimate in a few lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from modelinfra.graph.cost import Estimate, Unpriced

_CENTS_BELOW = 10


def cost_lines(estimate: Estimate, today: date) -> list[str]:
    """The sum, then what a reader must know about it: spot, unknown, remembered, old and own prices, each in a line of its own."""
    return [_sum(estimate), *(f"  {line}" for line in _remarks(estimate, today))]


def dollars(least: Decimal, most: Decimal) -> str:
    """`$118 to $154`, or `$118` where both are the same; with cents below 10 dollars."""
    low, high = _amount(least), _amount(most)
    return low if low == high else f"{low} to {high}"


def _sum(estimate: Estimate) -> str:
    besides = ", and what is unknown below" if estimate.unknown else ""
    if not estimate.items:
        return f"nothing that has a known fixed price{besides}{_not_counted(estimate)}"
    amount = dollars(estimate.monthly_min, estimate.monthly_max)
    where = f"on-demand prices of {_list(estimate.regions)} (as of {estimate.as_of})"
    return f"{amount} a month{besides}, at {where}{_not_counted(estimate)}"


def _not_counted(estimate: Estimate) -> str:
    return f", not counting {', '.join(estimate.not_counted)}" if estimate.not_counted else ""


def _remarks(estimate: Estimate, today: date) -> Iterator[str]:
    spot = [item.component for item in estimate.items if item.ceiling and item.quantity_max]
    if spot:
        yield f"spot price varies: {_list(spot)} is counted at the on-demand price, which is the most that it costs"
    yield from _unknown(estimate.unknown)
    prices = estimate.prices
    remembered = [f"{price.item} ({price.region})" for price in prices if price.provenance == "memory"]
    if remembered:
        yield f"prices from memory, not read again: {_list(remembered)}"
    old = [price for price in prices if price.is_stale(today)]
    if old:
        named = _list(f"{price.item} of {price.as_of} ({price.region})" for price in old)
        yield f"warning: prices older than 18 months: {named}. Give today's with --prices"
    for source in sorted({price.source for price in prices if price.provenance == "override"}):
        own = [price for price in prices if price.source == source]
        yield f"{source} gives {len(own)} of the {len(prices)} prices"


def _unknown(unknown: Iterable[Unpriced]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[str]] = {}
    for each in unknown:
        groups.setdefault((each.reason, each.what), []).append(each.component)
    for (reason, what), components in groups.items():
        yield f"{reason}: {what} ({_list(components)})"


def _list(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _amount(usd: Decimal) -> str:
    step = Decimal("0.01") if 0 < usd < _CENTS_BELOW else Decimal(1)
    return f"${usd.quantize(step, ROUND_HALF_UP):,}"
