"""Which property changes replace a resource; the tables are data files beside this one."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


def forces_replacement(token: str, path: str) -> bool:
    """Whether a change at `path` (without list indices) replaces a resource of the type.

    A change of a whole block replaces when a property inside it does; a change inside a map replaces when the map does.
    """
    table = _table()
    for known in table.get(token, frozenset()) | table.get("*", frozenset()):
        if path == known or path.startswith(known + ".") or known.startswith(path + "."):
            return True
    return False


def updated_in_place_after_all(token: str, path: str, news: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    """Whether other properties turn a replacement into an update.

    terraform-provider-aws service.go, capacityProviderStrategyCustomizeDiff: with force_new_deployment a service changes its
    capacity provider strategy in place, unless it had none before or has none after.
    """
    if token == "aws:ecs/service:Service" and path.startswith("capacityProviderStrategies"):
        strategies = (news.get("capacityProviderStrategies"), earlier.get("capacityProviderStrategies"))
        return bool(news.get("forceNewDeployment")) and all(strategies)
    return False


@functools.cache
def _table() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for token, path in _rows("replacement.tsv"):
        found.setdefault(token, set()).add(path)
    for token, path, forces, _source in _rows("replacement_added.tsv"):
        paths = found.setdefault(token, set())
        if forces == "yes":
            paths.add(path)
        else:
            paths.discard(path)
    return {token: frozenset(paths) for token, paths in found.items()}


def _rows(name: str) -> Iterator[list[str]]:
    lines = (_FOLDER / name).read_text(encoding="utf-8").splitlines()
    data = [line for line in lines if line and not line.startswith("#")]
    return (line.split("\t") for line in data[1:])
