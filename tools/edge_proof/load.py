"""Some clients that ask one request after the other, and what they saw."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Asked:
    label: int
    body: str


@dataclass(frozen=True)
class Seen:
    """began: seconds since the run began. tries: how often it had to be asked until somebody answered."""

    began: float
    seconds: float
    right: bool
    by: str
    kept: bool
    tries: int


def requests(file: Path) -> list[Asked]:
    return [Asked(**json.loads(row)) for row in file.read_text().splitlines()]


async def run(
    url: str,
    asked: Sequence[Asked],
    clients: int,
    token: str = "",
    events: Sequence[tuple[int, Callable[[], Awaitable[None]]]] = (),
    between: float = 0.0,
) -> list[Seen]:
    """events: what happens when so many requests were asked. between: seconds that a client rests after an answer."""
    queue = list(enumerate(asked))[::-1]
    waiting = sorted(events, key=lambda each: each[0])[::-1]
    seen: list[Seen | None] = [None] * len(asked)
    tasks: list[asyncio.Task[None]] = []
    start = time.monotonic()
    async with httpx.AsyncClient(timeout=30, trust_env=False, limits=httpx.Limits(max_connections=clients)) as client:

        async def one() -> None:
            while queue:
                index, each = queue.pop()
                while waiting and index >= waiting[-1][0]:
                    tasks.append(asyncio.ensure_future(waiting.pop()[1]()))
                seen[index] = await ask(client, url, each, f"request-{index}", token, start)
                await asyncio.sleep(between)

        await asyncio.gather(*(one() for _ in range(clients)))
        await asyncio.gather(*tasks)
    return [each for each in seen if each is not None]


async def ask(client: httpx.AsyncClient, url: str, asked: Asked, key: str, token: str, start: float) -> Seen:
    headers = {"content-type": "application/json", "idempotency-key": key}
    if token:
        headers["authorization"] = f"Bearer {token}"
    began, tries = time.monotonic(), 0
    while True:
        tries += 1
        try:
            answer = await client.post(f"{url}/v2/models/digits/infer", content=asked.body, headers=headers)
            if answer.status_code == 200:
                break
        except httpx.HTTPError:
            pass
        if time.monotonic() - began > _PATIENCE_SECONDS:
            raise RuntimeError(f"{key} was not answered within {_PATIENCE_SECONDS} s")
        await asyncio.sleep(0.1)
    (output,) = answer.json()["outputs"]
    found = max(range(10), key=output["data"].__getitem__)
    told = answer.headers
    return Seen(
        began - start,
        time.monotonic() - began,
        found == asked.label,
        told.get("x-modelinfra-answered-by", ""),
        told.get("x-modelinfra-cloud") == "away, sent later",
        tries,
    )
