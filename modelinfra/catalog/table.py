"""Reads the tables that lie beside the catalogue's modules: tab-separated, notes after `#`, one line that names the columns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_FOLDER = Path(__file__).parent


def rows(name: str) -> Iterator[list[str]]:
    """The cells of every row, without notes and the line of column names."""
    lines = [line for line in _lines(name) if line and not line.startswith("#")]
    return (line.split("\t") for line in lines[1:])


def note(name: str, key: str) -> str:
    """What a note `# key: text` says. Raises LookupError without one."""
    start = f"# {key}: "
    found = next((line.removeprefix(start) for line in _lines(name) if line.startswith(start)), None)
    if found is None:
        raise LookupError(f"{name} has no note {key!r}")
    return found


def _lines(name: str) -> list[str]:
    return (_FOLDER / name).read_text(encoding="utf-8").splitlines()
