"""Who stands on whom: the blast radius of a change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from modelinfra.graph.model import Graph
from modelinfra.review.findings.words import ENDPOINT, bare_name

# These act on what they name: what happens to a route happens to whoever uses its table.
_ACTS_ON = {
    "aws:ec2/route:Route": ("routeTableId",),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("subnetId",),
    "aws:iam/rolePolicy:RolePolicy": ("role",),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("role",),
    "aws:lb/listener:Listener": ("defaultActions",),
    "aws:lb/listenerRule:ListenerRule": ("actions",),
}

_SERVING = ("aws:ecs/service:Service", "aws:sagemaker/endpoint:Endpoint", "aws:lambda/function:Function")


class Links:
    """The dependencies of one graph, read once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._on: dict[str, set[str]] = defaultdict(set)
        for node in graph:
            sources = {urn for urns in node.property_deps.values() for urn in urns} | set(node.depends_on)
            for urn in sources - {node.urn}:
                self._on[urn].add(node.urn)
            for key in _ACTS_ON.get(node.type, ()):
                for urn in node.property_deps.get(key, ()):
                    self._on[node.urn].add(urn)
        self._endpoint_of = {
            each.urn: component
            for component in graph.all(ENDPOINT)
            for each in (component, *graph.descendants(component))
        }

    def dependents(self, urns: Iterable[str]) -> set[str]:
        """All that stands on the resources, directly or not, without themselves."""
        start = set(urns)
        found: set[str] = set()
        waiting = list(start)
        while waiting:
            for urn in self._on[waiting.pop()] - found:
                found.add(urn)
                waiting.append(urn)
        return found - start

    def endpoints(self, urns: Iterable[str]) -> list[str]:
        """The names of the endpoints that the resources belong to or that stand on them; of services outside of endpoints, theirs."""
        start = set(urns)
        touched = start | self.dependents(start)
        found = []
        for node in self.graph:
            if node.urn not in touched:
                continue
            component = self._endpoint_of.get(node.urn)
            if component is not None:
                found.append(bare_name(self.graph, component))
            elif node.type in _SERVING:
                found.append(node.name)
        return sorted(set(found))
