"""Figures of a review beside its findings: what it needs, what fits, what a request costs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """One table. head: what the columns are. rows: as many texts each. notes: what a reader must know of the figures.

    Raises ValueError where a row has another length than the head.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(len(row) != len(self.head) for row in self.rows):
            raise ValueError(f"{self.title}: each row has {len(self.head)} cells")
