"""A sample of requests and answers for retraining: masked before anything is written, bounded on disk, sent to S3 when it is there.

Lines, objects and masks are those of captured traffic (docs/capture.md). What is no JSON cannot be masked and is not kept.
"""

from __future__ import annotations

import gzip
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from modelinfra.router.messages import Answer, Asked
from modelinfra.router.metrics import Metrics
from modelinfra.router.settings import Samples as Told
from modelinfra.router.settings import Settings
from modelinfra.router.window import is_open
from modelinfra.shipper.masks import parse
from modelinfra.shipper.records import NotKept, Rules, line
from modelinfra.shipper.spool import Spool
from modelinfra.shipper.traces import Body, Exchange

# Samples that wait to be masked: a request never waits for its sample.
_LONGEST_BACKLOG: Final = 256
_LARGEST_BATCH: Final = 4 * 1024 * 1024
_SHORT_SECONDS: Final = 0.2
_FIRST_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = 300.0


class Samples:
    """One thread masks and ships. s3: makes boto3's client, when it is first needed."""

    def __init__(
        self,
        settings: Settings,
        told: Told,
        metrics: Metrics,
        say: Callable[[str], None],
        s3: Callable[[], Any],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._settings, self._told, self._metrics, self._say, self._make_s3 = settings, told, metrics, say, s3
        self._s3: Any = None
        self._rules = Rules(
            masks=[parse(each) for each in told.mask],
            keep_unparsed=False,
            max_body=settings.max_body,
            endpoint=settings.model,
            revision=settings.version,
            image="",
        )
        Path(told.spool).mkdir(parents=True, exist_ok=True)
        self._spool = Spool(told.spool, told.spool_bytes, lambda count: metrics.sampled("dropped", count))
        self._backlog: deque[tuple[Exchange, dict[str, Any]]] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="samples")
        self._thread.start()

    def offer(self, asked: Asked, answer: Answer, began: float, **more: Any) -> None:
        """One answered request, of which a share is kept. began: time. more: what a line says besides."""
        if random.random() >= self._told.share:
            return
        if len(self._backlog) >= _LONGEST_BACKLOG:
            self._metrics.sampled("dropped")
            return
        exchange = Exchange(
            time=datetime.fromtimestamp(began, UTC),
            milliseconds=round((time.time() - began) * 1000, 3),
            path=self._settings.path,
            status=answer.status,
            request_id=asked.headers.get("x-request-id", "")[:200],
            trace_id=asked.headers.get("traceparent", "")[:200],
            request=_body(asked.body, asked.headers),
            response=_body(answer.body, answer.headers),
        )
        self._backlog.append((exchange, {"device": self._settings.device, "key": asked.key, **more}))

    def close(self) -> None:
        """What there is lies in the spool; S3 is tried once more, where this is the time for it."""
        self._stopping.set()
        self._thread.join(5)

    def _run(self) -> None:
        lines: list[bytes] = []
        since = retry = time.monotonic()
        pause = _FIRST_PAUSE
        while True:
            stopping = self._stopping.wait(_SHORT_SECONDS)
            while self._backlog:
                lines += self._line(*self._backlog.popleft())
            now = time.monotonic()
            if lines and (
                stopping or now - since >= self._told.every_seconds or sum(map(len, lines)) >= _LARGEST_BATCH
            ):
                self._spool.add(gzip.compress(b"".join(lines), 6, mtime=0), len(lines), datetime.now(UTC))
                self._metrics.sampled("kept", len(lines))
                lines = []
            if not lines:
                since = now
            if (stopping or now >= retry) and is_open(self._settings.send_between, self._clock()):
                try:
                    self._ship()
                    pause = _FIRST_PAUSE
                except Exception as error:  # S3 may be away for as long as the disk has room
                    self._say(f"S3 did not take samples ({type(error).__name__}), again in {pause:g} s")
                    retry, pause = now + pause, min(pause * 2, _LONGEST_PAUSE)
            if stopping:
                return

    def _line(self, exchange: Exchange, more: dict[str, Any]) -> list[bytes]:
        try:
            return [line(exchange, self._rules, more).encode() + b"\n"]
        except NotKept as reason:
            self._metrics.sampled(f"not kept: {reason}")
        except Exception as error:  # its text may quote the request
            self._metrics.sampled(f"not kept: {type(error).__name__}")
        return []

    def _ship(self) -> None:
        bucket, _, prefix = self._told.store.removeprefix("s3://").partition("/")
        for parcel in self._spool.parcels():
            content = parcel.path.read_bytes()
            if self._s3 is None:
                self._s3 = self._make_s3()
            key = f"{prefix}{parcel.key}"
            self._s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/gzip")
            self._spool.remove(parcel)
            self._metrics.sampled("shipped", parcel.records)


def _body(data: bytes, headers: Any) -> Body:
    return Body(data, headers.get("content-type", ""), headers.get("content-encoding", "").strip().lower(), False)
