"""Tables of a review: one file for each, all read only the graphs, what they need and what they cost."""

from __future__ import annotations

from modelinfra.graph.cost import Estimate
from modelinfra.review.changes import Changes
from modelinfra.review.figures import memory_fit, needs, rolling, unit_cost
from modelinfra.review.needs import Demand
from modelinfra.review.table import Table
from modelinfra.review.usage import Usage

__all__ = ["all_tables"]


def all_tables(
    changes: Changes, demand: Demand, before: Estimate | None, after: Estimate | None, usage: Usage | None
) -> tuple[Table, ...]:
    """Every table that has a row, in the order in which a report shows them."""
    return (
        *rolling.tables(changes, usage),
        *needs.tables(demand, before, after),
        *memory_fit.tables(changes, usage),
        *unit_cost.tables(changes, before, after, usage),
    )
