"""Doors before a load balancer: API gateways and endpoint services, who may come by them, and whether they lead anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies import tokens
from modelinfra.policies.doors import doors
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping, number

_ENCRYPTED = ("HTTPS", "TLS")


@dataclass(frozen=True)
class OpenRoute:
    """A route of an HTTP API that asks nobody who calls. path: as its key says it. listener: behind it, where the graph holds it."""

    api: Node
    path: str
    listener: Node | None


def open_routes(view: View) -> Iterator[OpenRoute]:
    """Every one. What is not known yet asks."""
    certified = certified_apis(view)
    for node, route in view.each(tokens.API_ROUTE):
        api = view.target(node, "apiId", tokens.API)
        if api is None or api.urn in certified or view.inputs(api).get("protocolType") != "HTTP":
            continue
        if route.get("authorizationType", "NONE") != "NONE" or not isinstance(route.get("routeKey"), str):
            continue
        integration = _integration(view, node)
        listener = view.target(integration, "integrationUri", tokens.LISTENER) if integration is not None else None
        yield OpenRoute(api, str(route["routeKey"]).partition(" ")[2] or "/{any+}", listener)


def certified_apis(view: View) -> set[str]:
    """URNs of APIs that are called by domains alone that ask for certificates of clients."""
    found: dict[str, bool] = {}
    for node in view.all(tokens.API_MAPPING):
        api = view.target(node, "apiId", tokens.API)
        domain = view.target(node, "domainName", tokens.API_DOMAIN)
        if api is None:
            continue
        asks = domain is not None and bool(view.inputs(domain).get("mutualTlsAuthentication"))
        found[api.urn] = found.get(api.urn, True) and asks
    nameless = {node.urn for node, api in view.each(tokens.API) if api.get("disableExecuteApiEndpoint") is True}
    return {urn for urn, asks in found.items() if asks and urn in nameless}


def _integration(view: View, route: Node) -> Node | None:
    """What a route leads to: its target is `integrations/` and an id."""
    target = view.inputs(route).get("target")
    value = target.partition("/")[2] if isinstance(target, str) else None
    return view.target(route, "target", tokens.API_INTEGRATION, value)


def _open(view: View) -> Found:
    by_api: dict[str, list[str]] = {}
    for route in open_routes(view):
        by_api.setdefault(route.api.urn, []).append(route.path)
    for urn, paths in by_api.items():
        beside = _asking_domains(view, view.graph[urn])
        words = f", by the name that AWS gives it, beside {beside[0]} which asks for certificates" if beside else ""
        yield view.graph[urn], f"it asks nobody who calls {', '.join(sorted(paths))}{words}"


def _asking_domains(view: View, api: Node) -> list[str]:
    domains = [
        view.target(node, "domainName", tokens.API_DOMAIN)
        for node in view.all(tokens.API_MAPPING)
        if view.target(node, "apiId", tokens.API) is api
    ]
    return [each.name for each in domains if each is not None and view.inputs(each).get("mutualTlsAuthentication")]


def _reach(view: View) -> Found:
    for node, integration in view.each(tokens.API_INTEGRATION):
        link = view.target(node, "connectionId", tokens.API_LINK)
        listener = view.target(node, "integrationUri", tokens.LISTENER)
        if link is None or listener is None:
            continue
        given, port = view.inputs(listener), number(view.inputs(listener).get("port"))
        if given.get("protocol") in _ENCRYPTED and not integration.get("tlsConfig"):
            yield node, f"it speaks HTTP to {listener.name}, which speaks {given['protocol']}"
        back = view.target(listener, "loadBalancerArn", tokens.LOAD_BALANCER)
        front = view.targets(link, "securityGroupIds", tokens.GROUP, view.inputs(link).get("securityGroupIds"))
        if back is not None and port is not None:
            yield from ((node, reason) for reason in _shut(view, front, back, port))


def _reach_link(view: View) -> Found:
    for node, attachment in view.each(tokens.TARGET_ATTACHMENT):
        group = view.target(node, "targetGroupArn", tokens.TARGET_GROUP)
        back = view.target(node, "targetId", tokens.LOAD_BALANCER)
        port = number(attachment.get("port"))
        if group is None or back is None or port is None or view.inputs(group).get("targetType") != "alb":
            continue
        known = [listener for listener in view.all(tokens.LISTENER) if _of(view, listener) is back]
        if known and port not in {number(view.inputs(each).get("port")) for each in known}:
            yield node, f"{back.name} does not listen on port {port:g}"
        for front in _forwarding(view, group):
            groups = view.targets(front, "securityGroups", tokens.GROUP, view.inputs(front).get("securityGroups"))
            yield from ((node, reason) for reason in _shut(view, groups, back, port))


def _forwarding(view: View, group: Node) -> Iterator[Node]:
    """Load balancers of which a listener hands everything on to a target group."""
    for node, listener in view.each(tokens.LISTENER):
        wanted = [mapping(each).get("targetGroupArn") for each in listed(listener.get("defaultActions"))]
        if group in view.targets(node, "defaultActions", tokens.TARGET_GROUP, wanted):
            balancer = _of(view, node)
            if balancer is not None:
                yield balancer


def _of(view: View, listener: Node) -> Node | None:
    return view.target(listener, "loadBalancerArn", tokens.LOAD_BALANCER)


def _shut(view: View, front: list[Node], back: Node, port: float) -> Iterator[str]:
    """Why nothing passes from the security groups of a door to a load balancer."""
    behind = view.targets(back, "securityGroups", tokens.GROUP, view.inputs(back).get("securityGroups"))
    if not front or not behind:
        return
    out = [door for each in front for door in doors(view, each, "egress") if door.passes(port)]
    # Where its other end is an address range, whether the load balancer is in it is not known.
    if not any(door.group in behind or door.cidr is not None for door in out):
        yield f"it lets nothing out to {back.name} on port {port:g}"
    into = [door for each in behind for door in doors(view, each, "ingress") if door.passes(port)]
    if not any(door.group in front or door.cidr is not None for door in into):
        yield f"{back.name} lets nothing in from it on port {port:g}"


def _anybody(view: View) -> Found:
    for node, service in view.each(tokens.ENDPOINT_SERVICE):
        if service.get("acceptanceRequired") is False and "*" in listed(service.get("allowedPrincipals")):
            yield node, "every account of AWS may connect, and nobody accepts connections first"


def only_by_private_link(view: View, balancer: Node) -> bool:
    """Whether a network load balancer is meant to be reached by its endpoint service, whatever its security groups let in."""
    given = view.inputs(balancer)
    if given.get("enforceSecurityGroupInboundRulesOnPrivateLinkTraffic") != "off":
        return False
    return any(
        balancer
        in view.targets(node, "networkLoadBalancerArns", tokens.LOAD_BALANCER, service.get("networkLoadBalancerArns"))
        or service.get("networkLoadBalancerArns") is Unknown
        for node, service in view.each(tokens.ENDPOINT_SERVICE)
    )


_OWN = "design.md section 4 rule 10: no public endpoint without authentication unless the user writes so"

RULES = (
    Rule(
        "open-gateway",
        "An API gateway asks who calls",
        f'{_OWN}; API Gateway developer guide, "Control access to HTTP APIs"',
        "Write an authorizationType for its routes; or ask for certificates at its domain and write disableExecuteApiEndpoint true.",
        _open,
    ),
    Rule(
        "open-endpoint-service",
        "An endpoint service says whose connections it takes",
        f'{_OWN}; AWS PrivateLink guide, "Manage permissions"',
        "Name the accounts in allowedPrincipals, or write acceptanceRequired true.",
        _anybody,
    ),
    Rule(
        "reach-gateway",
        "An API gateway reaches the load balancer behind it, in the protocol that it speaks",
        "EC2 API, security group rules; API Gateway API, CreateIntegration.tlsConfig",
        "Let the VPC link's security group out to the load balancer's, and in there, on the listener's port; with HTTPS write tlsConfig.",
        _reach,
    ),
    Rule(
        "reach-private-link",
        "The load balancer of an endpoint service reaches the one behind it",
        'EC2 API, security group rules; ELB user guide, "Use Application Load Balancers as targets"',
        "Listen on the target's port there, and let the network load balancer's security group in.",
        _reach_link,
    ),
)
