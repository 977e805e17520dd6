"""The outline as JSON, and back: version 2 of a schema that `schema()` states and docs/review-formats.md explains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from modelinfra.review.render.outline import Outline

if TYPE_CHECKING:
    from modelinfra.graph.cost import Estimate
    from modelinfra.graph.model import Graph
    from modelinfra.review.render.reported import Report

LARGEST = 20_000_000
"""Bytes that `read` takes; 2,000 resources of which 500 change 20 properties of 280 characters need 17 million (tests/review/test_bounds.py)."""


class NotAnOutline(ValueError):  # noqa: N818 - it reads as what it says
    """The text is no outline. The message says where and why in one line."""


def write(outline: Outline) -> str:
    """One object, indented, keys in the order of the schema."""
    return json.dumps(outline.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False) + "\n"


def read(text: str) -> Outline:
    """The outline in a text that anybody may have written. Raises NotAnOutline."""
    if len(text.encode(errors="surrogatepass")) > LARGEST:
        raise NotAnOutline(f"more than {LARGEST:,} bytes")
    try:
        return Outline.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(each) for each in first["loc"]) or "the whole"
        raise NotAnOutline(f"{where}: {first['msg']}") from None


def read_file(file: Path) -> Outline:
    """The outline in a file that anybody may have written; a larger one is not opened. Raises NotAnOutline and OSError."""
    if file.stat().st_size > LARGEST:
        raise NotAnOutline(f"more than {LARGEST:,} bytes")
    try:
        return read(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise NotAnOutline("not UTF-8 text") from None


def schema() -> dict[str, Any]:
    """The JSON Schema of what `write` writes."""
    return Outline.model_json_schema(by_alias=True, mode="serialization")


def render(report: Report) -> str:
    """A review."""
    from modelinfra.review.render.outlines import of_report

    return write(of_report(report))


def render_graph(graph: Graph, estimate: Estimate | None) -> str:
    """One environment."""
    from modelinfra.review.render.outlines import of_graph

    return write(of_graph(graph, estimate))
