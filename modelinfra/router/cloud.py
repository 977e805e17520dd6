"""The endpoint in the cloud, which may be away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import httpx

from modelinfra.router.asking import NoAnswerError, ask
from modelinfra.router.auth import AuthError, auth
from modelinfra.router.breaker import Breaker
from modelinfra.router.messages import KEY, Answer, Asked
from modelinfra.router.settings import Settings

_CONNECT_SECONDS: Final = 3.0
_PROBE_SECONDS: Final = 0.2
_BUSY: Final = frozenset({429, 502, 503, 504})

# Of these another attempt may end otherwise: credentials and deployments change. Any other refusal is of the request itself.
_LATER: Final = frozenset({401, 403, 404, 408, 425, 429})


class AwayError(Exception):
    """There is no answer now; there may be one later."""


class Cloud:
    """Asks it, and knows whether it is there. say: writes a line to the log."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings, self._told, self._say = settings, settings.cloud, say
        self._auth = auth(settings.cloud.auth)
        self._breaker = Breaker(time.monotonic)
        self._places = asyncio.Semaphore(settings.cloud.concurrency)
        self._client: httpx.AsyncClient | None = None
        self._stamp: object = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def away(self) -> bool:
        """Whether asking it is of no use."""
        return self._breaker.away

    @property
    def busy(self) -> bool:
        """Whether as many ask it as may."""
        return self._places.locked()

    async def ask(self, asked: Asked, seconds: float) -> Answer:
        """A prediction, a refusal of the request itself, or a failure that may be due to it (500). Raises AwayError."""
        if self.away:
            raise AwayError("away")
        async with self._places:
            found = await self._once(asked, seconds)
            if found.status in (401, 403) and await self._auth.renewed():
                found = await self._once(asked, seconds)
        if found.status in _BUSY or found.status in _LATER or 300 <= found.status < 400:
            # A refusal of this device is one of all its requests.
            self._failed(f"it answers {found.status}", seconds=_seconds(found) if found.status in _BUSY else 0)
            raise AwayError(f"it answers {found.status}")
        self._breaker.answered()
        return found

    async def watch(self) -> None:
        """Notice when it is back, until cancelled."""
        if self._settings.split is not None:
            # Without it there is no answer: whether it is there is known before the first request.
            await self._probe()
        while True:
            await asyncio.sleep(_PROBE_SECONDS)
            if self._breaker.due:
                await self._probe()

    async def _probe(self) -> None:
        with suppress(AwayError):
            found = await self._send("GET", self._told.probe_path, b"", {}, self._told.timeout_seconds)
            if found.status in _BUSY:
                self._failed(f"it answers {found.status}", seconds=_seconds(found))
                return
            # A gateway may refuse the probe's path to devices that may well predict.
            if found.status in (401, 403):
                await self._auth.renewed()
            if self.away:
                self._say("the cloud is back")
                self._breaker.back()

    async def close(self) -> None:
        """Its connections, also those of a certificate before this one: nobody asks by them any more."""
        if self._client is not None:
            await self._client.aclose()
        for each in self._closing:
            each.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _once(self, asked: Asked, seconds: float) -> Answer:
        return await self._send("POST", self._told.path, asked.body, {**asked.headers, KEY: asked.key}, seconds)

    async def _send(self, method: str, path: str, body: bytes, headers: dict[str, str], seconds: float) -> Answer:
        url = self._told.url.rstrip("/") + path
        try:
            client = self._connections()
            shown = await self._auth.headers(method, url, headers, body)
            return await ask(
                client,
                url,
                body=body,
                headers=shown,
                seconds=min(seconds, self._told.timeout_seconds),
                most=self._settings.max_body,
                method=method,
            )
        except AuthError as error:
            self._failed(str(error), at_once=True)
            raise AwayError(str(error)) from None
        except NoAnswerError as error:
            # Where less time was left than an answer may take, the cloud is not to blame.
            if not error.connected or seconds >= self._told.timeout_seconds:
                self._failed(str(error), at_once=not error.connected)
            raise AwayError(str(error)) from None

    def _connections(self) -> httpx.AsyncClient:
        """Opened anew when the device's certificate is another one. Raises AuthError where there is none yet."""
        now = self._auth.stamp()
        if self._client is not None and now == self._stamp:
            return self._client
        try:
            context = self._auth.context()
        except AuthError:
            if self._client is None:
                raise
            return self._client
        most = self._told.concurrency
        client = httpx.AsyncClient(
            verify=context,
            timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=most + 1, max_keepalive_connections=most),
        )
        before, self._client, self._stamp = self._client, client, now
        if before is not None:
            self._say("the device's certificate is another one now")
            task = asyncio.create_task(self._close_later(before))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        return client

    async def _close_later(self, client: httpx.AsyncClient) -> None:
        """Who asks by it gets the answer."""
        try:
            await asyncio.sleep(self._told.timeout_seconds)
        finally:
            await client.aclose()

    def _failed(self, why: str, *, at_once: bool = False, seconds: float = 0) -> None:
        before = self.away
        self._breaker.failed(at_once=at_once, seconds=seconds)
        if self.away and not before:
            self._say(f"the cloud is away: {why}")


def _seconds(found: Answer) -> float:
    """What it asks to wait for, where it says so in seconds."""
    text = found.headers.get("retry-after", "")
    return float(text) if text.isdigit() else 0.0
