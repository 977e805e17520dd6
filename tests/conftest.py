"""How many judges there are, how many were asked, and the last line of a run, which says so."""

from __future__ import annotations

import datetime
import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long one example takes says something of the machine, and of what else it does.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

JUDGES = (
    "own table",
    "reachability",
    "parliament",
    "cfn-lint",
    "terraform provider",
    "checkov",
    "apply on an emulator",
)
ROOT = Path(__file__).resolve().parents[1]
_LAST_LINE = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--judges all` is `make judge` and `make walk`."""
    parser.addoption(
        "--judges",
        choices=("quick", "all"),
        default="quick",
        help="which judges of tests/judges are asked: those that take a second and are there, or all",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What only `make judge` and `make walk` ask is left out of `make test`."""
    if config.getoption("--judges") == "all":
        return
    waiting = [item for item in items if item.get_closest_marker("slow_judge")]
    if waiting:
        config.hook.pytest_deselected(items=waiting)
        items[:] = [item for item in items if item not in waiting]


@pytest.fixture(autouse=True)
def the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """On which fleets are declared: what tests and examples write as `expires` is still ahead, whenever they run."""
    monkeypatch.setattr("modelinfra.options.edge_dates.today", lambda: datetime.date(2026, 12, 18))


@pytest.fixture(autouse=True, scope="session")
def warm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Programs that the engine runs need not load their packages anew each time (tests/warm.py)."""
    if not any(item.get_closest_marker("engine") for item in request.session.items):
        yield
        return
    place = tmp_path_factory.mktemp("warm") / "socket"
    with subprocess.Popen([sys.executable, "-u", "-m", "tests.warm", place], cwd=ROOT) as process:
        os.environ["MODELINFRA_WARM"] = str(place)
        yield
        del os.environ["MODELINFRA_WARM"]
        process.kill()


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end, and the collector would walk it thousands of times: a sixth of each capture."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """One line for each judge that was asked; nothing where no test of theirs was."""
    said: dict[str, str] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for key, text in getattr(report, "user_properties", ()):
                if key == "judge":
                    said[text.partition(":")[0]] = text
    if not said:
        return
    terminalreporter.section("judges")
    for name in JUDGES:
        if name in said:
            terminalreporter.write_line(said[name])
    config.stash[_LAST_LINE] = last_line(said, everything=config.getoption("--judges") == "all")


def pytest_unconfigure(config: pytest.Config) -> None:
    """pytest has written its own last line by now."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if _LAST_LINE in config.stash and reporter is not None:
        reporter.write_line(config.stash[_LAST_LINE])


def last_line(said: dict[str, str], *, everything: bool) -> str:
    """What was asked and what was not, with the reasons. `said`: judge -> its line."""
    skipped: dict[str, list[str]] = {}
    for name in JUDGES:
        if name not in said:
            skipped.setdefault("no test of it was asked for" if everything else "`make judge` asks", []).append(name)
        elif ": SKIPPED, " in said[name]:
            skipped.setdefault(said[name].partition(": SKIPPED, ")[2], []).append(name)
    left_out = [name for names in skipped.values() for name in names]
    run = [name for name in JUDGES if name not in left_out]
    reasons = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in skipped.items())
    counted = f"judges: {len(run)} run ({', '.join(run)}), {len(left_out)} skipped"
    return f"{counted} ({reasons})" if reasons else counted
