"""The examples as projects, and what happened when one was deployed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from modelinfra.graph.project import load_project

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"
ENVIRONMENT: Final = "modelinfra:environment"


def declared(example: Path, stack: str = "dev") -> dict[str, Any]:
    """The environment of a stack file."""
    found: dict[str, Any] = json.loads(load_project(example, stack).config[ENVIRONMENT])
    return found


def touched(steps: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Operation and type of everything of AWS that changed."""
    found = {(operation, urn.split("::")[-2].rpartition("$")[2]) for operation, urn in steps if operation != "same"}
    return {(operation, token) for operation, token in found if token.startswith("aws:")}


def place(steps: list[tuple[str, str]], operation: str, token: str) -> int:
    """When the first step of this kind began."""
    return next(index for index, (op, urn) in enumerate(steps) if op == operation and f"{token}::" in urn)
