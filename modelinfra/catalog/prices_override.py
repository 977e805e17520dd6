"""Prices that a company pays instead of the list's: a YAML or JSON file.

asOf: 2026-11-01
prices:
  us-west-2:
    fargate.x86_64.vcpu: 0.0344
    ec2.g5.xlarge: 0.71
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from modelinfra.catalog.prices import Price, PriceTable, list_prices

# The areas and directions that AWS names regions by (AWS general reference, "AWS Regions"): a typing error is found, a region that opens
# tomorrow is taken.
_REGION = re.compile(
    r"(af|ap|ca|cn|eu|il|me|mx|sa|us)(-gov|-isof?|-isob|-isoe)?-(north|south|east|west|central|(north|south)(east|west))-\d"
)
_INSTANCE = re.compile(r"ec2\.[a-z0-9-]+\.[a-z0-9-]+")


class PriceFileError(ValueError):
    """What is wrong with a file of prices, each mistake with its path, all in one go."""


def with_overrides(path: Path) -> PriceTable:
    """The list prices, with those of the file in their place or beside them. Raises PriceFileError."""
    return list_prices().overridden(read_prices(path))


def read_prices(path: Path) -> list[Price]:
    """The prices of a file. Raises PriceFileError."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.safe_load(text)
        twice = list(_twice(yaml.compose(text, yaml.SafeLoader)))
    except FileNotFoundError:
        raise PriceFileError(f"There is no {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PriceFileError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise PriceFileError(f"{path} is neither YAML nor JSON: {error}") from None
    problems = [*_problems(document), *twice]
    if problems:
        raise PriceFileError("\n".join([f"{path}: {_counted(len(problems))}", *(f"  {each}" for each in problems)]))
    as_of = _date(document["asOf"])
    return [
        Price(item, region, _unit(item) or "hour", Decimal(str(usd)), as_of, "override", str(path))
        for region, prices in document["prices"].items()
        for item, usd in prices.items()
    ]


def _counted(mistakes: int) -> str:
    return "1 mistake" if mistakes == 1 else f"{mistakes} mistakes"


def _unit(item: str) -> str | None:
    if _INSTANCE.fullmatch(item):
        return "hour"
    return list_prices().unit(item)


def _problems(document: Any) -> Iterator[str]:
    if not isinstance(document, Mapping):
        yield "it must hold a mapping with `asOf` and `prices`."
        return
    for key in document:
        if key not in ("asOf", "prices"):
            yield f"{key}: there is no such key. Write `asOf` and `prices`."
    yield from _wrong_date(document.get("asOf"))
    prices = document.get("prices")
    if not isinstance(prices, Mapping) or not prices:
        yield "prices: must be a mapping of region to prices, such as `us-west-2: {ec2.g5.xlarge: 0.71}`."
        return
    for region, items in prices.items():
        if not isinstance(region, str) or not _REGION.fullmatch(region):
            yield f"prices.{region}: is no region. Write one such as us-west-2."
        elif not isinstance(items, Mapping) or not items:
            yield f"prices.{region}: must be a mapping of item to USD, such as `ec2.g5.xlarge: 0.71`."
        else:
            for item, usd in items.items():
                yield from _wrong_price(f"prices.{region}.{item}", str(item), usd)


def _date(given: Any) -> date:
    """YAML has dates and times of its own, JSON has text. Raises ValueError."""
    return date.fromisoformat(str(given)[:10] if isinstance(given, date) else str(given))


def _wrong_date(given: Any) -> Iterator[str]:
    try:
        as_of = _date(given)
    except ValueError:
        shown = "is missing" if given is None else f"(given: {given!r}) is no date"
        yield f"asOf: {shown}. Write the day for which these prices hold, such as 2026-11-01."
        return
    # Where the file was written it may be tomorrow already.
    if as_of > date.today() + timedelta(days=1):
        yield f"asOf: (given: {as_of}) is in the future. Write the day on which these prices were read."


def _twice(node: Any, path: str = "") -> Iterator[str]:
    """Keys that stand twice in one mapping, of which YAML and JSON keep the last one without a word."""
    seen: set[str] = set()
    for key, value in node.value if node is not None and node.id == "mapping" else ():
        word = str(key.value)
        below = f"{path}.{word}" if path else word
        if word in seen:
            yield f"{below}: stands a second time, in line {key.start_mark.line + 1}. Remove one of the two."
        seen.add(word)
        yield from _twice(value, below)


def _wrong_price(path: str, item: str, usd: Any) -> Iterator[str]:
    if _unit(item) is None:
        close = difflib.get_close_matches(item, list_prices().items, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else "docs/prices.md lists them; an instance is `ec2.g5.xlarge`."
        yield f"{path}: there is nothing of this name to be paid for. {hint}"
    if isinstance(usd, bool) or not isinstance(usd, (int, float)) or not 0 <= usd < float("inf"):
        yield f"{path} (given: {usd!r}): must be a number of USD, 0 or more, such as 0.71."
