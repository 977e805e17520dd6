"""How many requests are at the light model at once, and how many wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class FullError(Exception):
    """As many wait as may."""


class Gate:
    """concurrency: inside at once; the others come in as they came."""

    def __init__(self, concurrency: int) -> None:
        self._places = asyncio.Semaphore(concurrency)
        self.waiting, self.inside, self._most = 0, 0, 0

    def most_waiting(self) -> int:
        """At once, since this was asked last."""
        found, self._most = self._most, self.waiting
        return found

    @asynccontextmanager
    async def place(self, most_waiting: int) -> AsyncIterator[None]:
        """A place, once there is one. Raises FullError at once where `most_waiting` others wait."""
        if self._places.locked() and self.waiting >= most_waiting:
            raise FullError
        self.waiting += 1
        if self._places.locked():
            self._most = max(self._most, self.waiting)
        try:
            await self._places.acquire()
        finally:
            self.waiting -= 1
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1
            self._places.release()
