"""The cloud cut off under load, and the router killed in the middle of it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from edge_proof.load import Asked, Seen, run
from edge_proof.place import Place

MAX_BYTES = 8 * 1024 * 1024
_LAST_SECONDS = 240.0


@dataclass(frozen=True)
class Moment:
    """at: seconds. stored: requests that wait. disk: bytes of the store."""

    at: float
    stored: float
    disk: int


@dataclass(frozen=True)
class Cut:
    """silent, gone, killed, back: seconds at which packets vanished, the cloud was gone, the router was killed, the cloud was back.
    answered of asked; again: had to ask more than once (the router was dead). kept: whose answer said that they are sent later; missing: of
    these, not arrived. arrived: requests that came to the cloud, again: under a key that had come before, twice: computed twice. lost: the
    router's own count."""

    seen: Sequence[Seen]
    moments: Sequence[Moment]
    silent: float
    gone: float
    killed: float
    back: float
    empty: float
    kept: int
    missing: int
    arrived: int
    again: int
    twice: int
    max_bytes: int
    lost: float


def measured(place: Place, asked: Sequence[Asked], least: float, clients: int) -> Cut:
    """At three tenths of the requests packets vanish, at four tenths the cloud is gone, at five tenths the router is killed, at seven tenths
    the cloud is back."""
    place.kill("gateway")
    place.journal.unlink()
    place.gateway()
    place.wait("gateway")
    place.router(least, MAX_BYTES)
    place.wait("router")
    return asyncio.run(_measured(place, asked, least, clients))


async def _measured(place: Place, asked: Sequence[Asked], least: float, clients: int) -> Cut:
    start, times, moments = time.monotonic(), dict[str, float](), list[Moment]()

    def note(name: str) -> None:
        times[name] = time.monotonic() - start

    async def silent() -> None:
        place.signal("gateway", signal.SIGSTOP)
        note("silent")

    async def gone() -> None:
        # What had arrived meanwhile is worked on, and then it dies, too.
        place.signal("gateway", signal.SIGCONT)
        await asyncio.sleep(0.5)
        place.kill("gateway")
        note("gone")

    async def killed() -> None:
        place.kill("router")
        note("killed")
        await asyncio.sleep(1)
        place.router(least, MAX_BYTES)

    async def back() -> None:
        place.gateway()
        note("back")

    async def watching() -> None:
        while True:
            try:
                stored = await asyncio.to_thread(place.metric, "stored_requests")
                moments.append(Moment(time.monotonic() - start, stored, place.disk()))
            except OSError:
                moments.append(Moment(time.monotonic() - start, moments[-1].stored if moments else 0, place.disk()))
            await asyncio.sleep(0.25)

    watch = asyncio.create_task(watching())
    count = len(asked)
    events = [(count * part // 10, what) for part, what in ((3, silent), (4, gone), (5, killed), (7, back))]
    seen = await run(place.url("router"), asked, clients, events=events)
    while await asyncio.to_thread(place.metric, "stored_requests"):
        if time.monotonic() - start > _LAST_SECONDS + times["back"]:
            raise RuntimeError("what was kept is not sent")
        await asyncio.sleep(0.2)
    note("empty")
    watch.cancel()
    rows = [row.split() for row in place.journal.read_text().splitlines()]
    arrived = Counter(key for kind, key in rows if kind == "arrived")
    computed = Counter(key for kind, key in rows if kind == "computed")
    kept = {f"request-{index}" for index, each in enumerate(seen) if each.kept}
    return Cut(
        seen,
        moments,
        **times,
        kept=len(kept),
        missing=len(kept - set(computed)),
        arrived=sum(arrived.values()),
        again=sum(arrived.values()) - len(arrived),
        twice=sum(count > 1 for count in computed.values()),
        max_bytes=MAX_BYTES,
        lost=place.metric("lost_total"),
    )
