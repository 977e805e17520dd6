"""The first half of a model on the device and the rest in the cloud: each answer needs both, and neither stands in for the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from modelinfra.router.cloud import AwayError, Cloud
from modelinfra.router.device import OVERLOAD, TIMEOUT, UNREADY, Device, NotHereError
from modelinfra.router.gate import FullError, Gate
from modelinfra.router.messages import Asked
from modelinfra.router.metrics import Metrics
from modelinfra.router.routing import Routed, Router
from modelinfra.router.settings import Settings, Split
from modelinfra.router.tensors import TensorError, first, opened, rest

SPLIT: Final = "split"
AWAY: Final = "cloud away"
WRONG_REQUEST: Final = "request not readable"
WRONG_TENSOR: Final = "tensor not readable"


class Halves(Router):
    """Asks one after the other. What is handed over is computed anew from the request each time: nothing is kept on disk."""

    def __init__(
        self,
        settings: Settings,
        told: Split,
        device: Device,
        cloud: Cloud,
        metrics: Metrics,
        keep: Callable[..., None],
    ) -> None:
        super().__init__(settings, device, cloud, metrics, keep)
        self._told = told
        # Each that waits for the cloud holds a tensor in memory.
        self._gate = Gate(settings.cloud.concurrency)

    @property
    def missing(self) -> str:
        """Both are needed."""
        found = [] if self._device.ready else [UNREADY]
        return ", ".join([*found, "the cloud is away"] if self._cloud.away else found)

    async def _route(self, asked: Asked, end: float) -> Routed:
        local = self._settings.local
        if self._cloud.away:
            # What the device would compute goes nowhere.
            return _nobody(AWAY, "the rest of the model is in the cloud, which is away", away=True)
        try:
            whole = opened(asked)
        except TensorError as error:
            return _nobody(WRONG_REQUEST, f"the request is none of protocol v2: {error}", status=400)
        begun = first(whole, self._told.tensor, binary=self._told.binary_here)
        try:
            here = await self._device.ask(
                begun, most_waiting=local.waiting, seconds=local.timeout_seconds, end=end, anyway=False
            )
        except NotHereError as error:
            return _nobody(str(error), f"the first half of the model is on the device: {error}")
        if not here.good:
            return Routed(here, "device")
        try:
            asking = rest(whole, here, self._told.tensor, binary=self._told.binary_there)
        except TensorError as error:
            why = f"the device's answer is not what the rest of the model takes: {error}"
            return _nobody(WRONG_TENSOR, why, status=502)
        return await self._there(asking, end)

    async def _there(self, asking: Asked, end: float) -> Routed:
        try:
            async with asyncio.timeout(max(0.0, end - time.monotonic())):
                async with self._gate.place(self._settings.local.waiting):
                    found = await self._cloud.ask(asking, end - time.monotonic())
        except AwayError as error:
            return _nobody(AWAY, f"the rest of the model is in the cloud, which gives no answer: {error}", away=True)
        except FullError:
            return _nobody(OVERLOAD, "too many wait for the cloud")
        except TimeoutError:
            return _nobody(TIMEOUT, "the cloud did not answer in time", away=True)
        return Routed(found, "cloud", SPLIT)


def _nobody(reason: str, why: str, *, status: int = 503, away: bool = False) -> Routed:
    return Routed(None, "nobody", reason, away=away, status=status, why=why)
