"""Lines into a log group of CloudWatch by a call, where no log driver takes them there.

CloudWatch makes metrics of them as of any other (CloudWatch user guide, "Using the PutLogEvents API to send manually-created embedded metric
format logs").
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from modelinfra.router import settings

# Two hours of a device that tells once a minute: older lines make room.
_MOST_LINES: Final = 120
_QUIET_SECONDS: Final = 600.0


class LogGroup:
    """Each device has a stream of its own, named as it. client: makes boto3's client, when it is first needed."""

    def __init__(
        self,
        told: settings.LogGroup,
        stream: str,
        say: Callable[[str], None],
        client: Callable[[], Any],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._told, self._stream, self._say, self._make, self._clock = told, _named(stream), say, client, clock
        self._client: Any = None
        self._waiting: deque[tuple[int, str]] = deque(maxlen=_MOST_LINES)
        self._lock = threading.Lock()
        self._said = -_QUIET_SECONDS

    def write(self, line: str) -> None:
        """Sends what waits, and this. What CloudWatch does not take now waits for the next one."""
        with self._lock:
            self._waiting.append((round(self._clock() * 1000), line))
            sent = list(self._waiting)
            try:
                self._put([{"timestamp": when, "message": each} for when, each in sent])
            except Exception as error:  # CloudWatch may be away for as long as it likes
                self._tell(error)
            else:
                self._waiting.clear()

    def _put(self, events: list[dict[str, Any]]) -> None:
        if self._client is None:
            self._client = self._make()
        stream = {"logGroupName": self._told.name, "logStreamName": self._stream}
        try:
            self._client.put_log_events(**stream, logEvents=events)
        except self._client.exceptions.ResourceNotFoundException:
            self._client.create_log_stream(**stream)
            self._client.put_log_events(**stream, logEvents=events)

    def _tell(self, error: Exception) -> None:
        """Not once a minute for days. What an error says may quote nothing of a request: lines hold figures."""
        now = time.monotonic()
        if now - self._said >= _QUIET_SECONDS:
            self._say(f"CloudWatch was not told ({type(error).__name__}), {len(self._waiting)} lines wait")
            self._said = now


def _named(device: str) -> str:
    """What no stream's name may hold (CloudWatch Logs API, CreateLogStream)."""
    return device.replace(":", "-").replace("*", "-")[:512]
