"""Reads what `pulumi preview --json` and `pulumi stack export` wrote to files: changes, with every plain secret made a word first."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from modelinfra.graph.model import Graph
from modelinfra.graph.state import from_export, from_preview, refreshed_states
from modelinfra.graph.values import SIGNATURE
from modelinfra.review.changes import Changes, between
from modelinfra.review.engine_preview import changes_of

_Read = TypeVar("_Read")


class NotReadable(Exception):  # noqa: N818 - it states what is wrong with a file
    """The file is not what it should be. The message is one line."""


def engine_changes(preview: Path, export: Path | None = None) -> Changes:
    """The changes that a preview plans; with an export of the same stack, what stays as it is is known, too. Raises NotReadable."""
    return engine_review(preview, export)[0]


def engine_review(preview: Path, export: Path | None = None) -> tuple[Changes, Changes | None]:
    """`engine_changes`, and what was changed in the cloud since the last deployment: None where the preview was made without `--refresh`."""
    known: dict[str, str] = {}

    def read(data: Any) -> tuple[Changes, Changes | None]:
        hidden = _hidden(data, known)
        refreshed = refreshed_states(hidden)
        return changes_of(hidden), None if refreshed is None else between(*refreshed)

    changes, outside = _understood(preview, "no output of `pulumi preview --json`", read)
    if export is None:
        return changes, outside
    state = _understood(export, "no output of `pulumi stack export`", lambda data: from_export(_hidden(data, known)))
    return _completed(changes, state, export), outside


def engine_graph(file: Path) -> Graph:
    """The graph of a preview or of an export, whichever the file holds. Raises NotReadable."""
    otherwise = "neither a preview of `pulumi preview --json` nor an export of `pulumi stack export`"
    return _understood(
        file, otherwise, lambda data: (from_export if "deployment" in data else from_preview)(_hidden(data, {}))
    )


def _completed(changes: Changes, state: Graph, export: Path) -> Changes:
    one, other = _name(changes), f"{state.project}/{state.stack}"
    if state.nodes and one not in ("/", other):
        raise NotReadable(f"{export} is an export of {other}, and the preview is of {one}")
    deleted = {each.urn for each in changes.resources if each.operation == "delete"}
    after = replace(changes.after, nodes={})
    for urn, node in state.nodes.items():
        if urn not in deleted:
            after.nodes[urn] = changes.after.nodes.get(urn, node)
    after.nodes.update((urn, node) for urn, node in changes.after.nodes.items() if urn not in after.nodes)
    return replace(changes, before=state, after=after)


def _name(changes: Changes) -> str:
    graph = changes.after if changes.after.nodes else changes.before
    return f"{graph.project}/{graph.stack}"


def _understood(path: Path, otherwise: str, read: Callable[[Any], _Read]) -> _Read:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotReadable(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise NotReadable(f"{path} is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise NotReadable(f"{path} is not JSON: {error}") from None
    if not isinstance(data, Mapping):
        raise NotReadable(f"{path} is {otherwise}: a JSON object is expected, not a {type(data).__name__}")
    try:
        return read(data)
    # Whatever a foreign shape leads to in the readers, it is the file that is wrong.
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else f"its shape is another one ({type(error).__name__})"
        raise NotReadable(f"{path} is {otherwise}: {reason}") from None


def _hidden(value: Any, known: dict[str, str]) -> Any:
    """The document with the plain text of secrets, which `--show-secrets` writes, as `[secret 1]`: equal ones stay equal."""
    if isinstance(value, list):
        return [_hidden(item, known) for item in value]
    if not isinstance(value, Mapping):
        return value
    if SIGNATURE in value and ("plaintext" in value or "value" in value):
        key = "plaintext" if "plaintext" in value else "value"
        text = value[key] if key == "plaintext" else json.dumps(value[key])
        word = known.setdefault(str(text), f"[secret {len(known) + 1}]")
        return {**value, key: json.dumps(word) if key == "plaintext" else word}
    return {key: _hidden(item, known) for key, item in value.items()}
