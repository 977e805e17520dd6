"""Sends up what waits, once the cloud is back, and at the time of the day that it is told."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import Final

from modelinfra.router.cloud import AwayError, Cloud
from modelinfra.router.messages import Answer
from modelinfra.router.metrics import FAILS, Metrics
from modelinfra.router.settings import Settings
from modelinfra.router.settings import Store as Told
from modelinfra.router.store import Store, Waiting
from modelinfra.router.window import is_open

_IDLE_SECONDS: Final = 0.5
_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 3600.0
# Of a request on which the endpoint itself fails (500): over an hour and a half.
_TIMES: Final = 10


class Sending:
    """The oldest first, some at once, and no more in a second than is told: what devices ask now comes first.

    A request leaves the store when its answer was seen. One whose answer was lost on the way (a crash, a cut) is sent again under the same
    key: whoever keeps keys sees it once.
    """

    def __init__(
        self,
        settings: Settings,
        told: Told,
        store: Store,
        cloud: Cloud,
        metrics: Metrics,
        keep: Callable[[Waiting, Answer], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._settings, self._store, self._cloud, self._metrics, self._keep = settings, store, cloud, metrics, keep
        self._per_second = told.send_per_second
        # Half of the places at the cloud stay free.
        self._at_once = max(1, settings.cloud.concurrency // 2)

    async def run(self) -> None:
        """Until cancelled."""
        was_away = False
        while True:
            if self._cloud.away:
                was_away = True
                await asyncio.sleep(_IDLE_SECONDS)
                continue
            if not is_open(self._settings.send_between, self._clock()):
                await asyncio.sleep(_IDLE_SECONDS)
                continue
            try:
                if was_away:
                    self._store.now()
                    was_away = False
                began = time.monotonic()
                waiting = await self._store.take(self._at_once)
                if not waiting:
                    await asyncio.sleep(_IDLE_SECONDS)
                    continue
                sent = await asyncio.gather(*(self._send(each) for each in waiting))
                await self._store.done([each.asked.key for each, done in zip(waiting, sent, strict=True) if done])
            except sqlite3.Error:
                await asyncio.sleep(_IDLE_SECONDS)
                continue
            due = began + len(waiting) / self._per_second
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _send(self, waiting: Waiting) -> bool:
        try:
            found = await self._cloud.ask(waiting.asked, self._settings.cloud.timeout_seconds)
        except AwayError:
            self._later(waiting)
            return False
        if found.status >= 500:
            # The endpoint is there and fails on this one.
            if waiting.attempts + 1 < _TIMES:
                self._later(waiting)
                return False
            self._metrics.lost(FAILS, 1)
            return True
        self._metrics.sent(refused=not found.good)
        if found.good:
            self._keep(waiting, found)
        return True

    def _later(self, waiting: Waiting) -> None:
        """Others go before it: this request itself may be what the endpoint cannot answer."""
        self._store.later(waiting.asked.key, min(_FIRST_PAUSE * 2.0 ** min(waiting.attempts, 20), _LONGEST_PAUSE))
