"""The containers of a task definition, before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import mapping, plain

TASK = "aws:ecs/taskDefinition:TaskDefinition"


def containers(node: Node | None) -> dict[str, Mapping[str, Any]]:
    """Name -> container definition; none where they are not known yet."""
    if node is None:
        return {}
    given = plain(node.inputs).get("containerDefinitions")
    try:
        found = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        return {}
    return {str(each.get("name")): each for each in map(mapping, found if isinstance(found, list) else [])}


def pairs(container: Mapping[str, Any], key: str, value: str) -> dict[str, Any]:
    """`environment` or `secrets` as name -> value."""
    found = container.get(key)
    return {str(each.get("name")): each.get(value) for each in map(mapping, found if isinstance(found, list) else [])}


def both(old: Node | None, new: Node | None) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Every container after the change, with what it was before (nothing for a new one)."""
    before = containers(old)
    for name, each in containers(new).items():
        yield name, before.get(name, {}), each
