"""Whether a task reaches what it needs before it can start: its image, its log, its secrets, its model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.policies import tokens
from modelinfra.policies.doors import Door, doors
from modelinfra.policies.fargate import containers
from modelinfra.policies.fetching import fetched_from, services_for
from modelinfra.policies.reachability import groups_of, subnets_of
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.service import task_of
from modelinfra.policies.view import View, listed, mapping

_HTTPS = 443
_EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Need:
    """A service of AWS that a task calls when it starts, or `internet` for anything outside AWS."""

    service: str
    why: str


def needs(task: dict[str, Any], exec_enabled: bool) -> list[Need]:
    """What ECS asks for on the task's own network, or the task itself."""
    found: dict[str, Need] = {}

    def need(service: str, why: str) -> None:
        found.setdefault(service, Need(service, why))

    for container in containers(task):
        if ".dkr.ecr." in str(container.get("image")):
            need("ecr.api", "its image's address")
            need("ecr.dkr", "its image")
            need("s3", "its image's layers")
        if mapping(container.get("logConfiguration")).get("logDriver") == "awslogs":
            need("logs", "its log")
        for secret in listed(container.get("secrets")):
            arn = str(mapping(secret).get("valueFrom"))
            need("secretsmanager" if ":secretsmanager:" in arn else "ssm", "its secrets")
        for uri in fetched_from(container):
            for service in services_for(uri):
                need(service, "its model")
    if exec_enabled:
        need("ssmmessages", "exec")
    return list(found.values())


def _unreachable(view: View) -> Found:
    for service in view.all(tokens.SERVICE):
        task, groups = task_of(view, service), groups_of(view, service)
        if task is None or not groups:
            continue
        out = [door for group in groups for door in doors(view, group, "egress") if door.passes(_HTTPS)]
        exec_enabled = view.inputs(service).get("enableExecuteCommand") is True
        for need in needs(task, exec_enabled):
            for subnet in subnets_of(view, service):
                problem = _problem(view, subnet, need.service, groups, out)
                if problem is not None:
                    yield service, f"from {subnet.name} its tasks cannot reach {need.service} for {need.why}: {problem}"
        if not subnets_of(view, service) and not out:
            yield service, "its security groups let no HTTPS out"


def _problem(view: View, subnet: Node, service: str, groups: list[Node], out: list[Door]) -> str | None:
    """Why tasks in the subnet cannot call the service; None when they can."""
    endpoint = _endpoint(view, subnet, service)
    if service == "s3" and endpoint is not None and _gateway_routed(view, subnet, endpoint):
        listed_prefix = view.graph[endpoint.urn].outputs.get("prefixListId")
        if any(door.cidr == _EVERYWHERE or door.prefix_list in (listed_prefix, endpoint.id) for door in out):
            return None
        if any(door.prefix_list is not None and not isinstance(door.prefix_list, str) for door in out):
            return None  # not known yet
        return "the security group lets nothing out to the gateway's prefix list"
    if endpoint is not None and view.inputs(endpoint).get("vpcEndpointType") == "Interface":
        return _interface_problem(view, subnet, endpoint, groups, out)
    if not any(door.cidr == _EVERYWHERE for door in out):
        return "there is no endpoint, and the security group lets nothing out to the internet"
    return _internet_problem(view, subnet)


def _endpoint(view: View, subnet: Node, service: str) -> Node | None:
    vpc = view.target(subnet, "vpcId", tokens.VPC)
    for node, endpoint in view.each(tokens.VPC_ENDPOINT):
        name = endpoint.get("serviceName")
        known = name.endswith(f".{service}") if isinstance(name, str) else node.name.endswith(service.replace(".", "-"))
        if known and vpc is not None and view.target(node, "vpcId", tokens.VPC) is vpc:
            return node
    return None


