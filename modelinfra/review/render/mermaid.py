"""The picture as a Mermaid flowchart that GitHub draws: folded until it is within its limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelinfra.review.render.outline import LAYERS, MARK_WORDS, Arrow, Box, Layer, Mark, Outline, Picture
from modelinfra.review.render.words import cut

if TYPE_CHECKING:
    from modelinfra.graph.cost import Estimate
    from modelinfra.graph.model import Graph
    from modelinfra.review.render.reported import Report

# Mermaid's own limits are maxTextSize 50,000 and maxEdges 500 (its configuration schema); GitHub sets no others.
MOST_CHARACTERS, MOST_EDGES = 49_000, 480

MOST_BOXES_OF_A_LAYER = (40, 20, 10, 5, 2)
_LONGEST = 60

# By shape as well as by colour: Mermaid's brackets for a box.
_SHAPES: dict[Mark, tuple[str, str]] = {
    "same": ("[", "]"),
    "create": ("([", "])"),
    "update": ("[/", "/]"),
    "replace": ("[[", "]]"),
    "delete": ("{{", "}}"),
}
_LINES = {"request": "-->", "out": "-.-", "uses": "---"}
_STYLES = (
    "classDef create stroke:#1a7f37,stroke-width:3px",
    "classDef update stroke:#0969da,stroke-width:3px",
    "classDef replace stroke:#bc4c00,stroke-width:4px",
    "classDef delete stroke:#cf222e,stroke-width:3px,stroke-dasharray:6 4",
)


def render(report: Report) -> str:
    """A review."""
    from modelinfra.review.render.outlines import of_report

    return write(of_report(report))


def render_graph(graph: Graph, estimate: Estimate | None) -> str:
    """One environment."""
    from modelinfra.review.render.outlines import of_graph

    return write(of_graph(graph, estimate))


def write(outline: Outline) -> str:
    """The flowchart without a fence around it."""
    for most in MOST_BOXES_OF_A_LAYER:
        text = "\n".join(_chart(outline.picture, most)) + "\n"
        if len(text) <= MOST_CHARACTERS:
            break
    return text


def _chart(picture: Picture, most: int) -> Iterator[str]:
    yield "flowchart TB"
    ids: dict[str, str] = {}
    used: set[Mark] = set()
    for layer in LAYERS:
        boxes = [box for box in picture.boxes if box.layer == layer]
        if not boxes:
            continue
        yield f'  subgraph {layer}_layer["{LAYERS[layer]}"]'
        shown = sorted(boxes, key=lambda box: box.mark == "same")[:most]
        for box in boxes:
            if box in shown:
                ids[box.id] = f"n{len(ids)}"
                used.add(box.mark)
                yield f"    {_node(box, ids[box.id])}"
        yield from _rest(layer, [box for box in boxes if box not in shown])
        yield "  end"
    arrows = [each for each in picture.arrows if each.source in ids and each.target in ids]
    yield from (f"  {_edge(each, ids)}" for each in arrows[:MOST_EDGES])
    yield from (f"  {style}" for style in _STYLES if style.split()[1] in used)


def _rest(layer: Layer, boxes: list[Box]) -> Iterator[str]:
    if boxes:
        changed = sum(box.mark != "same" for box in boxes)
        yield f'    {layer}_rest["and {len(boxes)} more, {changed} of them changed"]'


def _node(box: Box, name: str) -> str:
    first, last = _SHAPES[box.mark]
    lines = [box.title, *box.lines[:4], *([f"zone {box.zone}"] if box.zone else [])]
    lines += [MARK_WORDS[box.mark].upper()] if box.mark != "same" else []
    text = "<br/>".join(escaped(cut(line, _LONGEST)) for line in lines)
    return f'{name}{first}"{text}"{last}{"" if box.mark == "same" else f":::{box.mark}"}'


def _edge(arrow: Arrow, ids: dict[str, str]) -> str:
    label = f'|"{escaped(cut(arrow.label, _LONGEST))}"|' if arrow.label else ""
    # Mermaid ranks by direction: the way out is written from its far end, so that public subnets stay above private ones.
    first, last = (arrow.target, arrow.source) if arrow.kind == "out" else (arrow.source, arrow.target)
    return f"{ids[first]} {_LINES[arrow.kind]}{label} {ids[last]}"


def escaped(text: str) -> str:
    """Everything but letters, digits and what is harmless as Mermaid's own character codes."""
    # `1. ` and `- ` would be lists, which Mermaid refuses in a label.
    return "".join(
        each
        if each.isalnum() or each in " ,_/:" or (each in ".-" and text[index + 1 : index + 2] not in ("", " "))
        else f"#{ord(each)};"
        for index, each in enumerate(text)
    )
