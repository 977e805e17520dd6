"""Whether requests reach the tasks, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelinfra.graph.model import Node
from modelinfra.policies import tokens
from modelinfra.policies.asking import asking_balancers
from modelinfra.policies.doors import ANYWHERE, doors
from modelinfra.policies.gateways import only_by_private_link
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.service import balanced, forwarded
from modelinfra.policies.view import View, listed, mapping, number


@dataclass(frozen=True)
class Hop:
    """From a load balancer to a service's tasks, on the port of the container."""

    service: Node
    balancer: Node
    port: float
    front: list[Node]
    back: list[Node]


def hops(view: View) -> Iterator[Hop]:
    """Every way from a load balancer to tasks of which the graph holds both sides."""
    for service, entry, group in balanced(view):
        port = number(entry.get("containerPort"))
        back = groups_of(view, service)
        for node, forwarded_to in forwarded(view):
            if forwarded_to is not group or port is None or not back:
                continue
            listener = node if node.type == tokens.LISTENER else view.target(node, "listenerArn", tokens.LISTENER)
            balancer = view.target(listener, "loadBalancerArn", tokens.LOAD_BALANCER) if listener else None
            if balancer is not None:
                given = view.inputs(balancer).get("securityGroups")
                front = view.targets(balancer, "securityGroups", tokens.GROUP, given)
                if front:
                    yield Hop(service, balancer, port, front, back)


def groups_of(view: View, service: Node) -> list[Node]:
    """The security groups of a service's tasks that the graph holds."""
    given = mapping(view.inputs(service).get("networkConfiguration")).get("securityGroups")
    return view.targets(service, "networkConfiguration", tokens.GROUP, given)


def subnets_of(view: View, service: Node) -> list[Node]:
    """The subnets of a service's tasks that the graph holds."""
    given = mapping(view.inputs(service).get("networkConfiguration")).get("subnets")
    return view.targets(service, "networkConfiguration", tokens.SUBNET, given)


def _out(view: View) -> Found:
    for hop in hops(view):
        ranges = [view.inputs(each).get("cidrBlock") for each in subnets_of(view, hop.service)]
        out = [door for each in hop.front for door in doors(view, each, "egress") if door.passes(hop.port)]
        to_group = any(door.group in hop.back for door in out if door.group is not None)
        to_ranges = bool(ranges) and all(any(door.covers(each) for door in out) for each in ranges)
        anywhere = any(door.cidr == "0.0.0.0/0" for door in out)
        if not (to_group or to_ranges or anywhere):
            yield hop.balancer, f"it lets nothing out to {hop.service.name} on port {hop.port:g}"


def _in(view: View) -> Found:
    for hop in hops(view):
        given = view.inputs(hop.balancer).get("subnets")
        ranges = [
            view.inputs(each).get("cidrBlock") for each in view.targets(hop.balancer, "subnets", tokens.SUBNET, given)
        ]
        into = [door for each in hop.back for door in doors(view, each, "ingress") if door.passes(hop.port)]
        from_group = any(door.group in hop.front for door in into if door.group is not None)
        from_ranges = bool(ranges) and all(any(door.covers(each) for door in into) for each in ranges)
        if not (from_group or from_ranges):
            yield hop.service, f"its tasks let nothing in from {hop.balancer.name} on port {hop.port:g}"


def _front_door(view: View) -> Found:
    for node, listener in view.each(tokens.LISTENER):
        balancer, port = view.target(node, "loadBalancerArn", tokens.LOAD_BALANCER), number(listener.get("port"))
        if balancer is None or port is None:
            continue
        given = view.inputs(balancer).get("securityGroups")
        groups = view.targets(balancer, "securityGroups", tokens.GROUP, given)
        if only_by_private_link(view, balancer):
            continue
        if groups and not any(door.passes(port) for each in groups for door in doors(view, each, "ingress")):
            yield node, f"nothing may come in to {balancer.name} on port {port:g}"


def _internet(view: View) -> Found:
    entrances = set(_entrances(view))
    for group in view.all(tokens.GROUP):
        for door in doors(view, group, "ingress"):
            asked = door.ports[0] == door.ports[1] and (group.urn, door.ports[0]) in entrances
            if door.cidr in ANYWHERE and not asked:
                yield door.rule, f"it lets {door.cidr} in on the ports {door.ports[0]:g} to {door.ports[1]:g}"


