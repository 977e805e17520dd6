"""A review or an environment as text for people and programs: one file for each format."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from modelinfra.graph.cost import Estimate
    from modelinfra.graph.model import Graph
    from modelinfra.review.render.outline import Outline
    from modelinfra.review.render.reported import Report

FORMATS: Final = ("tree", "markdown", "json", "html", "mermaid")
"""What `--format` takes."""


def render(report: Report, format: str) -> str:  # noqa: A002 - the word of the option
    """A review. The same report is always the same text. Raises ValueError for another format."""
    from modelinfra.review.render.outlines import of_report

    return render_outline(of_report(report), format)


def render_graph(graph: Graph, estimate: Estimate | None, format: str) -> str:  # noqa: A002
    """One environment: what there is, what it costs, what can be reached. Raises ValueError for another format."""
    from modelinfra.review.render.outlines import of_graph

    return render_outline(of_graph(graph, estimate), format)


def render_outline(outline: Outline, format: str) -> str:  # noqa: A002
    """What `json.read` gave back. Raises ValueError for another format."""
    if format not in FORMATS:
        raise ValueError(f"{format!r} is no format; there are: {', '.join(FORMATS)}")
    text: str = import_module(f"modelinfra.review.render.{format}").write(outline)
    return text
