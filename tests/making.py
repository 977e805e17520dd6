"""What the tests of the making wing share: a model's directory, and programs captured beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelinfra.graph.capture import capture
from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import plain

REGION = "us-west-2"
LONG = "a-name-of-sixty-characters-that-is-as-long-as-people-make-it"
SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:token-AbCdEf"
PINNED = "123456789012.dkr.ecr.us-west-2.amazonaws.com/served@sha256:" + "0" * 64


def write_model(directory: Path, name: str = "digits", weights: str = "weights") -> Path:
    """A directory that MLServer could serve."""
    directory.mkdir(parents=True, exist_ok=True)
    settings = {"name": name, "implementation": "mlserver_sklearn.SKLearnModel"}
    (directory / "model-settings.json").write_text(json.dumps(settings))
    (directory / "model.joblib").write_text(weights)
    return directory


def captured(program: Callable[[], Any], root: Path, **options: Any) -> Graph:
    """The graph of a program whose project lies at `root`."""
    options.setdefault("config", {"aws:region": REGION})
    return capture(program, root_directory=str(root), **options)


def inputs(graph: Graph, token: str, name: str | None = None) -> dict[str, Any]:
    """The inputs of one resource, secrets shown."""
    found: dict[str, Any] = plain(graph.one(token, name).inputs)
    return found


def document(text: str) -> list[dict[str, Any]]:
    """The statements of a policy."""
    statements: list[dict[str, Any]] = json.loads(text)["Statement"]
    return statements


def names(nodes: list[Node]) -> list[str]:
    """Logical names, sorted."""
    return sorted(node.name for node in nodes)
