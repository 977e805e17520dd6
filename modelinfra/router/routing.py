"""What becomes of a request: the device answers, or the cloud does, or both in turn."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from modelinfra.router.cloud import AwayError, Cloud
from modelinfra.router.confidence import UnreadableError, confidence
from modelinfra.router.device import OVERLOAD, Device, NotHereError
from modelinfra.router.messages import Answer, Asked
from modelinfra.router.metrics import Metrics
from modelinfra.router.settings import Settings
from modelinfra.router.store import Store
from modelinfra.shipper.masks import parse

# Why the cloud is asked, beside the reasons for which the device has no answer.
UNSURE: Final = "low confidence"
UNREADABLE: Final = "confidence not readable"


@dataclass(frozen=True)
class Routed:
    """answer: None where nobody has one. by: device, cloud or nobody. reason: why not simply the device, or empty. away: the cloud was
    wanted and did not answer. kept: on disk, to be sent up later. status, why: of the answer that there is none, and its words."""

    answer: Answer | None
    by: str
    reason: str = ""
    sure: float | None = None
    away: bool = False
    kept: bool = False
    status: int = 503
    why: str = ""


class Router(ABC):
    """keep: is offered every answered request (samples)."""

    def __init__(
        self, settings: Settings, device: Device, cloud: Cloud, metrics: Metrics, keep: Callable[..., None]
    ) -> None:
        self._settings, self._device, self._cloud, self._metrics, self._keep = settings, device, cloud, metrics, keep
        metrics.gauge("cloud_away", "Whether the cloud is.", lambda: cloud.away)

    @property
    @abstractmethod
    def missing(self) -> str:
        """What is missing for an answer to anybody; empty where somebody would get one."""

    async def route(self, asked: Asked) -> Routed:
        """An answer, if anybody has one."""
        began, now = time.monotonic(), time.time()
        routed = await self._route(asked, began + self._settings.request_seconds)
        self._metrics.answered(routed.by, routed.reason, time.monotonic() - began)
        if routed.answer is not None and routed.answer.good:
            self._keep(
                asked, routed.answer, now, answeredBy=routed.by, reason=routed.reason or None, confidence=routed.sure
            )
        return routed

    @abstractmethod
    async def _route(self, asked: Asked, end: float) -> Routed: ...


class LightFirst(Router):
    """A light model here and a heavy one there: either can answer."""

    def __init__(
        self,
        settings: Settings,
        device: Device,
        cloud: Cloud,
        metrics: Metrics,
        keep: Callable[..., None],
        store: Store,
    ) -> None:
        super().__init__(settings, device, cloud, metrics, keep)
        self._store = store
        self._path = parse(settings.confidence.path) if settings.confidence and settings.confidence.path else ()
        metrics.gauge("stored_requests", "Requests that wait for the cloud.", lambda: store.count)
        metrics.gauge("stored_bytes", "What they take.", lambda: store.bytes)

    @property
    def missing(self) -> str:
        """Either would do."""
        return "model not ready, and the cloud is away" if not self._device.ready and self._cloud.away else ""

    async def _route(self, asked: Asked, end: float) -> Routed:
        told = self._settings.local
        here = await self._here(asked, told.waiting if self._cloud.away else told.queue, told.timeout_seconds, end)
        if not here.reason:
            return here
        try:
            there = await self._there(asked, end)
            if there.good or here.answer is None:
                return Routed(there, "cloud", here.reason, here.sure)
            if there.status < 500:
                # It refuses what the device answered: an unsure answer is more than none.
                return here
        except AwayError:
            pass
        if here.reason == OVERLOAD:
            # Nobody else is there: it waits for the device, as long as it may.
            again = await self._here(asked, told.waiting, end - time.monotonic(), end)
            here = again if again.reason else replace(again, reason=OVERLOAD)
        kept = False
        if here.reason in (UNSURE, UNREADABLE):
            # What the model was least sure of is worth most; 0 where that is not known: more than any.
            kept = await self._store.add(asked, 0.0 if here.sure is None else -here.sure)
        return replace(here, away=True, kept=kept)

    async def _here(self, asked: Asked, most_waiting: int, seconds: float, end: float) -> Routed:
        try:
            # Where the cloud is away the model is asked all the same: it may be ready since a moment ago.
            found = await self._device.ask(
                asked, most_waiting=most_waiting, seconds=seconds, end=end, anyway=self._cloud.away
            )
        except NotHereError as error:
            why = f"nobody answers: {error}, and the cloud is away"
            return Routed(None, "nobody", str(error), why=why)
        return self._judged(found)

    def _judged(self, found: Answer) -> Routed:
        told = self._settings.confidence
        if told is None or not found.good:
            return Routed(found, "device")
        try:
            if found.headers.get("content-encoding", "identity") != "identity":
                raise UnreadableError("the answer is packed")
            sure = confidence(found.body, output=told.output, path=self._path, rule=told.rule)
        except UnreadableError:
            return Routed(found, "device", UNREADABLE)
        self._metrics.sure(sure)
        return Routed(found, "device", UNSURE if sure < told.least else "", sure)

    async def _there(self, asked: Asked, end: float) -> Answer:
        seconds = end - time.monotonic()
        if self._cloud.away or self._cloud.busy or seconds <= 0:
            raise AwayError("away")
        return await self._cloud.ask(asked, seconds)


def headers(routed: Routed) -> dict[str, str]:
    """What an answer's headers say of it."""
    found = {"x-modelinfra-answered-by": routed.by}
    if routed.reason:
        found["x-modelinfra-reason"] = routed.reason
    if routed.sure is not None:
        found["x-modelinfra-confidence"] = f"{routed.sure:.4f}"
    if routed.away:
        found["x-modelinfra-cloud"] = "away, sent later" if routed.kept else "away"
    return found
