"""A resource graph as data: captured from a program without an engine, or read from a preview or a stack's state.

`modelinfra.graph.capture` and `modelinfra.graph.project` run programs; the names here are for what comes out of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelinfra.graph.compare import Change, changes
    from modelinfra.graph.model import Graph, Node
    from modelinfra.graph.state import from_export, from_preview
    from modelinfra.graph.values import AssetRef, ResourceRef, Secret, Unknown

__all__ = [
    "AssetRef",
    "Change",
    "Graph",
    "Node",
    "ResourceRef",
    "Secret",
    "Unknown",
    "changes",
    "from_export",
    "from_preview",
]

_HOMES = {
    "compare": ("Change", "changes"),
    "model": ("Graph", "Node"),
    "state": ("from_export", "from_preview"),
    "values": ("AssetRef", "ResourceRef", "Secret", "Unknown"),
}


def __getattr__(name: str) -> Any:
    import importlib

    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
