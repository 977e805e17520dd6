"""`modelinfra graph STACK`: an environment drawn, without cloud, credentials or engine."""

from __future__ import annotations

from modelinfra.cli.check import From, graph_of
from modelinfra.cli.common import Project, Stack
from modelinfra.cli.cost_lines import Prices, price_table
from modelinfra.cli.output import Format, FormatName, Output, write_output
from modelinfra.cli.preview import captured_cost


def graph(
    stack: Stack,
    project: Project = None,
    source: From = None,
    format: Format = FormatName.mermaid,  # noqa: A002 - the word of the option
    output: Output = None,
    prices: Prices = None,
) -> None:
    """Draw what a stack becomes: as a flowchart, as a page with a picture, as text or data.

    Example: modelinfra graph prod --format html -o prod.html
    """
    from modelinfra.review.render import render_graph

    table = price_table(prices)
    found = graph_of(stack, project, source)
    write_output(render_graph(found, captured_cost(found, project, table), str(format)), output)
