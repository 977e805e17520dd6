"""The part of a day in which a device sends up what can wait."""

from __future__ import annotations

from typing import Final

from modelinfra.router.settings import Window

_DAY: Final = 24 * 60


def is_open(told: Window | None, now: float) -> bool:
    """now: time (UTC). The minute in which it starts is within, the one in which it ends is not."""
    if told is None:
        return True
    start, end, minute = _minute(told.start), _minute(told.end), int(now // 60) % _DAY
    return start <= minute < end if start < end else minute >= start or minute < end


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
