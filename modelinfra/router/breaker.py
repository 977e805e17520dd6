"""Whether the cloud is there: so that nobody waits for it again and again while it is not."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

_FAILURES: Final = 3
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0


class Breaker:
    """Away after a connection that failed, or after three bad answers in a row; back when a probe is answered. clock: seconds.

    While it is away no user's request tries it: a probe does, after 1 s, 2 s, 4 s ... 60 s, each a little scattered, so that a site's
    devices do not all come at once.
    """

    def __init__(self, clock: Callable[[], float], scatter: Callable[[], float] = random.random) -> None:
        self._clock, self._scatter = clock, scatter
        self._failures, self._pause = 0, _FIRST_PAUSE
        self._until: float | None = None

    @property
    def away(self) -> bool:
        """Whether nothing is sent."""
        return self._until is not None

    @property
    def due(self) -> bool:
        """Whether it is time for a probe."""
        return self._until is not None and self._clock() >= self._until

    def failed(self, *, at_once: bool = False, seconds: float = 0) -> None:
        """at_once: there was no connection. seconds: that the cloud asked to wait for."""
        if self.away and not self.due:  # one of those that were on their way already
            return
        self._failures += 1
        if not (self.away or at_once or seconds or self._failures >= _FAILURES):
            return
        pause = min(max(self._pause * (0.75 + self._scatter() / 2), seconds), _LONGEST_PAUSE)
        self._until = self._clock() + pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def back(self) -> None:
        """A probe was answered. Whether predictions are, the next one shows: if not, it is away at once, and for longer."""
        self._failures, self._until = _FAILURES - 1, None

    def answered(self) -> None:
        """A prediction came."""
        self._failures, self._pause, self._until = 0, _FIRST_PAUSE, None
