"""Compares a stack of the working tree with the same stack at a git revision, both captured offline."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from modelinfra import engine_yaml
from modelinfra.graph.elsewhere import CaptureFailed, Place, capture_all
from modelinfra.graph.model import Graph
from modelinfra.graph.stack_folder import stack_folder
from modelinfra.graph.transport import numbered
from modelinfra.review.base_environment import NoEnvironment, python_for
from modelinfra.review.changes import Changes, between
from modelinfra.review.revision import Checkout, RevisionError, checkout
from modelinfra.review.touched import Touched, touched


class NotComparable(Exception):  # noqa: N818 - it states what is so
    """One of the two sides cannot be had. The message says which and why."""


@dataclass(frozen=True)
class Comparison:
    """The changes, and what a reader must know of how they were found."""

    changes: Changes
    notes: tuple[str, ...]
    touched: Touched


def compare_with(project: Path, stack: str, base: str, base_python: Path | None = None) -> Comparison:
    """What the working tree changes of `stack` since the revision `base`. Raises NotComparable.

    base_python: interpreter for the base; without, the present one or one made from the base's lock file (`base_environment.python_for`).
    """
    try:
        with checkout(project, base) as revision:
            return _compared(project.resolve(), stack, revision, base_python)
    except (RevisionError, NoEnvironment) as error:
        raise NotComparable(str(error)) from None


def _compared(project: Path, stack: str, base: Checkout, base_python: Path | None) -> Comparison:
    places = [Place(project, stack)]
    notes = []
    there = base.counterpart(project)
    if _has_stack(there, stack):
        python = base_python.absolute() if base_python is not None else python_for(base, project)
        places.append(Place(there, stack, python, base.paths()))
        notes += _of_environment(python, places[0], base)
    else:
        notes.append(f"There is no stack {stack} at {base.name}: everything is new.")
    found = capture_all(places, secrets.token_hex())
    if isinstance(found[0], CaptureFailed):
        raise NotComparable(str(found[0]))
    after = found[0]
    folder = _stack_file(project, stack).parent.resolve()
    if not folder.is_relative_to(base.repository):
        raise NotComparable(
            f"{folder} lies outside of the repository {base.repository}, so the stack's file has no revision to compare with"
        )
    before: Graph | CaptureFailed = found[1] if len(found) > 1 else Graph(after.project, after.stack)
    if isinstance(before, CaptureFailed):
        raise NotComparable(f"{base.name} ({base.commit[:7]}) does not build: {_one_line(str(before))}")
    _relocated(before, str(base.root), str(base.repository))
    numbered(before, after)
    return Comparison(between(before, after), tuple(notes), touched(base, _stack_file(project, stack)))


def _of_environment(python: Path, present: Place, base: Checkout) -> list[str]:
    if python == present.python:
        return []
    return [f"{base.name} was captured with the libraries that it had then."]


def _has_stack(project: Path, stack: str) -> bool:
    try:
        return _stack_file(project, stack).is_file()
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        # Where the file is there and wrong, the capture says what is wrong with it.
        return (project / "Pulumi.yaml").exists()


def _stack_file(project: Path, stack: str) -> Path:
    settings = engine_yaml.read((project / "Pulumi.yaml").read_text(encoding="utf-8")) or {}
    return project / stack_folder(settings) / f"Pulumi.{stack}.yaml"


def _relocated(graph: Graph, one: str, other: str) -> None:
    """Paths of the checkout become those of the working tree: a program that names its own folder has not changed."""

    def moved(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(one, other)
        if isinstance(value, dict):
            return {key: moved(item) for key, item in value.items()}
        return [moved(item) for item in value] if isinstance(value, list) else value

    graph.outputs = moved(graph.outputs)
    for node in graph:
        node.inputs, node.outputs = moved(node.inputs), moved(node.outputs)


def _one_line(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return ": ".join(lines[:2]) if len(lines) < 3 else f"{lines[0]}: {lines[1]} (and {len(lines) - 2} more)"
