"""The examples as projects, and what happened when one was deployed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

from modelinfra.graph.project import load_project

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"
ENVIRONMENT: Final = "modelinfra:environment"


def copied(name: str, to: Path) -> Path:
    """An example without what somebody made in its folder; models are up to the caller."""
    example = to / name
    made = shutil.ignore_patterns("models", "*.onnx", ".sandbox", "__pycache__")
    shutil.copytree(EXAMPLES / name, example, ignore=made)
    project = (example / "Pulumi.yaml").read_text()
    (example / "Pulumi.yaml").write_text(project.replace("../../.venv", str(EXAMPLES.parent / ".venv")))
    return example


def declared(example: Path, stack: str = "dev") -> dict[str, Any]:
    """The environment of a stack file."""
    found: dict[str, Any] = json.loads(load_project(example, stack).config[ENVIRONMENT])
    return found


def touched(steps: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Operation and type of everything of AWS that changed."""
    found = {(operation, urn.split("::")[-2].rpartition("$")[2]) for operation, urn in steps if operation != "same"}
    return {(operation, token) for operation, token in found if token.startswith(("aws:", "aws-native:"))}


def place(steps: list[tuple[str, str]], operation: str, token: str) -> int:
    """When the first step of this kind began."""
    return next(index for index, (op, urn) in enumerate(steps) if op == operation and f"{token}::" in urn)
