"""What the router tells CloudWatch: now and then a line of its log, in the embedded metric format.

CloudWatch makes metrics of the line as it comes in, by the fleet and the ring (CloudWatch user guide, "Specification: Embedded metric
format"); the device's own name is a field beside them, which costs no metric, and by which Logs Insights finds it. Where the log goes to CloudWatch
there is no call, no right and no program more; elsewhere `log_group.py` puts the line there.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from modelinfra.router.figures import COUNTED, FIGURES
from modelinfra.router.settings import Settings, Telemetry

# The most values of one metric in a line.
_MOST_VALUES: Final = 100


class Since:
    """What was counted since the last line. Of more answers than one line holds, the times are a sample in which each is as likely."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._seconds: list[float] = []
        self._seen = 0

    def count(self, name: str, by: int = 1) -> None:
        """One of `COUNTED`."""
        with self._lock:
            self._counts[name] += by

    def took(self, seconds: float) -> None:
        """An answer."""
        with self._lock:
            self._seen += 1
            if len(self._seconds) < _MOST_VALUES:
                self._seconds.append(seconds)
            elif (place := random.randrange(self._seen)) < _MOST_VALUES:
                self._seconds[place] = seconds

    def take(self) -> tuple[Mapping[str, int], list[float]]:
        """All of it, and begin anew."""
        with self._lock:
            found = {name: self._counts[name] for name in COUNTED}, self._seconds
            self._counts, self._seconds, self._seen = Counter(), [], 0
            return found


class Telling:
    """gauges: name -> its value now, None where the device has no such thing. away: whether the cloud is. write: a line, as it is.

    Docker's log driver drops what it cannot send (moby, daemon/logger/awslogs, publishBatch). So while the cloud is away nothing that is
    counted goes into a line; the first one afterwards has all of it.
    """

    def __init__(
        self,
        settings: Settings,
        told: Telemetry,
        since: Since,
        gauges: Mapping[str, Callable[[], float | None]],
        away: Callable[[], bool],
        write: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._told, self._since, self._gauges = settings, told, since, gauges
        self._away, self._write, self._clock = away, write, clock
        # Each device has its own moment in the minute.
        digest = hashlib.sha256(settings.device.encode()).digest()
        self._moment = int.from_bytes(digest[:4], "big") / 2**32 * told.every_seconds

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self.pause())
            # Sensors and drivers may take their time, and requests must not wait for them.
            await asyncio.to_thread(lambda: self._write(self.line(self.now())))

    def pause(self) -> float:
        """Seconds until the next line: one in each minute of the clock, also where this one came a moment early."""
        every = self._told.every_seconds
        left = every - math.fmod(self._clock() - self._moment, every)
        return left if left > every / 10 else left + every

    def now(self) -> dict[str, float]:
        """What is so now, as far as it is to be told."""
        wanted = {name: value() for name, value in self._gauges.items() if name in self._told.metrics}
        return {name: round(value, 3) for name, value in wanted.items() if value is not None}

    def line(self, now: Mapping[str, float]) -> str:
        """now: what is so."""
        found: dict[str, Any] = {"Devices": 1, **now}
        if not self._away():
            found |= self._counted()
        return self._written(found)

    def last(self) -> str:
        """At the end: what no other line will say."""
        return self._written(self._counted())

    def _counted(self) -> dict[str, Any]:
        counts, seconds = self._since.take()
        # A metric without a value is none.
        return {**counts, **({"AnswerSeconds": [round(each, 4) for each in seconds]} if seconds else {})}

    def _written(self, found: Mapping[str, Any]) -> str:
        told = self._told
        metrics = [{"Name": name, "Unit": FIGURES[name]} for name in told.metrics if name in found]
        directive = {"Namespace": told.namespace, "Dimensions": [["Fleet", "Ring"]], "Metrics": metrics}
        return json.dumps(
            {
                "_aws": {"Timestamp": round(self._clock() * 1000), "CloudWatchMetrics": [directive]},
                "Fleet": told.fleet,
                "Ring": told.ring,
                "device": self._settings.device,
                "model": self._settings.model,
                "version": self._settings.version,
                **{name: value for name, value in found.items() if name in told.metrics},
            },
            separators=(",", ":"),
        )
