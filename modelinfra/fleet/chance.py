"""How few of some devices fail, when each does with a given chance."""

from __future__ import annotations

import math
from typing import Final

DOUBT: Final = 1e-4
"""How seldom it is fewer than said."""


def at_least(devices: int, share: float, doubt: float = DOUBT) -> int:
    """Failures among so many devices, which it is at least, but for a chance of `doubt` (Chernoff's bound, with the relative entropy)."""
    if share >= 1:
        return devices
    if share <= 0 or devices <= 0:
        return 0
    least, most = 0, math.floor(devices * share)
    while least < most:
        middle = (least + most) // 2
        if devices * _entropy(middle / devices, share) > -math.log(doubt):
            least = middle + 1
        else:
            most = middle
    return least


def _entropy(seen: float, share: float) -> float:
    """Of a coin that shows `seen` against one of `share`."""
    found = 0.0
    if seen > 0:
        found += seen * math.log(seen / share)
    if seen < 1:
        found += (1 - seen) * math.log((1 - seen) / (1 - share))
    return found
