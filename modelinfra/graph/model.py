"""A resource graph as data: what a program registers, what a preview plans, or what a stack holds."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from modelinfra.graph.values import jsonable

STACK_TYPE = "pulumi:pulumi:Stack"


class NotOneResource(LookupError, AssertionError):  # noqa: N818 - it reads as the failed assertion that it is
    """`Graph.one` found no resource or several. The message lists what there is."""


@dataclass
class Node:
    """One resource. Property names are Pulumi's (camelCase); values carry the markers of `modelinfra.graph.values`."""

    urn: str
    name: str
    type: str
    parent: str = ""
    custom: bool = True
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    id: Any = ""
    seq: int = 0
    remote: bool = False
    read: bool = False
    provider: str = ""
    """Reference of an explicit provider, `URN::ID`; empty for the default one."""
    providers: dict[str, str] = field(default_factory=dict)
    depends_on: list[str] = field(default_factory=list)
    property_deps: dict[str, list[str]] = field(default_factory=dict)
    aliases: list[Any] = field(default_factory=list)
    protect: bool | None = None
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    delete_before_replace: bool | None = None
    additional_secret_outputs: list[str] = field(default_factory=list)
    import_id: str = ""
    custom_timeouts: dict[str, Any] = field(default_factory=dict)
    retain_on_delete: bool | None = None
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    replacement_trigger: Any = None
    version: str = ""
    hooks: dict[str, Any] = field(default_factory=dict)
    hide_diffs: list[str] = field(default_factory=list)
    source: str = ""
    """`file#line` of the call that registered it, where known."""

    def to_json(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The node as JSON data; empty fields are left out."""
        data = {f.name: jsonable(getattr(self, f.name), show_secrets=show_secrets) for f in fields(self)}
        keep = {"custom", "inputs", "seq"}
        return {key: value for key, value in data.items() if key in keep or value not in (None, "", [], {}, False)}


@dataclass
class Graph:
    """All resources of one stack, in registration order."""

    project: str
    stack: str
    nodes: dict[str, Node] = field(default_factory=dict)
    """URN -> node."""
    outputs: dict[str, Any] = field(default_factory=dict)
    """What the program exported."""
    logs: list[dict[str, str]] = field(default_factory=list)
    """Messages that the program logged through Pulumi: severity, message, urn."""
    invokes: list[dict[str, Any]] = field(default_factory=list)
    """Look-ups that the program made: token, args, provider, region."""

    def __getitem__(self, urn: str) -> Node:
        return self.nodes[urn]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, urn: object) -> bool:
        return urn in self.nodes

    @property
    def warnings(self) -> list[str]:
        """The messages that the program logged as warnings, in order."""
        return [entry["message"] for entry in self.logs if entry["severity"] == "warning"]

    @property
    def resources(self) -> list[Node]:
        """All nodes but the stack itself and providers."""
        return [node for node in self if node.type != STACK_TYPE and not node.type.startswith("pulumi:providers:")]

    def all(self, type: str) -> list[Node]:  # noqa: A002 - the word that users of Pulumi know
        """Every resource of the type token, for instance `aws:ecs/service:Service`, in registration order."""
        return [node for node in self if node.type == type]

    def one(self, type: str, name: str | None = None) -> Node:  # noqa: A002
        """The only resource of the type (and name).

        Raises NotOneResource (an AssertionError and a LookupError) that lists the candidates or near misses.
        """
        found = [node for node in self.all(type) if name is None or node.name == name]
        if len(found) == 1:
            return found[0]
        wanted = type if name is None else f"{type} named {name!r}"
        if found:
            raise NotOneResource(f"{len(found)} resources are {wanted}, expected one:{_listing(found)}")
        raise NotOneResource(f"no resource is {wanted}. {self._near_misses(type, name)}")

    def children(self, urn: str | Node) -> list[Node]:
        """The direct children of a resource, in registration order."""
        parent = urn.urn if isinstance(urn, Node) else urn
        return [node for node in self if node.parent == parent]

    def descendants(self, urn: str | Node) -> list[Node]:
        """Children, their children and so on, in registration order."""
        inside = {urn.urn if isinstance(urn, Node) else urn}
        found = []
        for node in self:  # a parent is always registered before its children
            if node.parent in inside:
                inside.add(node.urn)
                found.append(node)
        return found

    def region_of(self, node: Node, default: str = "us-east-1") -> str:
        """The AWS region of a resource: its own `region`, else its explicit provider's, else `default`."""
        own = node.inputs.get("region")
        if isinstance(own, str):
            return own
        provider = self.nodes.get(node.provider.rpartition("::")[0])
        region = provider.inputs.get("region") if provider is not None else None
        return region if isinstance(region, str) else default

    def to_json(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The whole graph as JSON data."""
        return {
            "project": self.project,
            "stack": self.stack,
            "resources": [node.to_json(show_secrets=show_secrets) for node in self],
            "outputs": jsonable(self.outputs, show_secrets=show_secrets),
            "logs": self.logs,
            "invokes": jsonable(self.invokes, show_secrets=show_secrets),
        }

    def _near_misses(self, type: str, name: str | None) -> str:  # noqa: A002
        same_type = self.all(type)
        if same_type:
            return f"Of this type there are:{_listing(same_type)}"
        types = sorted({node.type for node in self})
        # The last part of a token is what people get wrong least, so it is compared too.
        close = difflib.get_close_matches(type, types, n=5, cutoff=0.6)
        close += [
            t for t in types if t.rpartition(":")[2].lower() == type.rpartition(":")[2].lower() and t not in close
        ]
        by_name = [node for node in self if name is not None and node.name == name]
        if close:
            return f"Did you mean:{_listing([node for node in self if node.type in close])}"
        if by_name:
            return f"With this name there are:{_listing(by_name)}"
        return f"The graph holds these types: {', '.join(types) or 'none'}"


def _listing(nodes: Sequence[Node], limit: int = 15) -> str:
    lines = [f"\n  {node.type}  {node.name}" for node in nodes[:limit]]
    return "".join(lines) + (f"\n  ... and {len(nodes) - limit} more" if len(nodes) > limit else "")
