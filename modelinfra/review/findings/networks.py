"""What stands between networks, and what a change takes from it: network ACLs, routes, peerings, prefix lists, groups that let groups in, ways out."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import listed, mapping, plain
from modelinfra.policies.doors import ANYWHERE
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings.openings import (
    GROUPS,
    INGRESS_RULE,
    OLD_RULE,
    Network,
    everybody,
    newly,
    openings,
    public,
    users,
)
from modelinfra.review.findings.words import called, listing

_ACL_RULE, _ACL = "aws:ec2/networkAclRule:NetworkAclRule", "aws:ec2/networkAcl:NetworkAcl"
_ROUTE, _ROUTES = "aws:ec2/route:Route", "aws:ec2/routeTable:RouteTable"
_GATEWAY, _PREFIXES = "aws:ec2/internetGateway:InternetGateway", "aws:ec2/managedPrefixList:ManagedPrefixList"
_EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"

_JOINS = {
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": "another VPC",
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": "a transit gateway",
    "aws:ec2transitgateway/peeringAttachment:PeeringAttachment": "another transit gateway",
    "aws:ec2/vpnConnection:VpnConnection": "a network behind a VPN",
}


def findings(changes: Changes) -> Iterator[Finding]:
    """One concern after the other; what is made together with its network is that network's own matter."""
    yield from _acls(changes)
    yield from _routes(changes)
    yield from _joins(changes)
    yield from _prefix_lists(changes)
    yield from _references(changes)
    yield from _ways_out(changes)


def _acls(changes: Changes) -> Iterator[Finding]:
    before, after = _acl_rules(changes.before), _acl_rules(changes.after)
    allowed = [network for _, action, network in before if action == "allow"]
    for urn, action, network in after:
        if action == "allow" and (opened := newly([network], allowed)) and everybody([network], opened):
            yield Finding(
                "exposure", "medium", urn, f"{called(changes.after, changes.after[urn])} lets the whole internet in to its subnets",
                "Only security groups stand in between now.", "Name the ranges that may come in.",
            )  # fmt: skip
    denied = [network for _, action, network in after if action == "deny"]
    for urn, action, network in before:
        stays = urn in changes.after or not _whole_acl_goes(changes, urn)
        if action == "deny" and stays and newly([network], denied):
            graph = changes.after if urn in changes.after else changes.before
            yield Finding(
                "exposure", "medium", urn, f"{called(graph, graph[urn])} no longer denies {network}",
                "What other rules allow may come in from there.", "Keep the rule.",
            )  # fmt: skip


def _acl_rules(graph: Graph) -> list[tuple[str, str, Network]]:
    """URN, action and range of every rule for what comes in."""
    found = []
    for node in graph:
        inputs = plain(node.inputs)
        if node.type == _ACL_RULE and inputs.get("egress") is not True:
            found += [(node.urn, str(inputs.get("ruleAction")), each) for each in _networks(inputs)]
        elif node.type == _ACL:
            for rule in map(mapping, listed(inputs.get("ingress"))):
                found += [(node.urn, str(rule.get("action")), each) for each in _networks(rule)]
    return found


def _whole_acl_goes(changes: Changes, rule: str) -> bool:
    return any(urn not in changes.after for urn in changes.before[rule].property_deps.get("networkAclId", ()))


def _routes(changes: Changes) -> Iterator[Finding]:
    known = {key for node in changes.before for key in _internet_routes(changes.before, node)}
    for node in changes.after:
        fresh = [key for key in _internet_routes(changes.after, node) if key not in known]
        # A table that is made anew has no subnets that were private.
        tables = [node.urn] if node.type == _ROUTES else node.property_deps.get("routeTableId", ())
        if fresh and all(table in changes.before or table not in changes.after for table in tables):
            yield Finding(
                "exposure", "medium", node.urn, f"{called(changes.after, node)} leads to the internet by an internet gateway",
                "Subnets of its table are public now: what has a public address in them can be reached, as far as security groups let it.",
                "Go out by a NAT gateway, or use a table of its own for public subnets.",
            )  # fmt: skip


def _internet_routes(graph: Graph, node: Node) -> Iterator[tuple[str, str]]:
    if node.type == _ROUTE:
        routes, key = [plain(node.inputs)], "gatewayId"
    elif node.type == _ROUTES:
        routes, key = [mapping(each) for each in listed(plain(node.inputs).get("routes"))], "routes"
    else:
        return
    behind = any(urn in graph and graph[urn].type == _GATEWAY for urn in node.property_deps.get(key, ()))
    for route in routes:
        given = route.get("gatewayId")
        by_gateway = given is not None and (behind or str(given).startswith("igw-"))
        for name in ("destinationCidrBlock", "destinationIpv6CidrBlock", "cidrBlock", "ipv6CidrBlock"):
            if by_gateway and route.get(name) in ANYWHERE:
                yield node.urn, str(route[name])


