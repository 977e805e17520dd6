"""Captures projects in processes of their own: another revision, another environment, several at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modelinfra.graph.model import Graph
from modelinfra.graph.transport import load

_PROCESS = Path(__file__).with_name("capture_process.py")


class CaptureFailed(Exception):  # noqa: N818 - it states what happened
    """The program could not be captured. The message is the program's or the library's own."""


@dataclass(frozen=True)
class Place:
    """Where and with what a stack is captured."""

    directory: Path
    """The folder of Pulumi.yaml."""
    stack: str
    python: Path = field(default_factory=lambda: Path(sys.executable))
    paths: tuple[Path, ...] = ()
    """Folders that the program's imports are looked up in first."""


def capture_all(places: Iterable[Place], key: str) -> list[Graph | CaptureFailed]:
    """The graph of each place, or why there is none, in their order; all run at the same time. key: see `transport.dump`."""
    running = [_started(place, key) for place in places]
    return [_finished(each) for each in running]


def _started(place: Place, key: str) -> subprocess.Popen[str] | CaptureFailed:
    request = {
        "directory": str(place.directory),
        "stack": place.stack,
        "key": key,
        "paths": [str(path) for path in place.paths],
    }
    try:
        process = subprocess.Popen(
            [str(place.python), str(_PROCESS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=_environment(place, os.environ),
        )
    except OSError as error:
        return CaptureFailed(f"{place.python} does not start: {error.strerror}")
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(request))
        process.stdin.close()
    except BrokenPipeError:
        pass
    process.stdin = None
    return process


def _environment(place: Place, given: Mapping[str, str]) -> dict[str, str]:
    found = {key: value for key, value in given.items() if key not in ("PYTHONHOME", "PYTHONPATH")}
    # What is captured is not written to: a revision's bytecode is never asked for again.
    found["PYTHONDONTWRITEBYTECODE"] = "1"
    own = given.get("PYTHONPATH", "") if str(place.python) == sys.executable else ""
    paths = [*map(str, place.paths), *filter(None, own.split(os.pathsep))]
    if paths:
        found["PYTHONPATH"] = os.pathsep.join(paths)
    return found


def _finished(process: subprocess.Popen[str] | CaptureFailed) -> Graph | CaptureFailed:
    if isinstance(process, CaptureFailed):
        return process
    said, complained = process.communicate()
    try:
        answer = json.loads(said)
        if "error" in answer:
            return CaptureFailed(str(answer["error"]))
        return load(answer["graph"])
    except (ValueError, KeyError, TypeError):
        last = complained.strip().splitlines()[-1:] or [f"it ended with {process.returncode} and said nothing"]
        return CaptureFailed(f"the capturing process failed: {last[0]}")
