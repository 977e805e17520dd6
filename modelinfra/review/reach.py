"""What can be reached from where: every way from clients to a service of which the graph holds both ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import listed, mapping
from modelinfra.policies import tokens
from modelinfra.policies.doors import ANYWHERE, doors
from modelinfra.policies.service import balanced, forwarded
from modelinfra.policies.view import View

INTERNET, INSIDE, NOT_KNOWN = "the internet", "inside the network", "not known before the deployment"

FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"


@dataclass(frozen=True)
class Way:
    """From clients through a door to what serves. door: load balancer or URL. service: None where the graph does not hold it."""

    clients: str
    """`the internet`, `inside the network`, or that it is not known."""
    ranges: tuple[str, ...]
    """The address ranges that security groups of the graph let in; empty where none says so."""
    door: Node
    how: str
    """Such as `HTTP 80 /digits/*`."""
    service: Node | None

    @property
    def public(self) -> bool:
        """Whether anybody on the internet can knock."""
        return self.clients == INTERNET and (not self.ranges or bool(set(self.ranges) & set(ANYWHERE)))


def ways(graph: Graph) -> list[Way]:
    """Every way in, in registration order of the services; then URLs of functions."""
    view = View(graph)
    return [*_through_load_balancers(view), *_through_urls(view)]


def _through_load_balancers(view: View) -> Iterator[Way]:
    pairs = list(forwarded(view))
    for service, _, group in balanced(view):
        for node, target in pairs:
            if target is not group:
                continue
            listener = node if node.type == tokens.LISTENER else view.target(node, "listenerArn", tokens.LISTENER)
            balancer = view.target(listener, "loadBalancerArn", tokens.LOAD_BALANCER) if listener else None
            if listener is not None and balancer is not None:
                # The inputs with their markers: what is secret or unknown is no word here.
                given = [listener.inputs.get(key) for key in ("protocol", "port")]
                words = [str(each) for each in given if isinstance(each, (str, int))]
                yield Way(*_clients(view, balancer), balancer, " ".join([*words, *_conditions(node)]), service)


def _clients(view: View, balancer: Node) -> tuple[str, tuple[str, ...]]:
    given = view.inputs(balancer)
    groups = view.targets(balancer, "securityGroups", tokens.GROUP, given.get("securityGroups"))
    ranges = dict.fromkeys(door.cidr for group in groups for door in doors(view, group, "ingress") if door.cidr)
    internal = given.get("internal", False)
    if not isinstance(internal, bool):
        return NOT_KNOWN, tuple(ranges)
    return INSIDE if internal else INTERNET, tuple(ranges)


def _conditions(rule: Node) -> Iterator[str]:
    for condition in listed(rule.inputs.get("conditions")):
        for key in ("pathPattern", "hostHeader"):
            values = listed(mapping(mapping(condition).get(key)).get("values"))
            yield from (value for value in values if isinstance(value, str))


def _through_urls(view: View) -> Iterator[Way]:
    for node in view.all(FUNCTION_URL):
        auth = node.inputs.get("authorizationType")
        known = f"authentication {auth}" if isinstance(auth, str) else "authentication not known"
        said = "without authentication" if auth == "NONE" else known
        function = view.target(node, "functionName", "aws:lambda/function:Function")
        yield Way(INTERNET, (), node, said, function)