def _entrances(view: View) -> Iterator[tuple[str, float]]:
    """Group and port by which clients come to a load balancer that asks who they are."""
    asking = asking_balancers(view)
    for node, listener in view.each(tokens.LISTENER):
        balancer, port = view.target(node, "loadBalancerArn", tokens.LOAD_BALANCER), number(listener.get("port"))
        if balancer is None or balancer.urn not in asking or port is None:
            continue
        for group in view.targets(
            balancer, "securityGroups", tokens.GROUP, view.inputs(balancer).get("securityGroups")
        ):
            yield group.urn, port


def _public_address(view: View) -> Found:
    for node, service in view.each(tokens.SERVICE):
        if mapping(service.get("networkConfiguration")).get("assignPublicIp"):
            yield node, "its tasks get public addresses"
        for subnet in subnets_of(view, node):
            if view.inputs(subnet).get("mapPublicIpOnLaunch"):
                yield subnet, f"the tasks of {node.name} are in it, and it gives public addresses out"


def _public_balancer(view: View) -> Found:
    asking = asking_balancers(view)
    for node, balancer in view.each(tokens.LOAD_BALANCER):
        if balancer.get("internal") in (None, False) and node.urn not in asking:
            yield node, "it faces the internet, and asks nobody who comes"


def _only_balancers(view: View) -> Found:
    backs: dict[str, list[Hop]] = {}
    for hop in hops(view):
        for group in hop.back:
            backs.setdefault(group.urn, []).append(hop)
    for urn, found in backs.items():
        fronts = [group for hop in found for group in hop.front]
        ports = {hop.port for hop in found}
        for door in doors(view, view.graph[urn], "ingress"):
            if door.group not in fronts:
                yield door.rule, f"it lets {door.cidr or (door.group.name if door.group else 'others')} in to the tasks"
            elif not any(door.ports == (port, port) for port in ports):
                yield door.rule, f"it opens the ports {door.ports[0]:g} to {door.ports[1]:g} of the tasks"


def _empty_groups(view: View) -> Found:
    for node, service in view.each(tokens.SERVICE):
        network = service.get("networkConfiguration")
        if isinstance(network, dict) and not listed(network.get("securityGroups")) and "securityGroups" not in network:
            yield node, "it names no security group, and the default one of the VPC lets all its members in"


_OWN = "design.md section 4 rule 10: no public endpoint without authentication unless the user writes so"
_EC2 = "EC2 API, security group rules"

RULES = (
    Rule(
        "reach-task-out",
        "The load balancer's security group lets requests and health checks out to the tasks",
        _EC2,
        "Add an egress rule to the tasks' security group on the container's port.",
        _out,
    ),
    Rule(
        "reach-task-in",
        "The tasks' security group lets requests and health checks in from the load balancer",
        _EC2,
        "Add an ingress rule from the load balancer's security group on the container's port.",
        _in,
    ),
    Rule(
        "reach-listener",
        "Somebody can reach the listener",
        _EC2,
        "Add an ingress rule on the listener's port.",
        _front_door,
    ),
    Rule(
        "open-internet",
        "Nothing lets the whole internet in but to load balancers that ask who comes",
        _OWN,
        "Name who may come in.",
        _internet,
    ),
    Rule(
        "open-public-address",
        "Tasks have no public addresses",
        f"{_OWN}; facts readiness.md 1 row 18",
        "Write assignPublicIp false, and use private subnets.",
        _public_address,
    ),
    Rule(
        "open-load-balancer",
        "Load balancers are internal, or ask their clients who they are",
        _OWN,
        "Write internal true, or authenticate in the listener's rules.",
        _public_balancer,
    ),
    Rule(
        "open-tasks",
        "Only load balancers reach tasks, and only on the port that they serve on",
        _OWN,
        "Remove the rule, or reference the load balancer's security group and the container's port.",
        _only_balancers,
    ),
    Rule("open-default-group", "Tasks have a security group of their own", _OWN, "Name one.", _empty_groups),
)
