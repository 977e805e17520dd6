"""Requests of four shapes: from public traces where they are at hand, else from seeded generators with their published statistics.

The statistics are facts demand.md section 5a of the project (rates, peaks, tokens), measured on the traces: Azure LLM inference 2023 (CC-BY 4.0,
Patel et al., Splitwise), Mooncake (FAST'25), Alibaba ServeGen (Apache-2.0). How long a replica works on a request follows from its tokens.
"""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from simulation.world import MINUTE, Request

TRACES: Final = Path("/work/shared/data/traces")

# An assumption, of the order of a 7 billion parameter model on an A10G: tokens read a second, and seconds for each token written.
_READ, _WRITE = 4000.0, 0.03

_HOURS = 4


@dataclass(frozen=True)
class Shape:
    """slots: requests that a replica works on at once. patience: seconds that a request may wait within the objective. source: of the requests."""

    name: str
    requests: Sequence[Request]
    slots: int
    patience: float
    source: str

    @property
    def work_by_minute(self) -> list[float]:
        """Seconds of work that come within each minute."""
        found = [0.0] * (int(self.requests[-1].at // MINUTE) + 1)
        for each in self.requests:
            found[int(each.at // MINUTE)] += each.work
        return found

    @property
    def p95_work(self) -> float:
        """What 95 of 100 requests take without any waiting, in seconds."""
        ordered = sorted(each.work for each in self.requests)
        return ordered[math.ceil(0.95 * len(ordered)) - 1]


def shape(name: str, traces: Path = TRACES, seed: int = 7) -> Shape:
    """One of SHAPES, the same for the same seed."""
    return SHAPES[name](traces, random.Random(seed))


def burst(traces: Path, rng: random.Random) -> Shape:
    """Code completion: short answers, minutes of silence, then four times the mean."""
    file = traces / "azure_llm_2023_code.csv"
    if file.exists():
        return Shape("burst", _repeated(_azure(file)), 8, 1.0, f"{file.name}, {_HOURS} times in a row")
    # 2.57 a second over 57 minutes, 4.18 times as much in the busiest one, gaps up to 217 s.
    rates = [2.57 * rng.choice((0.05, 0.05, 0.3, 1.0, 1.5, 2.5, 4.18)) / 1.37 for _ in range(_HOURS * 60)]
    tokens = _Tokens(1469, 5194, 13, 55)
    return Shape(
        "burst", _generated(rng, rates, tokens), 8, 1.0, "generated with the statistics of azure_llm_2023_code"
    )


def steady(traces: Path, rng: random.Random) -> Shape:
    """Conversations: an even stream."""
    file = traces / "azure_llm_2023_conv.csv"
    if file.exists():
        return Shape("steady", _repeated(_azure(file)), 8, 1.0, f"{file.name}, {_HOURS} times in a row")
    rates = [5.53 * (1 + 0.5 * math.sin(2 * math.pi * minute / 60)) for minute in range(_HOURS * 60)]
    tokens = _Tokens(1020, 2735, 129, 424)
    return Shape(
        "steady", _generated(rng, rates, tokens), 8, 1.0, "generated with the statistics of azure_llm_2023_conv"
    )


def diurnal(traces: Path, rng: random.Random) -> Shape:
    """A day with its night, of short predictions that a replica makes one at a time; the rate is scaled to 4 a second on average."""
    file = traces / "servegen_m_large_rate.csv"
    if file.exists():
        with file.open(newline="") as text:
            rows = [(float(row["second"]), float(row["requests_per_second"])) for row in csv.DictReader(text)][: 24 * 6]
        raw = [rate for _, rate in rows for _ in range(10)]
        source = f"{file.name}: arrivals at random at the rate of its first day"
    else:
        # Peak over mean 2.98 in 14 days.
        raw = [
            1 + 0.85 * math.sin(2 * math.pi * minute / 1440) + 0.15 * math.sin(2 * math.pi * minute / 97)
            for minute in range(24 * 60)
        ]
        source = "generated: a day's wave, as servegen_m_large_rate has"
    mean = sum(raw) / len(raw)
    requests = [
        Request(at, rng.lognormvariate(math.log(0.6), 0.4)) for at in _arrivals(rng, [4 * rate / mean for rate in raw])
    ]
    return Shape("diurnal", requests, 1, 1.0, source)


def long_context(_traces: Path, rng: random.Random) -> Shape:
    """Long documents: few requests, each takes a replica for long, and they differ a lot. Mooncake's conversations: 3.4 a second."""
    rates = [3.4 * (1 + 0.21 * math.sin(2 * math.pi * minute / 30)) for minute in range(_HOURS * 60)]
    tokens = _Tokens(6909, 27367, 350, 597)
    return Shape(
        "long context",
        _generated(rng, rates, tokens),
        8,
        5.0,
        "generated with the statistics of Mooncake's conversations",
    )


def _azure(file: Path) -> list[Request]:
    with file.open(newline="") as text:
        rows = [
            (datetime.fromisoformat(row["TIMESTAMP"][:26]), int(row["ContextTokens"]), int(row["GeneratedTokens"]))
            for row in csv.DictReader(text)
        ]
    first = rows[0][0]
    return [Request((at - first).total_seconds(), _work(read, written)) for at, read, written in rows]


def _repeated(requests: Sequence[Request]) -> list[Request]:
    length = math.ceil(requests[-1].at / MINUTE) * MINUTE
    return [Request(each.at + hour * length, each.work) for hour in range(_HOURS) for each in requests]


@dataclass(frozen=True)
class _Tokens:
    """Median and ninetieth percentile of what is read, and of what is written."""

    read: float
    read_most: float
    written: float
    written_most: float


def _generated(rng: random.Random, rates: Sequence[float], tokens: _Tokens) -> list[Request]:
    return [
        Request(
            at,
            _work(_lognormal(rng, tokens.read, tokens.read_most), _lognormal(rng, tokens.written, tokens.written_most)),
        )
        for at in _arrivals(rng, rates)
    ]


def _arrivals(rng: random.Random, rates: Sequence[float]) -> Iterator[float]:
    """At random, at a rate (a second) for each minute."""
    for minute, rate in enumerate(rates):
        at = minute * MINUTE
        while rate > 0:
            at += rng.expovariate(rate)
            if at >= (minute + 1) * MINUTE:
                break
            yield at


def _work(read: float, written: float) -> float:
    return read / _READ + written * _WRITE


def _lognormal(rng: random.Random, p50: float, p90: float) -> float:
    """Of a distribution with that median and ninetieth percentile."""
    return rng.lognormvariate(math.log(p50), math.log(p90 / p50) / 1.2816)


SHAPES: Final[dict[str, Callable[[Path, random.Random], Shape]]] = {
    "burst": burst,
    "steady": steady,
    "diurnal": diurnal,
    "long context": long_context,
}
"""Name -> what makes it of a folder of traces and a source of chance."""
