"""`modelinfra cost STACK`: what each component costs a month, with the price, its source and its day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from modelinfra.cli.check import From, graph_of
from modelinfra.cli.common import WRONG_INPUT, AsJson, Project, Stack, fail, print_json, project_directory, stack_file
from modelinfra.cli.cost_lines import Prices, price_table
from modelinfra.cli.output import Output, write_output
from modelinfra.cli.stack_config import stack_config

if TYPE_CHECKING:
    from modelinfra.graph.cost import Estimate
    from modelinfra.review.usage import UsageCost


def cost(
    stack: Stack,
    project: Project = None,
    source: From = None,
    prices: Prices = None,
    as_json: AsJson = False,
    output: Output = None,
) -> None:
    """Explain what a stack costs a month, component by component: unit, quantity, price, source and day.

    What is paid by use is counted at what the stack file states below `modelinfra:usage`; what it does not state is assumed, and marked.

    Example: modelinfra cost prod --prices ours.yaml
    """
    from modelinfra.graph.cost import estimate
    from modelinfra.review.usage import KEY, UsageError, read_usage, usage_cost

    table = price_table(prices)
    directory = project_directory(project)
    file = stack_file(directory, stack)
    config = stack_config(directory, stack)
    graph = graph_of(stack, project, source)
    region = config.get("aws:region")
    fixed = estimate(graph, table, default_region=region)
    try:
        used = usage_cost(graph, table, read_usage(config.get(KEY), directory), region)
    except UsageError as error:
        fail(f"{file.name}: {error}", WRONG_INPUT)
    if as_json:
        print_json(_as_data(fixed, used))
        return
    write_output("\n".join(_lines(fixed, used)), output)


def _lines(fixed: Estimate, used: UsageCost) -> Iterator[str]:
    from modelinfra.graph.cost_words import cost_lines, dollars

    rows: dict[str, list[tuple[Decimal, Decimal, str]]] = {}
    for item in fixed.items:
        quantity = _between(item.quantity_min, item.quantity_max)
        text = f"{item.what}: {quantity} at ${item.price.usd} the {item.unit}{', at most' if item.ceiling else ''}"
        rows.setdefault(item.component, []).append((item.monthly_min, item.monthly_max, f"{text}; {_read(item.price)}"))
    for use in used.items:
        stated = "assumed" if use.assumed else "stated"
        text = f"{use.what}: {_plain(use.quantity)} {use.price.unit} ({stated}) at ${use.price.usd}"
        rows.setdefault(use.component, []).append((use.monthly, use.monthly, f"{text}; {_read(use.price)}"))
    for component, found in rows.items():
        low, high = sum((each[0] for each in found), Decimal(0)), sum((each[1] for each in found), Decimal(0))
        yield f"{component}  {dollars(low, high)} a month"
        for least, most, text in found:
            yield f"  {dollars(least, most):>16}  {text}"
    first, *others = cost_lines(fixed, date.today())
    yield f"Fixed: {first}"
    yield from others
    assumed = sorted({item.what for item in used.items if item.assumed})
    yield f"By use: {dollars(used.monthly, used.monthly)} a month" + (
        f", assuming the use of: {', '.join(assumed)} (state it below modelinfra:usage)" if assumed else ""
    )
    for reason, what in sorted({(each.reason, each.what) for each in used.unknown}):
        yield f"  {reason}: {what}"
    total = dollars(fixed.monthly_min + used.monthly, fixed.monthly_max + used.monthly)
    rest = [each for each in fixed.not_counted if each not in used.covered]
    unknown = ", and what is unknown above" if fixed.unknown or used.unknown else ""
    yield f"Total: {total} a month{unknown}" + (f"; not counted, or not all of it: {', '.join(rest)}" if rest else "")


def _read(price: Any) -> str:
    return f"{price.region}, {price.as_of}, {price.provenance}, {price.source}"


def _between(least: Decimal, most: Decimal) -> str:
    return _plain(least) if least == most else f"{_plain(least)} to {_plain(most)}"


def _plain(value: Decimal) -> str:
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".")


def _as_data(fixed: Estimate, used: UsageCost) -> dict[str, Any]:
    return {
        **fixed.to_json(),
        "usage": {
            "monthlyUsd": str(used.monthly),
            "items": [
                {
                    "component": item.component,
                    "urn": item.urn,
                    "what": item.what,
                    "region": item.price.region,
                    "unit": item.price.unit,
                    "quantity": str(item.quantity),
                    "assumed": item.assumed,
                    "usdPerUnit": str(item.price.usd),
                    "monthlyUsd": str(item.monthly),
                    "asOf": item.price.as_of.isoformat(),
                    "provenance": item.price.provenance,
                    "source": item.price.source,
                }
                for item in used.items
            ],
            "unknown": [
                {"component": each.component, "urn": each.urn, "what": each.what, "reason": each.reason}
                for each in used.unknown
            ],
        },
        "totalMonthlyUsd": {
            "min": str(fixed.monthly_min + used.monthly),
            "max": str(fixed.monthly_max + used.monthly),
        },
    }