def _joins(changes: Changes) -> Iterator[Finding]:
    for change in changes.of("create"):
        other = _JOINS.get(change.type)
        if other is not None and change.urn not in changes.moved:
            yield Finding(
                "exposure", "medium", change.urn, f"joins the network with {other}: {called(changes.after, change.node)}",
                "What routes and security groups let through can be reached from there.", "Name the ranges of the other side in security groups.",
            )  # fmt: skip


def _prefix_lists(changes: Changes) -> Iterator[Finding]:
    for change in changes.resources:
        if change.type != _PREFIXES or change.before is None or change.after is None:
            continue
        old, new = _entries(change.before), _entries(change.after)
        opened = newly(new, old)
        if not opened:
            continue
        name = called(changes.after, change.after)
        ranges = listing([str(each) for each in opened], 5)
        severity: Severity = "note"
        what = "more private addresses"
        if everybody(new, opened):
            severity, what = "high", "the whole internet"
        elif public(opened):
            severity, what = "medium", "more public addresses"
        yield Finding(
            "exposure", severity, change.urn, f"{name} takes in {what}", f"{ranges} is let in by every rule that names the list.", "Name the ranges that may come in."
        )  # fmt: skip


def _entries(node: Node) -> list[Network]:
    found = [mapping(each).get("cidr") for each in listed(plain(node.inputs).get("entries"))]
    return [network for each in found if (network := _network(each)) is not None]


def _references(changes: Changes) -> Iterator[Finding]:
    """A rule that lets a group in lets in whoever that group stands for; one that load balancers alone use is meant to be open."""
    graph = changes.after
    known = set(_let_in(changes.before))
    was_open = _open_groups(changes.before)
    rules = sorted(_let_in(graph))
    for source in sorted(_open_groups(graph)):
        guarded = users(graph, source)
        if guarded and all(each.type.endswith(":LoadBalancer") for each in guarded):
            continue
        for rule, target, one in rules:
            if one != source or target == source or ((rule, target, one) in known and source in was_open):
                continue
            yield Finding(
                "exposure", "medium", rule,
                f"lets {called(graph, graph[source])}, which is open to the whole internet, in to {_called(graph, target)}",
                "Whoever gets a machine of that group gets on from there.", "Let in a group that is not open, or close that one.",
            )  # fmt: skip


def _open_groups(graph: Graph) -> set[str]:
    together: dict[str, list[Network]] = defaultdict(list)
    for each in openings(graph):
        if each.group in graph:
            together[each.group].append(each.network)
    return {group for group, networks in together.items() if everybody(networks, networks)}


def _let_in(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Rule, the group that it belongs to, the group that it lets in."""
    for node in graph:
        if node.type == INGRESS_RULE:
            source_key = "referencedSecurityGroupId"
        elif node.type == OLD_RULE and plain(node.inputs).get("type") == "ingress":
            source_key = "sourceSecurityGroupId"
        else:
            continue
        targets = node.property_deps.get("securityGroupId") or [str(plain(node.inputs).get("securityGroupId"))]
        for source in node.property_deps.get(source_key, ()):
            if source in graph and graph[source].type in GROUPS:
                yield from ((node.urn, target, source) for target in targets)


def _called(graph: Graph, group: str) -> str:
    return called(graph, graph[group]) if group in graph else f"the security group {group}"


def _ways_out(changes: Changes) -> Iterator[Finding]:
    for change in changes.resources:
        new, old = change.after, change.before
        if new is None or not _leaves(new) or (old is not None and _leaves(old)):
            continue
        groups = [new.urn] if new.type in GROUPS else new.property_deps.get("securityGroupId", ())
        # A group that is made anew took nothing from anybody.
        if any(group in changes.after and group not in changes.before for group in groups):
            continue
        yield Finding(
            "exposure", "low", new.urn, f"{called(changes.after, new)} lets everything go out to the whole internet",
            "Who gets in may send out what is there, by any protocol.", "Name ports and ranges, for instance 443 only.",
        )  # fmt: skip


def _leaves(node: Node) -> bool:
    inputs = plain(node.inputs)
    if node.type == _EGRESS_RULE:
        rules = [(inputs.get("ipProtocol"), [inputs.get("cidrIpv4"), inputs.get("cidrIpv6")])]
    elif node.type == OLD_RULE and inputs.get("type") == "egress":
        rules = [(inputs.get("protocol"), _ranges(inputs))]
    elif node.type in GROUPS:
        rules = [(each.get("protocol"), _ranges(each)) for each in map(mapping, listed(inputs.get("egress")))]
    else:
        return False
    return any(
        str(protocol) in ("-1", "all") and any(each in ANYWHERE for each in ranges) for protocol, ranges in rules
    )


def _ranges(rule: Mapping[str, Any]) -> list[Any]:
    return [*listed(rule.get("cidrBlocks")), *listed(rule.get("ipv6CidrBlocks"))]


def _networks(rule: Mapping[str, Any]) -> list[Network]:
    return [network for key in ("cidrBlock", "ipv6CidrBlock") if (network := _network(rule.get(key))) is not None]


def _network(given: Any) -> Network | None:
    try:
        return ipaddress.ip_network(given, strict=False) if isinstance(given, str) else None
    except ValueError:
        return None
