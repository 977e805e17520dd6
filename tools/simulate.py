"""Simulates autoscaling: how many requests are served in time, and what that costs, by the default and by what others do.

    .venv/bin/python tools/simulate.py [--write] [--min N] [SHAPE ...]

With `--write` the table in docs/scaling.md and the picture docs/scaling.svg are made anew. Traces are read where they are at hand;
else requests are generated from their published statistics, always the same ones.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from simulation import strategies
from simulation.picture import picture
from simulation.strategies import Result
from simulation.traffic import SHAPES, shape

DOCS = Path(__file__).resolve().parents[1] / "docs"
BEGIN, END = "<!-- simulation -->", "<!-- end of simulation -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=f"of {', '.join(SHAPES)}; all of them otherwise")
    parser.add_argument("--write", action="store_true", help="write docs/scaling.md and docs/scaling.svg anew")
    parser.add_argument(
        "--min", type=int, default=strategies.LEAST, metavar="N", help="replicas at least, where metrics decide"
    )
    args = parser.parse_args()
    names = args.shapes or list(SHAPES)
    if unknown := [name for name in names if name not in SHAPES]:
        parser.error(f"no shape is called {', '.join(unknown)}; there are {', '.join(SHAPES)}")
    if args.write and (names != list(SHAPES) or args.min != strategies.LEAST):
        parser.error("--write takes all shapes, with the default's replicas")
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(simulated, names, [args.min] * len(names)))
    results = [each for _, part in found for each in part]
    text = "\n".join(report(results, [source for source, _ in found]))
    print(text)
    if args.write:
        page = DOCS / "scaling.md"
        before, _, rest = page.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
        (DOCS / "scaling.svg").write_text(picture(results))


def simulated(name: str, least: int) -> tuple[str, list[Result]]:
    """Where the requests of a shape come from, and what becomes of them."""
    made = shape(name)
    words = (
        f"{name}: {made.source}; {len(made.requests):,} requests in {made.requests[-1].at / 3600:.1f} hours, "
        f"{made.slots} at once at a replica, in time when work begins within {made.patience:g} s"
    )
    return words, list(strategies.simulated(made, least))


def report(results: Sequence[Result], sources: Sequence[str]) -> Iterator[str]:
    """Markdown: one row for each shape and strategy, one column for each start-up time."""
    start_ups = list(dict.fromkeys(each.start_up for each in results))
    yield "| Shape | Strategy | " + " | ".join(f"start-up {each // 60} min" for each in start_ups) + " |"
    yield "|---|---|" + "---|" * len(start_ups)
    cells = {(each.shape, each.strategy, each.start_up): each for each in results}
    for made, strategy in dict.fromkeys((each.shape, each.strategy) for each in results):
        row = (cells[made, strategy, start_up] for start_up in start_ups)
        shown = " | ".join(f"{100 * each.attained:.2f} %, {each.hours:.1f} h, {each.most}" for each in row)
        yield f"| {made} | {strategy} | {shown} |"
    yield ""
    yield "Share of requests in time, replica-hours, and the most replicas at one time. Where requests come from:"
    yield ""
    yield from (f"- {each}." for each in sources)


if __name__ == "__main__":
    main()
