"""How fast errors may use up what an objective of availability leaves, on any platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Burn:
    """Errors use the budget up `factor` times faster than it lasts, in a long window and in a short one that says that it goes on."""

    name: str
    factor: float
    long: int
    short: int


# Google, The Site Reliability Workbook, chapter 5, table 5-8: 2 % of a 30 days' budget in an hour, 5 % in six. In seconds.
BURNS: Final = (Burn("fast", 14.4, 3600, 300), Burn("slow", 6, 6 * 3600, 1800))
