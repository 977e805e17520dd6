"""One HTTP request with a whole answer, of a bounded size."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx

from modelinfra.router.messages import Answer, answer

_ENDED: Final = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


class NoAnswerError(Exception):
    """connected: whether there was somebody."""

    def __init__(self, reason: str, *, connected: bool) -> None:
        super().__init__(reason)
        self.connected = connected


async def ask(
    client: httpx.AsyncClient,
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    seconds: float,
    most: int,
    method: str = "POST",
) -> Answer:
    """seconds: for all of it. most: bytes of the answer. Raises NoAnswerError."""
    try:
        async with asyncio.timeout(seconds):
            try:
                return await _once(client, url, body=body, headers=headers, most=most, method=method)
            except _ENDED:
                # A connection that was kept open, and that the server closed in the same moment. A prediction may be asked for again.
                return await _once(client, url, body=body, headers=headers, most=most, method=method)
    except TimeoutError:
        raise NoAnswerError("timeout", connected=True) from None
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise NoAnswerError(type(error).__name__, connected=False) from None
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise NoAnswerError(type(error).__name__, connected=True) from None


async def _once(
    client: httpx.AsyncClient, url: str, *, body: bytes, headers: Mapping[str, str], most: int, method: str
) -> Answer:
    # As it is: what is packed is not unpacked on the way.
    told = {**headers, "accept-encoding": "identity", "user-agent": "modelinfra-router"}
    async with client.stream(method, url, content=body, headers=told) as response:
        found = bytearray()
        async for chunk in response.aiter_raw():
            found += chunk
            if len(found) > most:
                raise NoAnswerError(f"the answer has more than {most} bytes", connected=True)
        return answer(response.status_code, response.headers, bytes(found))
