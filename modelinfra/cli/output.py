"""What the commands of a review share: formats, where the text goes, and what is exit status 1."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelinfra.cli.common import WRONG_INPUT, fail

if TYPE_CHECKING:
    from modelinfra.catalog.prices import PriceTable
    from modelinfra.review.changes import Changes
    from modelinfra.review.context import Context
    from modelinfra.review.places import Places
    from modelinfra.review.report import Report
    from modelinfra.review.usage import Usage


class FormatName(enum.StrEnum):
    """The formats of `modelinfra.review.render`."""

    tree = "tree"
    markdown = "markdown"
    json = "json"
    html = "html"
    mermaid = "mermaid"


class Limit(enum.StrEnum):
    """The severities of `modelinfra.review.finding`, worst first."""

    high = "high"
    medium = "medium"
    low = "low"
    note = "note"


FailOn = Annotated[
    Limit | None,
    typer.Option("--fail-on", help="Exit with 1 when there is a finding as bad as this.", show_default=False),
]
Format = Annotated[FormatName, typer.Option("--format", help="How to write it.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write to instead of standard output.", show_default=False)
]


def report_of(
    changes: Changes,
    *,
    stack: str,
    prices: PriceTable,
    region: str | None,
    context: Context,
    usage: Usage | None,
    places: Places | None,
) -> Report:
    """`modelinfra.review.report.report`, loaded when it is used."""
    from modelinfra.review.report import report

    return report(changes, stack=stack, prices=prices, region=region, context=context, usage=usage, places=places)


def rendered(report: Report, format: str) -> str:  # noqa: A002
    """The report in one of the formats."""
    from modelinfra.review.render import render

    return render(report, str(format))


def write_output(text: str, output: Path | None) -> None:
    """To the file, or to standard output. Exits with 2 when the file cannot be written."""
    if output is None:
        typer.echo(text, nl=not text.endswith("\n"))
        return
    try:
        output.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}", WRONG_INPUT)