def _gateway_routed(view: View, subnet: Node, endpoint: Node) -> bool:
    table = _table(view, subnet)
    given = view.inputs(endpoint).get("routeTableIds")
    if table is not None and table in view.targets(endpoint, "routeTableIds", tokens.ROUTE_TABLE, given):
        return True
    return any(
        view.target(node, "vpcEndpointId", tokens.VPC_ENDPOINT) is endpoint
        and view.target(node, "routeTableId", tokens.ROUTE_TABLE) is table
        for node in view.all(tokens.GATEWAY_ROUTE)
    )


def _interface_problem(view: View, subnet: Node, endpoint: Node, groups: list[Node], out: list[Door]) -> str | None:
    given = view.inputs(endpoint)
    if not given.get("privateDnsEnabled"):
        return f"{endpoint.name} has no private DNS"
    vpc = view.target(endpoint, "vpcId", tokens.VPC)
    dns = view.inputs(vpc) if vpc is not None else {}
    if vpc is not None and not (dns.get("enableDnsHostnames") and dns.get("enableDnsSupport", True)):
        return f"{vpc.name} has DNS names or DNS support off, and private DNS needs both"
    fronts = view.targets(endpoint, "securityGroupIds", tokens.GROUP, given.get("securityGroupIds"))
    into = [door for front in fronts for door in doors(view, front, "ingress") if door.passes(_HTTPS)]
    cidr = view.inputs(subnet).get("cidrBlock")
    if not any(door.group in groups if door.group else door.covers(cidr) for door in into):
        return f"{endpoint.name} lets nothing in from {cidr}"
    places = [
        view.inputs(each).get("cidrBlock")
        for each in view.targets(endpoint, "subnetIds", tokens.SUBNET, given.get("subnetIds"))
    ]
    reached = any(door.group in fronts for door in out if door.group) or (
        places and all(any(door.covers(place) for door in out) for place in places)
    )
    return None if reached else f"the security group lets nothing out to {endpoint.name}"


def _internet_problem(view: View, subnet: Node) -> str | None:
    table = _table(view, subnet)
    if table is None:
        return "the subnet has no route table"
    gateways = [
        view.target(node, "natGatewayId", tokens.NAT)
        for node, route in _default_routes(view, table)
        if route.get("natGatewayId") is not None
    ]
    if not gateways:
        return "there is no endpoint, and no route to a NAT gateway"
    for gateway in gateways:
        if gateway is None:
            continue  # one that the graph does not hold
        place = view.target(gateway, "subnetId", tokens.SUBNET)
        if place is not None and not _public(view, place):
            return f"{gateway.name} stands in {place.name}, which has no route to an internet gateway"
    return None


def _public(view: View, subnet: Node) -> bool:
    table = _table(view, subnet)
    return table is not None and any(
        route.get("gatewayId") is not None and view.target(node, "gatewayId", tokens.GATEWAY) is not None
        for node, route in _default_routes(view, table)
    )


def _default_routes(view: View, table: Node) -> Iterator[tuple[Node, dict[str, Any]]]:
    for node, route in view.each(tokens.ROUTE):
        default = route.get("destinationCidrBlock") == _EVERYWHERE
        if default and view.target(node, "routeTableId", tokens.ROUTE_TABLE) is table:
            yield node, route
    for written in listed(view.inputs(table).get("routes")):
        if mapping(written).get("cidrBlock") == _EVERYWHERE:
            yield table, dict(mapping(written))


def _table(view: View, subnet: Node) -> Node | None:
    for node in view.all(tokens.SUBNET_TABLE):
        if view.target(node, "subnetId", tokens.SUBNET) is subnet:
            return view.target(node, "routeTableId", tokens.ROUTE_TABLE)
    return None


RULES = (
    Rule(
        "reach-services",
        "Before a task starts, its network reaches the registry, S3, the log service, the stores of its secrets and where its model lies",
        "ECS developer guide, Fargate networking and VPC endpoints (facts serving.md 2d)",
        "Add a route to a NAT gateway, or endpoints with private DNS, and let HTTPS out to them.",
        _unreachable,
    ),
)
