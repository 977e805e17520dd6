"""Tables of a review: one file for each, all read only the graphs and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from modelinfra.graph.cost import Estimate
from modelinfra.review.changes import Changes
from modelinfra.review.figures import needs
from modelinfra.review.table import Table

__all__ = ["TABLES", "all_tables"]

TABLES: tuple[Callable[[Changes, Estimate | None, Estimate | None], Iterator[Table]], ...] = (needs.tables,)
"""In the order in which a report shows them. Each takes the change and what both states cost, where that is known."""


def all_tables(changes: Changes, before: Estimate | None, after: Estimate | None) -> tuple[Table, ...]:
    """Every table that has a row."""
    return tuple(table for made in TABLES for table in made(changes, before, after) if table.rows)
