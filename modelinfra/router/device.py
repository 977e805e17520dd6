"""The model server on the device, which may be busy, slow, or not there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

import httpx

from modelinfra.router.asking import NoAnswerError, ask
from modelinfra.router.gate import FullError, Gate
from modelinfra.router.messages import Answer, Asked
from modelinfra.router.metrics import Metrics
from modelinfra.router.settings import Settings

# Why it has no answer.
OVERLOAD: Final = "overload"
TIMEOUT: Final = "timeout"
UNREADY: Final = "model not ready"
FAILED: Final = "model failed"

_READY_SECONDS: Final = 1.0
# Refusals that say nothing of the request itself.
_NOT_THE_REQUEST: Final = frozenset({404, 408, 425, 429})


class NotHereError(Exception):
    """It has no answer; the message is one of the reasons above."""


class Device:
    """Asks it, some requests at once, and knows whether it is ready."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._gate = Gate(settings.local.concurrency)
        most = settings.local.concurrency
        # The device's own model is never asked through a proxy.
        self._client = httpx.AsyncClient(
            trust_env=False, timeout=None, limits=httpx.Limits(max_connections=most + 1, max_keepalive_connections=most)
        )
        self.ready = False
        metrics.gauge("waiting", "Requests that wait for the light model.", lambda: self._gate.waiting)
        metrics.gauge("in_flight", "Requests at the light model.", lambda: self._gate.inside)
        metrics.gauge("model_ready", "Whether the light model is.", lambda: self.ready)

    def figures(self) -> Mapping[str, Callable[[], float | None]]:
        """What is so now, by the names in `figures.FIGURES`."""
        return {"Waiting": self._gate.most_waiting, "NotReady": lambda: int(not self.ready)}

    async def ask(self, asked: Asked, *, most_waiting: int, seconds: float, end: float, anyway: bool) -> Answer:
        """A prediction, or its words on what is wrong with the request. most_waiting: others that wait. seconds: for all of it, until `end` at
        most. anyway: also where it was not ready a moment ago. Raises NotHereError."""
        if not self.ready and not anyway:
            raise NotHereError(UNREADY)
        try:
            async with asyncio.timeout(max(0.0, min(seconds, end - time.monotonic()))):
                async with self._gate.place(most_waiting):
                    found = await ask(
                        self._client,
                        self._settings.local.url + self._settings.path,
                        body=asked.body,
                        headers=asked.headers,
                        seconds=self._settings.local.timeout_seconds,
                        most=self._settings.max_body,
                    )
        except FullError:
            raise NotHereError(OVERLOAD) from None
        except TimeoutError:
            raise NotHereError(TIMEOUT) from None
        except NoAnswerError as error:
            if not error.connected:
                self.ready = False
                raise NotHereError(UNREADY) from None
            raise NotHereError(TIMEOUT if str(error) == "timeout" else FAILED) from None
        if found.status >= 500 or found.status in _NOT_THE_REQUEST or 300 <= found.status < 400:
            raise NotHereError(FAILED)
        return found

    async def watch(self) -> None:
        """Notice whether it is ready, until cancelled."""
        url = self._settings.local.url + self._settings.ready_path
        while True:
            ready = False
            with suppress(NoAnswerError):
                found = await ask(
                    self._client, url, method="GET", body=b"", headers={}, seconds=5, most=self._settings.max_body
                )
                ready = found.good
            self.ready = ready
            await asyncio.sleep(_READY_SECONDS)

    async def close(self) -> None:
        """Connections to it."""
        await self._client.aclose()
