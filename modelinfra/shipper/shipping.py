"""From the proxy to S3: three threads and what lies between them, each of it bounded."""

from __future__ import annotations

import gzip
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from modelinfra.shipper.masks import parse
from modelinfra.shipper.records import NotKept, Rules, line
from modelinfra.shipper.settings import Settings
from modelinfra.shipper.spool import Parcel, Spool
from modelinfra.shipper.tap import Tap, TapError
from modelinfra.shipper.traces import TraceError, exchange

# Lines of one object, before they are packed.
_LARGEST_BATCH: Final = 16 * 1024 * 1024

# Traces that wait to be masked: the proxy is never kept waiting.
_LARGEST_BACKLOG: Final = 32 * 1024 * 1024

_AGAIN_SECONDS: Final = 1.0
_SHORT_SECONDS: Final = 0.2
_LINGER_SECONDS: Final = 1.0
_FIRST_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = 60.0

# Kept for the last object when time is up.
_LAST_SECONDS: Final = 3.0


class Backlog:
    """Traces that were read and are not masked yet. lost: is told of each that had no room."""

    def __init__(self, most: int, lost: Callable[[int], None]) -> None:
        self._most, self._lost = most, lost
        self._traces: deque[bytes] = deque()
        self._bytes = 0
        self._changed = threading.Condition()

    def put(self, trace: bytes) -> None:
        """The oldest goes where there is no room."""
        with self._changed:
            self._traces.append(trace)
            self._bytes += len(trace)
            while self._bytes > self._most:
                self._bytes -= len(self._traces.popleft())
                self._lost(1)
            self._changed.notify()

    def take(self, seconds: float) -> bytes | None:
        """The oldest; None where none came in time."""
        with self._changed:
            if not self._traces:
                self._changed.wait(seconds)
            if not self._traces:
                return None
            trace = self._traces.popleft()
            self._bytes -= len(trace)
            return trace


class Shipping:
    """s3: boto3's client. say: writes a line to the log; never what a request or an answer holds."""

    def __init__(self, settings: Settings, s3: Any, say: Callable[[str], None]) -> None:
        self._settings, self._s3, self._say = settings, s3, say
        self.counts: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._rules = Rules(
            [parse(each) for each in settings.mask],
            settings.unparsed == "keep",
            settings.max_body,
            settings.endpoint,
            settings.revision,
            settings.image,
        )
        self._backlog = Backlog(_LARGEST_BACKLOG, lambda count: self._count("dropped: read faster than masked", count))
        self._spool = Spool(
            settings.spool, settings.spool_bytes, lambda count: self._count("dropped: no room on disk", count)
        )
        self._stopping, self._packed = threading.Event(), threading.Event()
        self._tap = Tap(settings)
        self._told: dict[str, int] = {}

    def stop(self, *_: object) -> None:
        """Ship what there is, and end; to be called from a signal, too: it may come while the lock of the event is held."""
        threading.Thread(target=self._stopping.set).start()

    def run(self) -> None:
        """Until `stop`."""
        threading.Thread(target=self._read, daemon=True, name="reader").start()
        shipper = threading.Thread(target=self._ship, daemon=True, name="shipper")
        shipper.start()
        self._pack()
        shipper.join(max(self._settings.stop_seconds - _LAST_SECONDS, 1.0))
        self._tell()
        left = sum(each.records for each in self._spool.parcels())
        self._say(f"stopped, {left} records are not shipped")

    def _count(self, what: str, count: int = 1) -> None:
        with self._counting:
            self.counts[what] += count

    def _read(self) -> None:
        said = ""
        while not self._stopping.is_set():
            try:
                for trace in self._tap.traces(self._opened):
                    said = ""
                    self._backlog.put(trace)
            except TapError as error:
                # While the proxy starts, or starts again; told once.
                why = f"there is nothing to listen to ({error})"
                if why != said:
                    self._say(why)
                said = why
            self._stopping.wait(_AGAIN_SECONDS)

    def _opened(self) -> None:
        self._say("listens to the proxy")

    def _pack(self) -> None:
        """Mask, and close an object every now and then."""
        lines: list[bytes] = []
        size, since = 0, time.monotonic()
        while True:
            # What was just answered is on its way.
            trace = self._backlog.take(_LINGER_SECONDS if self._stopping.is_set() else _SHORT_SECONDS)
            if trace is not None:
                kept = self._line(trace)
                if kept is not None:
                    lines.append(kept)
                    size += len(kept)
            stopping = trace is None and self._stopping.is_set()
            due = time.monotonic() - since >= self._settings.every_seconds
            if due or stopping or size >= _LARGEST_BATCH:
                if lines:
                    self._spool.add(gzip.compress(b"".join(lines), 6, mtime=0), len(lines), datetime.now(UTC))
                    self._count("kept", len(lines))
                self._tell()
                lines, size, since = [], 0, time.monotonic()
            if stopping:
                self._packed.set()
                return

    def _line(self, trace: bytes) -> bytes | None:
        try:
            return line(exchange(trace), self._rules).encode() + b"\n"
        except NotKept as reason:
            self._count(f"not kept: {reason}")
        except TraceError:
            self._count("not kept: no trace")
        except Exception as error:
            # Its text may quote the request.
            self._count(f"not kept: {type(error).__name__}")
        return None

    def _ship(self) -> None:
        """The oldest first; S3 may be away for as long as the disk has room."""
        pause = _FIRST_PAUSE
        while True:
            last = self._packed.is_set()
            try:
                for parcel in self._spool.parcels():
                    self._put(parcel)
                    pause = _FIRST_PAUSE
                if last:
                    return
                self._rest(_AGAIN_SECONDS)
            except Exception as error:
                self._say(f"S3 did not take it ({_why(error)}), again in {pause:g} s")
                self._rest(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _rest(self, seconds: float) -> None:
        """Less of it when time is short."""
        if self._stopping.is_set():
            time.sleep(_SHORT_SECONDS)
        else:
            self._stopping.wait(seconds)

    def _put(self, parcel: Parcel) -> None:
        try:
            content = parcel.path.read_bytes()
        except FileNotFoundError:  # it was the oldest, and there was no room
            return
        self._s3.put_object(
            Bucket=self._settings.bucket,
            Key=f"{self._settings.prefix}{parcel.key}",
            Body=content,
            ContentType="application/gzip",
        )
        self._spool.remove(parcel)
        self._count("shipped", parcel.records)

    def _tell(self) -> None:
        with self._counting:
            counts = dict(self.counts)
        if counts and counts != self._told:
            self._say(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
        self._told = counts


def _why(error: Exception) -> str:
    """S3's own code, where it answered."""
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    return str(code or type(error).__name__)
