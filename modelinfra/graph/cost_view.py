"""A graph as the cost rules look at it: what is billed, in which region, and which resource a value stands for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import plain

ONE = Decimal(1)


@dataclass(frozen=True)
class Use:
    """So many of something that has a price."""

    what: str
    """For people: `NAT gateway`."""
    item: str
    """As the price table calls it: `nat.gateway`."""
    least: Decimal = ONE
    most: Decimal = ONE
    ceiling: bool = False
    """Whether the price is only the most that it can be."""


@dataclass(frozen=True)
class Unclear:
    """Something that has a price, but the graph does not say how much of it there is."""

    what: str
    reason: str


NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"
"""A pool of nodes that Karpenter starts, or EKS Auto Mode."""

DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
"""What its pods tell CloudWatch is paid for."""


class CostView:
    """Read-only, for one estimate."""

    def __init__(self, graph: Graph, default_region: str | None) -> None:
        self.graph = graph
        self.default_region = default_region

    @property
    def billed(self) -> list[Node]:
        """The resources for which the stack pays AWS, in registration order, the nodes among them that a pool in a cluster on EKS starts;
        what it only reads is somebody else's."""
        billed = ("aws:", "aws-native:", DAEMON_SET, *((NODE_POOL,) if self._region_of_clusters else ()))
        return [node for node in self.graph if node.custom and not node.read and node.type.startswith(billed)]

    def inputs(self, node: Node) -> dict[str, Any]:
        """The inputs of a resource, secrets shown."""
        found: dict[str, Any] = plain(node.inputs)
        return found

    def component(self, node: Node) -> str:
        """The name of the component to which a resource belongs, its own without one."""
        parent = self.graph.nodes.get(node.parent)
        if parent is None or parent.type == "pulumi:pulumi:Stack":
            return node.name
        return parent.name if not parent.custom else self.component(parent)

    def region(self, node: Node) -> str | None:
        """The region of a resource: its own, its explicit provider's, that of its ARN, the default provider's; None when none is known."""
        if node.type == NODE_POOL:
            return self._region_of_clusters
        if node.type == DAEMON_SET:
            return self._region_of_clusters or self._default_provider_region or self.default_region
        explicit = self.graph.nodes.get(node.provider.rpartition("::")[0]) if node.provider else None
        if node.provider:
            return _text(node.inputs.get("region")) or _text(explicit.inputs.get("region") if explicit else None)
        return (
            _text(node.inputs.get("region"))
            or _text(node.outputs.get("region"))
            or _region_of_arn(node.outputs.get("arn"))
            or self._default_provider_region
            or self.default_region
        )

    def target(self, node: Node, key: str, token: str, value: Any = None) -> Node | None:
        """The resource of a type that the input `key` stands for: by its value, or by dependency.

        A capture does not know the value, and a preview's JSON does not say the names of what stays as it is.
        """
        given = plain(node.inputs.get(key)) if value is None else value
        named = self._by_name.get((token, given)) if isinstance(given, str) else None
        if named is not None:
            return named
        behind = [self.graph.nodes.get(urn) for urn in node.property_deps.get(key, ())]
        found = [each for each in behind if each is not None and each.type == token]
        return found[0] if len(found) == 1 else None

    def all(self, token: str) -> list[Node]:
        """Every resource of a type."""
        return self.graph.all(token)

    @cached_property
    def _default_provider_region(self) -> str | None:
        providers = [
            node for node in self.graph if node.type == "pulumi:providers:aws" and node.name.startswith("default")
        ]
        regions = {_text(node.inputs.get("region")) for node in providers} - {None}
        return regions.pop() if len(regions) == 1 else None

    @cached_property
    def _region_of_clusters(self) -> str | None:
        """The region in which nodes of Karpenter and of EKS Auto Mode start; None where clusters lie in several, or there is none here."""
        regions = {self.region(node) for node in self.graph.all("aws:eks/cluster:Cluster")}
        return regions.pop() if len(regions) == 1 else None

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Node]:
        found: dict[tuple[str, str], Node] = {}
        for node in self.graph:
            outputs = node.outputs
            names = (node.id, outputs.get("arn"), outputs.get("name"), outputs.get("arnWithoutRevision"))
            family, revision = outputs.get("family"), outputs.get("revision")
            for name in (*names, f"{family}:{revision}" if family and revision else None):
                if isinstance(name, str) and name:
                    found.setdefault((node.type, name), node)
        return found


def number(value: Any) -> Decimal | None:
    """The number that a value says, also as text; None for what is unknown, not given or no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _text(value: Any) -> str | None:
    given = plain(value)
    return given if isinstance(given, str) and given else None


def _region_of_arn(value: Any) -> str | None:
    given = _text(value)
    parts = given.split(":") if given is not None and given.startswith("arn:") else []
    return parts[3] or None if len(parts) > 5 else None
