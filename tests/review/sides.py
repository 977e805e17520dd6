"""The same change by both sources: captured graphs, and the engine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from modelinfra.graph.capture import capture
from modelinfra.graph.model import Graph
from modelinfra.review.changes import Changes, between
from tests.review.day2 import Row

REGION = "us-west-2"


def program() -> None:
    from modelinfra import Environment

    Environment.from_config()


def environment_graph(environment: dict[str, Any], project: Path) -> Graph:
    """The graph of an environment of the stack `proof`."""
    here = Path.cwd()
    os.chdir(project)
    try:
        config = {"aws:region": REGION, "modelinfra:environment": json.dumps(environment)}
        return capture(program, project="proof", stack="proof", config=config, root_directory=str(project))
    finally:
        os.chdir(here)


def changes_of_row(row: Row, project: Path) -> Changes:
    """What changes according to the captured graphs."""
    written = row.program
    if written is not None:
        config = {"aws:region": REGION}
        before, after = (
            capture(lambda side=side: written(side), project="proof", stack="proof", config=config)  # type: ignore[misc]
            for side in (False, True)
        )
    else:
        before, after = (environment_graph(each, project) for each in row.environments())
    return between(before, after)


def disagreements(engine: Changes, captured: Changes) -> list[str]:
    """Where the two differ on what is replaced, created or deleted."""
    found = []
    for operation in ("replace", "create", "delete"):
        one, other = ({each.urn for each in side.of(operation)} for side in (engine, captured))
        found += [f"{operation} only by the engine: {urn}" for urn in sorted(one - other)]
        found += [f"{operation} only in the capture: {urn}" for urn in sorted(other - one)]
    return found
