"""The outline as one page that needs nothing else: no network, and no script for what matters."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter, defaultdict
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Template

from modelinfra.review.render import words
from modelinfra.review.render.outline import MARK_WORDS, MARKS, Outline, Resource
from modelinfra.review.render.svg import draw
from modelinfra.review.render.templating import Markup, template

if TYPE_CHECKING:
    from modelinfra.graph.cost import Estimate
    from modelinfra.graph.model import Graph
    from modelinfra.review.render.reported import Report

WIDE, NARROW = 1120, 358
"""Widths of the picture: on a desktop, and on a phone of 390 pixels."""


def render(report: Report) -> str:
    """A review."""
    from modelinfra.review.render.outlines import of_report

    return write(of_report(report))


def render_graph(graph: Graph, estimate: Estimate | None) -> str:
    """One environment."""
    from modelinfra.review.render.outlines import of_graph

    return write(of_graph(graph, estimate))


def write(outline: Outline) -> str:
    """The page."""
    style, script = _asset("page.css"), _asset("page.js")
    counts = Counter(each.mark for each in outline.resources)
    return _template().render(
        outline=outline,
        style=Markup(style),
        script=Markup(script),
        # The page's data may be a stranger's: only this script runs, whatever the page holds.
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        wide=Markup(draw(outline.picture, WIDE)) if outline.picture.boxes else "",
        narrow=Markup(draw(outline.picture, NARROW)) if outline.picture.boxes else "",
        marks=[mark for mark in MARKS if mark != "same"],
        words=MARK_WORDS,
        counts=counts,
        groups=_groups(outline),
    )


def _groups(outline: Outline) -> list[tuple[str, str, list[Resource]]]:
    """Each component with something to show: its name, what happens in it, its resources, worst first."""
    inside: dict[str, list[Resource]] = defaultdict(list)
    for each in outline.resources:
        inside[each.component].append(each)
    names = {each.urn: f"{words.kind(each.type)} {each.name}" for each in outline.components}
    order = [urn for urn in (*names, "") if urn in inside]
    return [
        (
            names.get(urn, "Beside the components"),
            _summary(inside[urn]),
            sorted(inside[urn], key=lambda each: (each.quiet, MARKS.index(each.mark))),
        )
        for urn in order
    ]


def _summary(resources: list[Resource]) -> str:
    counts = Counter(each.mark for each in resources)
    changed = [f"{counts[mark]} {MARK_WORDS[mark]}" for mark in MARKS if mark != "same" and counts[mark]]
    return ", ".join(changed) or f"{len(resources)} resources"


@cache
def _asset(name: str) -> str:
    return (files("modelinfra.review.render") / "templates" / name).read_text(encoding="utf-8").strip()


@cache
def _template() -> Template:
    return template(
        "page.html.j2",
        None,
        {
            "kind": words.kind,
            "name_of": words.name_of,
            "money": words.money,
            "difference": words.difference,
            "quietly": words.quietly,
            "reach": words.reach,
        },
    )
