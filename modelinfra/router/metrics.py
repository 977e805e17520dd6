"""What the router tells Prometheus; `telemetry.py` tells CloudWatch some of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from modelinfra.router.settings import Settings
from modelinfra.router.telemetry import Since

_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900)
FAILS, DISK, ROOM, DAMAGED = "the cloud fails on it", "the disk did not take it", "no room", "the store was damaged"
LOST: Final = (FAILS, DISK, ROOM, DAMAGED)
"""Why requests that waited are gone."""

_FIGURE: Final = {"cloud": "HandedOver", "nobody": "Refused"}
KIND: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """One registry of its own. The share that is handed over is that of `answered_by="cloud"` in the answers."""

    def __init__(self, settings: Settings) -> None:
        self._registry = CollectorRegistry()
        self.since = Since()
        info = Gauge(
            "modelinfra_router_info", "What answers here.", ["device", "model", "version"], registry=self._registry
        )
        info.labels(settings.device, settings.model, settings.version).set(1)
        self._answers = Counter(
            "modelinfra_router_answers", "Answers, by whom and why.", ["answered_by", "reason"], registry=self._registry
        )
        self._seconds = Histogram(
            "modelinfra_router_answer_seconds",
            "Time of an answer.",
            ["answered_by"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        for by in ("device", *_FIGURE):
            # The first one would be none where nothing was before it.
            self._seconds.labels(by)
        self._confidence = Histogram(
            "modelinfra_router_confidence",
            "How sure the light model was.",
            buckets=[each / 20 for each in range(1, 21)],
            registry=self._registry,
        )
        self._sent = Counter(
            "modelinfra_router_sent_later",
            "Requests that waited and were answered.",
            ["result"],
            registry=self._registry,
        )
        self._lost = Counter(
            "modelinfra_router_lost", "Requests that waited and are gone.", ["reason"], registry=self._registry
        )
        for reason in LOST:
            self._lost.labels(reason)
        self._samples = Counter(
            "modelinfra_router_samples",
            "Sampled requests, by what became of them.",
            ["result"],
            registry=self._registry,
        )
        self._registry.register(Temperatures(Path(settings.thermal)))

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """A number that is asked for when it is wanted."""
        Gauge(f"modelinfra_router_{name}", text, registry=self._registry).set_function(value)

    def answered(self, by: str, reason: str, seconds: float) -> None:
        """by: device, cloud or nobody."""
        self._answers.labels(by, reason).inc()
        self._seconds.labels(by).observe(seconds)
        self.since.took(seconds)
        self.since.count("Answers")
        if by in _FIGURE:
            self.since.count(_FIGURE[by])

    def sure(self, confidence: float) -> None:
        """Of the light model's answer."""
        self._confidence.observe(confidence)

    def sent(self, *, refused: bool) -> None:
        """Of what waited."""
        self._sent.labels("refused" if refused else "answered").inc()

    def lost(self, reason: str, count: int) -> None:
        """Of what waited, or should have."""
        self._lost.labels(reason).inc(count)
        self.since.count("Lost", count)

    def sampled(self, result: str, count: int = 1) -> None:
        """Of samples."""
        self._samples.labels(result).inc(count)

    def text(self) -> bytes:
        """The page."""
        return generate_latest(self._registry)


class Temperatures(Collector):
    """Of the device. Where the host shows none there is no such metric."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = GaugeMetricFamily("modelinfra_router_temperature_celsius", "Of the device.", labels=["zone"])
        for zone, celsius in temperatures(self._directory):
            found.add_metric([zone], celsius)
        if found.samples:
            yield found


def temperatures(directory: Path) -> Iterator[tuple[str, float]]:
    """Those that the kernel shows, by zone (Documentation/ABI/testing/sysfs-class-thermal: thousandths of a degree). Most virtual machines
    show none."""
    for zone in sorted(directory.glob("thermal_zone*")):
        try:
            kind = (zone / "type").read_text().strip()
            yield f"{zone.name} {kind}", int((zone / "temp").read_text()) / 1000
        except (OSError, ValueError):  # a zone whose sensor is off
            continue
