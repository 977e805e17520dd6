"""The outline as plain text for a terminal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelinfra.review.render import words
from modelinfra.review.render.outline import Figures, Mark, Outline, Resource
from modelinfra.review.render.words import cut, kind, money

if TYPE_CHECKING:
    from modelinfra.graph.cost import Estimate
    from modelinfra.graph.model import Graph
    from modelinfra.review.render.reported import Report

SIGNS: dict[Mark, str] = {"same": " ", "create": "+", "update": "~", "replace": "±", "delete": "-"}

MOST_PROPERTIES, LONGEST = 12, 120


def render(report: Report) -> str:
    """A review."""
    from modelinfra.review.render.outlines import of_report

    return write(of_report(report))


def render_graph(graph: Graph, estimate: Estimate | None) -> str:
    """One environment."""
    from modelinfra.review.render.outlines import of_graph

    return write(of_graph(graph, estimate))


def write(outline: Outline) -> str:
    """The verdict, findings, the tree of components, cost, and what else there is to say."""
    return "\n".join(line.rstrip() for line in _lines(outline)) + "\n"


def _lines(outline: Outline) -> Iterator[str]:
    if outline.verdict:
        yield from (outline.verdict, "")
    for each in outline.findings:
        yield f"{each.severity} {each.kind}: {each.title}"
        yield from (
            f"    {text}"
            for text in (
                *each.text,
                f"remedy: {each.remedy}" if each.remedy else "",
                f"at {each.place}" if each.place else "",
            )
            if text
        )
    if outline.findings:
        yield ""
    yield f"{outline.stack} ({outline.project})"
    yield from _tree(outline)
    yield ""
    if outline.kind == "change":
        yield " ".join(filter(None, (f"{words.operations(outline)}.", words.quietly(outline), words.reach(outline))))
        if outline.roll_back:
            yield f"Roll back: {outline.roll_back}"
    else:
        yield f"{len(outline.resources)} resources: {words.counted(outline.resources)}"
    yield from _cost(outline)
    for table in outline.tables:
        yield from _figures(table)
    yield from _listed("Reachable from", outline.reachable)
    yield from _listed("Outputs", [f"{key}: {value}" for key, value in outline.outputs.items()])
    yield from _listed("Known only after the deployment", outline.unknowns)
    yield from (f"note: {each}" for each in outline.notes)
    yield from (f"warning: {each}" for each in outline.warnings)


def _tree(outline: Outline) -> Iterator[str]:
    inside: dict[str, list[str | Resource]] = defaultdict(list)
    needed = {each.component for each in outline.told}
    for component in reversed(outline.components):
        if component.urn in needed:
            needed.add(component.parent)
    for component in outline.components:
        if component.urn in needed:
            inside[component.parent].append(component.urn)
    for resource in outline.told:
        inside[resource.component].append(resource)
    names = {each.urn: f"{kind(each.type)} {each.name}" for each in outline.components}

    def branch(urn: str, indent: str) -> Iterator[str]:
        children = inside[urn]
        for index, child in enumerate(children):
            last = index == len(children) - 1
            edge, below = ("└── ", "    ") if last else ("├── ", "│   ")
            if isinstance(child, str):
                yield f"{indent}{edge}{names[child]}"
                yield from branch(child, indent + below)
            else:
                sign = f"{SIGNS[child.mark]} " if outline.kind == "change" else ""
                yield f"{indent}{edge}{sign}{kind(child.type)} {child.name}{_state(child, outline)}"
                yield from (f"{indent}{below}    {line}" for line in _properties(child))

    yield from branch("", "")


def _state(resource: Resource, outline: Outline) -> str:
    if resource.mark == "same":
        return ""
    behind = f", because {words.name_of(resource.because[0])} is replaced" if resource.because else ""
    moved = outline.moved.get(resource.urn)
    was = f", was {words.name_of(moved)}" if moved else ""
    unsure = ", not certain" if resource.certainty == "unknown" else ""
    return f" ({resource.mark}{behind}{was}{unsure})"


def _properties(resource: Resource) -> Iterator[str]:
    for each in resource.told[:MOST_PROPERTIES]:
        forced = "  forces the replacement" if each.replaces else ""
        before, after = (cut(text, LONGEST) or "(none)" for text in (each.before, each.after))
        yield f"{each.path}: {before} → {after}{forced}"
    if len(resource.told) > MOST_PROPERTIES:
        yield f"and {len(resource.told) - MOST_PROPERTIES} more properties"


def _cost(outline: Outline) -> Iterator[str]:
    cost = outline.cost
    if cost is None:
        return
    where = f", on-demand prices of {', '.join(cost.regions)} as of {cost.as_of}" if cost.as_of else ""
    if cost.before is None:
        yield f"Cost: {money(cost.after)} a month{where}"
    else:
        change = words.difference(cost.before, cost.after)
        yield f"Cost: {money(cost.before)} → {money(cost.after)} a month ({change}){where}"
    for row in cost.rows:
        before = "" if row.before is None or row.before == row.after else f"{money(row.before)} → "
        yield f"  {row.component}: {before}{money(row.after)}"
    yield from (f"  not known: {each}" for each in cost.unknown)
    if cost.not_counted:
        yield f"  not counted: {', '.join(cost.not_counted)}"


def _figures(table: Figures) -> Iterator[str]:
    yield f"{table.title}:"
    cells = [[cut(text, LONGEST) for text in row] for row in (table.head, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    yield from ("  " + "  ".join(map(str.ljust, row, widths)) for row in cells)
    yield from (f"  {note}" for note in table.notes)


def _listed(title: str, texts: tuple[str, ...] | list[str]) -> Iterator[str]:
    if texts:
        yield f"{title}:"
        yield from (f"  {text}" for text in texts)
