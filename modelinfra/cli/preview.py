"""`modelinfra preview STACK`: what a stack becomes, without cloud, credentials or engine."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from modelinfra.cli.common import (
    WRONG_INPUT,
    AsJson,
    Project,
    Stack,
    console,
    fail,
    mistakes_as_exit_2,
    print_json,
    project_directory,
)
from modelinfra.cli.cost_lines import Prices, price_table, show_cost

if TYPE_CHECKING:
    from rich.tree import Tree

    from modelinfra.catalog.prices import PriceTable
    from modelinfra.graph.cost import Estimate
    from modelinfra.graph.model import Graph, Node


def preview(stack: Stack, project: Project = None, prices: Prices = None, as_json: AsJson = False) -> None:
    """Print every resource that a stack becomes, by component, and what it costs. Nothing is asked of any cloud.

    Example: modelinfra preview sandbox
    """
    table = price_table(prices)
    graph = captured(stack, project, preview=True)
    cost = captured_cost(graph, project, table)
    if as_json:
        print_json(
            {
                "stack": stack,
                "resources": [node.to_json() for node in graph.resources],
                "warnings": graph.warnings,
                "cost": cost.to_json(),
            }
        )
        return
    show_graph(graph, cost)
    show_cost(cost)


def captured(stack: str, project: Project, *, preview: bool) -> Graph:
    """The stack's graph, captured in this process. Exits with 2 on a user's mistake."""
    from modelinfra.cli.common import stack_file
    from modelinfra.graph.project import ProjectError, capture_project

    directory = project_directory(project)
    stack_file(directory, stack)
    with mistakes_as_exit_2():
        try:
            return capture_project(directory, stack, preview=preview)
        except ProjectError as error:
            fail(str(error), WRONG_INPUT)


def captured_cost(graph: Graph, project: Project, prices: PriceTable) -> Estimate:
    """What a captured graph costs, in the region that its stack configures for the default provider."""
    from modelinfra.graph.cost import estimate
    from modelinfra.graph.project import load_project

    region = load_project(project_directory(project), graph.stack).config.get("aws:region")
    return estimate(graph, prices, default_region=region)


def show_graph(graph: Graph, cost: Estimate) -> None:
    """The tree of components, counts by type, outputs, what can be reached, what the program had to say, what each component costs."""
    from modelinfra.review.render.outlines import of_graph
    from modelinfra.review.render.words import money

    out = console()
    out.print(_tree(graph))
    counts = Counter(node.type.rsplit(":", 1)[-1] for node in graph.resources if node.custom)
    out.print(
        f"\n{sum(counts.values())} resources: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    )
    for log in graph.logs:
        if log["severity"] == "info":
            out.print(f"note: {log['message']}", markup=False)
    for warning in graph.warnings:
        out.print(f"warning: {warning}", style="yellow", markup=False)
    outline = of_graph(graph, cost)
    for key, value in outline.outputs.items():
        out.print(f"output {key}: {value}", markup=False)
    for way in outline.reachable:
        out.print(f"reachable from {way}", markup=False)
    for row in outline.cost.rows if outline.cost else ():
        out.print(f"{row.component} costs {money(row.after)} a month", markup=False)


def _tree(graph: Graph) -> Tree:
    from rich.tree import Tree

    root = Tree(f"[bold]{graph.stack}[/bold]")
    branches = {"": root}
    stack_urn = next((node.urn for node in graph if not node.parent), "")
    branches[stack_urn] = root
    for node in graph.resources:
        branches[node.urn] = branches.get(node.parent, root).add(_label(node))
    return root


def _label(node: Node) -> str:
    kind = node.type.rsplit(":", 1)[-1]
    return f"{kind} [dim]{node.name}[/dim]" if node.custom else f"[bold cyan]{kind}[/bold cyan] {node.name}"
