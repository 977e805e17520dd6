"""Measures the router with real processes: accuracy, share handed over and latency; and the cloud cut off in the middle.

    .venv/bin/python tools/edge.py [--write] [--count N] [--only PART]

A light and a heavy model of scikit-learn run in MLServer, the heavy one behind a way that lasts some milliseconds; halves of a model in ONNX in
MLServer and Triton. With `--write` the tables in docs/edge.md and docs/edge-router.md and the picture docs/edge-router.svg are made anew.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from edge_proof import cut, split, tables
from edge_proof.load import Seen, requests, run
from edge_proof.picture import picture
from edge_proof.place import TOKEN, Place
from edge_proof.tables import Outcome

DOCS = Path(__file__).resolve().parents[1] / "docs"
COUNT, CLIENTS = 10_000, 4
THRESHOLDS = (0.7, 0.8, 0.9)
CHOSEN = 0.8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write docs/edge-router.md and docs/edge-router.svg anew")
    parser.add_argument("--count", type=int, default=COUNT, metavar="N", help="requests of a run")
    parser.add_argument("--only", choices=("rollouts", "splits", "router"), help="one part of it; all of them without")
    args = parser.parse_args()
    if args.write and args.count != COUNT:
        parser.error(f"--write takes {COUNT} requests")

    def say(name: str, lines: Iterator[str]) -> None:
        text = "\n".join(lines)
        print(text, end="\n\n", flush=True)
        if args.write:
            tables.write(DOCS, name, text)

    if args.only in (None, "rollouts"):
        say("rollouts", tables.rollouts())
    if args.only in (None, "splits"):
        found = split.measured()
        say("splits", tables.splits(found))
        say("served", tables.served(split.served(found[0])))
    if args.only in (None, "router"):
        router(args.count, args.write, say)


def router(count: int, write: bool, say: Callable[[str, Iterator[str]], None]) -> None:
    with tempfile.TemporaryDirectory(prefix="modelinfra-edge-") as folder:
        place = Place(Path(folder), count)
        try:
            outcomes = list(measured(place))
            say("measured", tables.outcomes(outcomes, count, CLIENTS))
            found = cut.measured(place, requests(place.folder / "requests.jsonl"), CHOSEN, CLIENTS)
            say("cut", tables.cut(found))
        finally:
            place.close()
    if write:
        (DOCS / "edge-router.svg").write_text(picture(outcomes, found))


def measured(place: Place) -> Iterator[Outcome]:
    asked = requests(place.folder / "requests.jsonl")
    for name in ("light", "heavy"):
        place.model(name)
    for name in ("light", "heavy"):
        place.wait(name)
    place.gateway()
    place.wait("gateway")
    yield outcome("the light model alone", asyncio.run(run(place.url("light"), asked, CLIENTS)), 0.0)
    yield outcome("the cloud alone", asyncio.run(run(place.url("gateway"), asked, CLIENTS, TOKEN)), 1.0)
    for least in THRESHOLDS:
        # Keys of the run before are not those of this one.
        place.kill("gateway")
        place.journal.unlink()
        place.gateway()
        place.wait("gateway")
        place.router(least)
        place.wait("router")
        began = place.processor_seconds("router")
        seen = asyncio.run(run(place.url("router"), asked, CLIENTS))
        spent = 1000 * (place.processor_seconds("router") - began) / len(seen)
        place.kill("router")
        yield outcome(f"router, {least:g}", seen, sum(each.by == "cloud" for each in seen) / len(seen), spent)


def outcome(name: str, seen: Sequence[Seen], handed: float, processor: float | None = None) -> Outcome:
    times = sorted(each.seconds * 1000 for each in seen)
    print(f"{name}: done", file=sys.stderr, flush=True)
    return Outcome(
        name,
        sum(each.right for each in seen) / len(seen),
        handed,
        times[len(times) // 2],
        times[int(len(times) * 0.99)],
        sum(times) / len(times),
        processor,
    )


if __name__ == "__main__":
    main()
