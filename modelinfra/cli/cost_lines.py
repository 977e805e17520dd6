"""The cost at the end of `modelinfra preview` and `modelinfra up`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelinfra.cli.common import WRONG_INPUT, console, fail

if TYPE_CHECKING:
    from modelinfra.catalog.prices import PriceTable
    from modelinfra.graph.cost import Estimate

Prices = Annotated[
    Path | None,
    typer.Option(
        "--prices",
        help="YAML or JSON file of prices that you pay instead of the list's, or of other regions (docs/prices.md).",
        show_default=False,
    ),
]


def price_table(file: Path | None) -> PriceTable:
    """The list prices, with the file's in their place. Exits with 2, naming every mistake of the file."""
    from modelinfra.catalog.prices import list_prices
    from modelinfra.catalog.prices_override import PriceFileError, with_overrides

    if file is None:
        return list_prices()
    try:
        return with_overrides(file)
    except PriceFileError as error:
        fail(str(error), WRONG_INPUT)


def show_cost(estimate: Estimate, *, sandbox: bool = False) -> None:
    """The estimate, and in the sandbox that it is nobody's bill."""
    from modelinfra.graph.cost_words import cost_lines

    first, *others = cost_lines(estimate, date.today())
    out = console()
    out.print(f"Cost{' on AWS' if sandbox else ''}: {first}", markup=False)
    for line in others:
        style = "yellow" if line.lstrip().startswith("warning") else "dim"
        out.print(line, style=style, markup=False)
    if sandbox:
        out.print("  Nothing is billed here: the cloud is a stand-in.", style="dim")
