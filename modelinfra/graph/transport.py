"""A graph as text for another process, and back: no plain secret leaves the process that captured it.

A secret travels as a fingerprint under a key that both sides of one comparison share and nobody keeps: equal secrets stay equal, and that is
all that can be seen. `numbered` turns fingerprints into words that are the same on every run.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import AssetRef, ResourceRef, Secret, Unknown, jsonable

_NODE_FIELDS: Final = tuple(each.name for each in fields(Node))
_VALUE_FIELDS: Final = ("inputs", "outputs", "id", "replacement_trigger")


def dump(graph: Graph, key: bytes) -> str:
    """The graph as one line of JSON; secrets as fingerprints under the key."""

    def sealed(value: Any) -> Any:
        return _encoded(value, lambda secret: _fingerprint(secret, key))

    resources = [
        {name: sealed(getattr(node, name)) if name in _VALUE_FIELDS else getattr(node, name) for name in _NODE_FIELDS}
        for node in graph
    ]
    return json.dumps(
        {
            "project": graph.project,
            "stack": graph.stack,
            "resources": resources,
            "outputs": sealed(graph.outputs),
            "logs": graph.logs,
        },
        default=str,
    )


def load(text: str) -> Graph:
    """The graph that `dump` wrote; look-ups that the program made are not carried over. Raises ValueError for anything else."""
    try:
        data = json.loads(text)
        graph = Graph(data["project"], data["stack"], logs=data["logs"], outputs=_decoded(data["outputs"]))
        for given in data["resources"]:
            values = {name: _decoded(given[name]) if name in _VALUE_FIELDS else given[name] for name in _NODE_FIELDS}
            node = Node(**values)
            graph.nodes[node.urn] = node
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a captured graph: {error!r}") from None
    return graph


def numbered(*graphs: Graph) -> None:
    """Write the secrets of graphs that are compared as `[secret 1]`, `[secret 2]` in order of appearance, in place."""
    known: dict[str, Secret] = {}

    def word(secret: Secret) -> Secret:
        if secret.value is Unknown:
            return secret
        return known.setdefault(json.dumps(jsonable(secret.value)), Secret(f"[secret {len(known) + 1}]"))

    for graph in graphs:
        graph.outputs = _mapped(graph.outputs, word)
        for node in graph:
            for name in _VALUE_FIELDS:
                setattr(node, name, _mapped(getattr(node, name), word))


def _fingerprint(value: Any, key: bytes) -> str:
    text = json.dumps(jsonable(value, show_secrets=True), sort_keys=True, default=str)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _encoded(value: Any, seal: Callable[[Any], str]) -> Any:
    if value is Unknown:
        return {"$unknown": True}
    if isinstance(value, Secret):
        return {"$secret": {"$unknown": True} if value.value is Unknown else seal(value.value)}
    if isinstance(value, ResourceRef):
        return {"$ref": value.urn, "id": _encoded(value.id, seal)}
    if isinstance(value, AssetRef):
        return {f"${value.kind}": _encoded(value.fields, seal)}
    if isinstance(value, Mapping):
        return {str(key): _encoded(item, seal) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encoded(item, seal) for item in value]
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    head = next(iter(value), "")
    if head == "$unknown":
        return Unknown
    if head == "$secret":
        return Secret(_decoded(value[head]))
    if head == "$ref":
        return ResourceRef(value[head], _decoded(value.get("id")))
    if head in ("$asset", "$archive"):
        return AssetRef(head[1:], _decoded(value[head]))
    return {key: _decoded(item) for key, item in value.items()}


def _mapped(value: Any, word: Callable[[Secret], Secret]) -> Any:
    if isinstance(value, Secret):
        return word(value)
    if isinstance(value, AssetRef):
        return AssetRef(value.kind, _mapped(value.fields, word))
    if isinstance(value, Mapping):
        return {key: _mapped(item, word) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, word) for item in value]
    return value
