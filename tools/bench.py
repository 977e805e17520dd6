"""Measures what the library costs, and fails when a budget of the design is exceeded.

    .venv/bin/python tools/bench.py [--quick]

The comparison is with a program in plain pulumi-aws (`benchmark/hand_written.py`) that registers the same resources with the
same inputs, taken in turns with the library's, both captured in this process without an engine.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.status import Status
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent))

from benchmark import hand_written, measure, with_library
from benchmark.chains import Link, longest_chain

from modelinfra.graph.project import capture_project

LIBRARY, PLAIN = "library", "hand-written"
PROGRAMS = {LIBRARY: with_library.program, PLAIN: hand_written.program}
ROUNDS = {5: 15, 50: 5, 500: 2}
"""Endpoints -> how often each program is run; the least time counts."""

IMPORT_MILLISECONDS = 60.0
REGISTRATION_RATIO = 1.10
GROWTH = 1.30  # the SDK itself is a little slower with every resource that there is
PREVIEW_SECONDS = 3.0
CHAIN_RESOURCES = 100
COMPARED_AT = 5


@dataclass(frozen=True)
class Row:
    """One line of the report. limit: the most that `value` may be; None for what is only told."""

    what: str
    library: str
    plain: str
    value: float
    shown: str
    limit: float | None = None
    budget: str = ""

    @property
    def exceeded(self) -> bool:
        """Whether the budget is not met."""
        return self.limit is not None and self.value > self.limit


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description="Measure the library against the design's budgets.")
    parser.add_argument("--quick", action="store_true", help="without 500 endpoints: seconds in place of minutes")
    sizes = [size for size in ROUNDS if size < 500 or not parser.parse_args().quick]
    console = Console()
    with measure.tiny_model() as model, console.status("") as status:
        differing = _differences(model)
        if differing:
            console.print("[red]The hand-written program registers something else; mend tools/benchmark first:[/]")
            console.print(*differing, sep="\n", markup=False)
            return 1
        rows = list(_rows(sizes, model, status))
        status.update("longest chains")
        chains = {
            "stack sandbox": longest_chain(capture_project(measure.REPOSITORY, "sandbox")),
            f"{sizes[-1]} endpoints": longest_chain(
                measure.captured(with_library.program, sizes[-1], model, preview=True)
            ),
        }
    rows += [_chain_row(name, chain) for name, chain in chains.items()]
    console.print(_table(rows))
    _print_chain(console, chains["stack sandbox"])
    exceeded = [row.what for row in rows if row.exceeded]
    if exceeded:
        console.print(f"[red]Over budget:[/] {', '.join(exceeded)}")
    return 1 if exceeded else 0


def _differences(model: str) -> Sequence[str]:
    """How the twins differ. This also warms both up: what the first capture of a process loads is not compared."""
    one, other = (measure.captured(program, COMPARED_AT, model) for program in PROGRAMS.values())
    counts = [Counter(node.type for node in graph) for graph in (one, other)]
    missing, more = counts[0] - counts[1], counts[1] - counts[0]
    types = [f"{type_}: {count} more with the library" for type_, count in missing.items()]
    types += [f"{type_}: {count} more by hand" for type_, count in more.items()]
    return types or measure.differences(other, one)


def _rows(sizes: Sequence[int], model: str, status: Status) -> Iterator[Row]:
    status.update("import time")
    yield _import_row("import modelinfra, over pulumi", "import modelinfra", "import pulumi", IMPORT_MILLISECONDS)
    everything = "from modelinfra import *"
    yield _import_row(
        "import its names, over the SDKs", everything, "import pulumi, pulumi_aws, pulumi_docker_build", None
    )
    loaded = measure.service_modules_loaded(everything)
    yield Row("AWS services loaded by that", str(len(loaded)), "", len(loaded), "", 0, "none")
    per_endpoint: dict[str, dict[int, float]] = {LIBRARY: {}, PLAIN: {}}
    for size in sizes:
        status.update(f"registering {size} endpoints, {ROUNDS[size]} times each")
        taken = measure.interleaved(PROGRAMS, size, model, rounds=ROUNDS[size])
        for name in PROGRAMS:
            per_endpoint[name][size] = taken[name] / size
        yield _ratio_row(f"registering {size} endpoints", taken[LIBRARY], taken[PLAIN], "s", REGISTRATION_RATIO)
    growth = {name: cost[sizes[-1]] / cost[sizes[-2]] for name, cost in per_endpoint.items()}
    yield Row(
        f"time per endpoint, {sizes[-1]} over {sizes[-2]}",
        f"{growth[LIBRARY]:.2f}",
        f"{growth[PLAIN]:.2f}",
        growth[LIBRARY],
        "",
        GROWTH,
        f"{GROWTH:.2f} (linear is 1)",
    )
    status.update(f"memory of {sizes[-1]} endpoints")
    memory = [measure.peak_megabytes(module, sizes[-1], model) for module in ("with_library", "hand_written")]
    yield _ratio_row(f"peak memory, {sizes[-1]} endpoints", memory[0], memory[1], "MB", REGISTRATION_RATIO)
    for file in sorted((measure.REPOSITORY / "stacks").glob("Pulumi.*.yaml")):
        stack = file.name.split(".")[1]
        status.update(f"offline preview of {stack}")
        seconds = measure.cold_preview_seconds(stack)
        yield Row(
            f"cold offline preview, {stack}",
            f"{seconds:.2f} s",
            "",
            seconds,
            "",
            PREVIEW_SECONDS,
            f"{PREVIEW_SECONDS:g} s",
        )


def _import_row(what: str, statement: str, after: str, limit: float | None) -> Row:
    taken = measure.import_milliseconds(statement, after=after)
    return Row(what, f"{taken:.1f} ms", "", taken, "", limit, f"{limit:g} ms" if limit else "")


def _ratio_row(what: str, library: float, plain: float, unit: str, limit: float) -> Row:
    ratio = library / plain
    return Row(what, f"{library:.2f} {unit}", f"{plain:.2f} {unit}", ratio, f"{ratio:.2f}", limit, f"{limit:.2f}")


def _chain_row(name: str, chain: Sequence[Link]) -> Row:
    length = len(chain)
    return Row(
        f"longest create chain, {name}",
        f"{length} resources",
        "",
        length,
        "",
        CHAIN_RESOURCES - 1,
        f"below {CHAIN_RESOURCES}",
    )


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title="What modelinfra costs")
    table.add_column("")
    for heading in (LIBRARY, PLAIN, "ratio", "budget"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for row in rows:
        verdict = "" if row.limit is None else "[red]over[/]" if row.exceeded else "[green]met[/]"
        table.add_row(row.what, row.library, row.plain, row.shown, row.budget, verdict)
    return table


def _print_chain(console: Console, chain: Sequence[Link]) -> None:
    console.print("\nLongest create chain of stack sandbox; in brackets, what waits for the resource above:")
    for number, link in enumerate(chain, 1):
        because = f"  ({link.because})" if link.because else ""
        console.print(f"  {number:2d}. {link.node.type}  {link.node.name}{because}", markup=False, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
