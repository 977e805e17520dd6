"""The router as a web application (ASGI)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from modelinfra.router.cloud import Cloud
from modelinfra.router.device import Device
from modelinfra.router.gpu import Gpus
from modelinfra.router.halves import Halves
from modelinfra.router.log_group import LogGroup
from modelinfra.router.messages import Answer, asked
from modelinfra.router.metrics import KIND, Metrics, temperatures
from modelinfra.router.routing import LightFirst, Router, headers
from modelinfra.router.samples import Samples
from modelinfra.router.sending import Sending
from modelinfra.router.settings import Settings
from modelinfra.router.store import Store, Waiting
from modelinfra.router.telemetry import Telling

_AGAIN_SECONDS: Final = 1.0


def application(settings: Settings, say: Callable[[str], None], tell: Callable[[str], None]) -> Starlette:
    """say: writes a line to the log; never what a request or an answer holds. tell: writes one as it is, for CloudWatch."""
    metrics = Metrics(settings)

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        samples = _samples(settings, metrics, say)
        keep: Callable[..., None] = samples.offer if samples else _nothing
        device, cloud = Device(settings, metrics), Cloud(settings, say)
        jobs: list[Callable[[], Awaitable[None]]] = [device.watch, cloud.watch]
        store: Store | None = None
        router: Router
        if settings.store is None:
            assert settings.split is not None, "settings.read asks for one of them"
            router = Halves(settings, settings.split, device, cloud, metrics, keep)
        else:
            store = Store(settings.store, settings.max_body, metrics.lost, say)
            sending = Sending(settings, settings.store, store, cloud, metrics, partial(_sent, keep))
            router = LightFirst(settings, device, cloud, metrics, keep, store)
            jobs += [partial(_opened, store, say), sending.run]
        write = _lines(settings, say) or tell
        telling = _telling(settings, metrics, device, cloud, store, write)
        if telling:
            jobs.append(telling.run)
        tasks = [asyncio.create_task(_kept(each, say)) for each in jobs]
        app.state.router = router
        say(f"answers at port {settings.port}")
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await device.close()
            await cloud.close()
            if store:
                await asyncio.to_thread(store.close)
            if samples:
                await asyncio.to_thread(samples.close)
            if telling:
                await asyncio.to_thread(write, telling.last())
            say(f"stopped, {store.count if store else 0} requests wait for the cloud")

    async def predict(request: Request) -> Response:
        try:
            async with asyncio.timeout(settings.request_seconds):
                body = await _body(request, settings.max_body)
        except (TimeoutError, ClientDisconnect):
            return _problem(408, "the request did not come in time")
        if body is None:
            return _problem(413, f"a request has at most {settings.max_body} bytes")
        routed = await request.app.state.router.route(asked(body, request.headers))
        if routed.answer is None:
            again = {"retry-after": "1"} if routed.status == 503 else {}
            return _problem(routed.status, routed.why, {**headers(routed), **again})
        return Response(routed.answer.body, routed.answer.status, {**routed.answer.headers, **headers(routed)})

    async def ready(request: Request) -> Response:
        router: Router = request.app.state.router
        if missing := router.missing:
            return JSONResponse({"ready": False, "error": missing}, 503)
        return JSONResponse({"ready": True})

    async def alive(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def told(_: Request) -> Response:
        return Response(metrics.text(), headers={"content-type": KIND})

    return Starlette(
        lifespan=running,
        routes=[
            Route(settings.path, predict, methods=["POST"]),
            Route(settings.ready_path, ready),
            Route("/healthz", alive),
            Route("/metrics", told),
        ],
    )


async def _kept(job: Callable[[], Awaitable[None]], say: Callable[[str], None]) -> None:
    """Until it is done or cancelled: a mistake in it does not end it for the rest of the device's days."""
    while True:
        try:
            await job()
            return
        except Exception as error:
            say(f"{type(error).__name__} in {getattr(job, '__qualname__', 'a task')}, again in {_AGAIN_SECONDS:g} s")
            await asyncio.sleep(_AGAIN_SECONDS)


async def _opened(store: Store, say: Callable[[str], None]) -> None:
    """A device whose disk is slow or gone still answers; what should go up is lost without one, and counted."""
    try:
        await store.opened()
        say(f"{store.count} requests wait for the cloud")
    except sqlite3.Error as error:
        say(f"nothing can be kept for the cloud: {error}")


def _sent(keep: Callable[..., None], waiting: Waiting, answer: Answer) -> None:
    keep(waiting.asked, answer, waiting.since, answeredBy="cloud", reason="sent later", confidence=None)


def _telling(
    settings: Settings,
    metrics: Metrics,
    device: Device,
    cloud: Cloud,
    store: Store | None,
    tell: Callable[[str], None],
) -> Telling | None:
    if settings.telemetry is None:
        return None
    thermal = Path(settings.thermal)
    gauges: dict[str, Callable[[], float | None]] = {
        **device.figures(),
        **(store.figures() if store else {}),
        "CloudAway": lambda: int(cloud.away),
        "Temperature": lambda: max((celsius for _, celsius in temperatures(thermal)), default=None),
        "GpuUse": Gpus().busiest,
    }
    return Telling(settings, settings.telemetry, metrics.since, gauges, lambda: cloud.away, tell)


def _lines(settings: Settings, say: Callable[[str], None]) -> Callable[[str], None] | None:
    """What puts lines into a log group; None where the log goes there anyway."""
    told = settings.telemetry.log_group if settings.telemetry else None
    return None if told is None else LogGroup(told, settings.device, say, partial(_client, "logs", told.region)).write


def _client(service: str, region: str | None = None) -> Any:
    """One of boto3's, for a device whose link may be down."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 2})
    return boto3.session.Session().client(service, region_name=region, config=config)


def _samples(settings: Settings, metrics: Metrics, say: Callable[[str], None]) -> Samples | None:
    if settings.samples is None or not settings.samples.share:
        return None

    try:
        return Samples(settings, settings.samples, metrics, say, partial(_client, "s3"))
    except OSError as error:
        say(f"no samples are kept: {error}")
        return None


async def _body(request: Request, most: int) -> bytes | None:
    """None where it is larger than it may be; then no more of it is read."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        return None
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > most:
            return None
    return bytes(found)


def _problem(status: int, why: str, told: dict[str, str] | None = None) -> Response:
    """As both versions of the protocol write errors."""
    return JSONResponse({"error": why}, status, told)


def _nothing(*_: Any, **__: Any) -> None:
    """No samples are kept."""
