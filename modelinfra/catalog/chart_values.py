"""Which values a chart has, and of which kind: as the tables beside say, which are made of its values.yaml."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

TEXT, NUMBER, SWITCH, LIST, MAPPING, NOTHING = "text", "number", "switch", "list", "mapping", "nothing"


def kind_of(value: Any) -> str:
    """The kind of a value of a chart, as the table names it."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return SWITCH
    if isinstance(value, (int, float)):
        return NUMBER
    if isinstance(value, str):
        return TEXT
    return MAPPING if isinstance(value, Mapping) else LIST


@functools.cache
def values_of(table: str, chart: str) -> Mapping[str, str]:
    """Path -> kind of every value of a chart, by a table of `modelinfra/catalog`. A mapping that is named is open: users fill it."""
    text = resources.files("modelinfra.catalog").joinpath(table).read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return MappingProxyType({path: kind for of, path, kind in rows if of == chart})


def unknown_paths(known: Mapping[str, str], values: Mapping[str, Any], above: str = "") -> list[str]:
    """What is wrong with values: paths that the chart does not have, and values of another kind than its own."""
    found: list[str] = []
    for key, value in values.items():
        path = f"{above}.{key}" if above else key
        kind = known.get(path)
        if kind is None:
            if isinstance(value, Mapping) and any(each.startswith(f"{path}.") for each in known):
                found += unknown_paths(known, value, path)
            else:
                found.append(f"{path}: the chart has no such value")
        elif kind not in (kind_of(value), NOTHING):
            found.append(f"{path}: a {kind} is expected, not a {kind_of(value)}")
    return found
