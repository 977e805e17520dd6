"""What a stack file says beside the environment, for commands that read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelinfra.cli.common import WRONG_INPUT, fail


def stack_config(directory: Path, stack: str) -> dict[str, Any]:
    """The stack's configuration, structured values as data. Exits with 2 when it cannot be read."""
    from modelinfra.graph.project import ProjectError, load_project

    try:
        return structured(load_project(directory, stack).config)
    except ProjectError as error:
        fail(str(error), WRONG_INPUT)


def structured(config: Mapping[str, str]) -> dict[str, Any]:
    """A stack's configuration with its structured values as data."""
    return {key: _data(value) for key, value in config.items()}


def _data(value: str) -> Any:
    if value[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
