"""Who may come in through security groups: address arithmetic over all rules of a group together."""

from __future__ import annotations

import ipaddress
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import Unknown, listed, mapping, plain

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_PORTS = (0, 65535)

# Properties by which a resource stands behind security groups.
_GUARDED = ("securityGroups", "networkConfiguration", "vpcSecurityGroupIds", "vpcConfig", "securityGroupIds", "networkInterfaces")  # fmt: skip


@dataclass(frozen=True)
class Opening:
    """One range of addresses that a rule lets in. protocol: `-1` is every one."""

    group: str
    rule: str
    protocol: str
    ports: tuple[int, int]
    network: Network


@dataclass(frozen=True)
class Admitted:
    """What a change lets in to a group that was not let in before, on a range of ports."""

    group: str
    rules: tuple[str, ...]
    protocol: str
    ports: tuple[int, int]
    networks: tuple[Network, ...]
    whole: bool
    """Whether all addresses of an IP version may now come in."""


def openings(graph: Graph) -> list[Opening]:
    """Every opening of every security group, by the group's URN, or its id where the graph does not hold it."""
    return [*_of_rules(graph), *_written(graph)]


def unknown_sources(graph: Graph) -> list[Node]:
    """The rules of which nobody knows yet whom they let in."""
    found = []
    for node in graph:
        inputs = plain(node.inputs)
        if node.type in (INGRESS_RULE, OLD_RULE):
            sources = [inputs.get(key) for key in ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks")]
        elif node.type in GROUPS:
            sources = [
                inputs.get("ingress"),
                *(mapping(each).get("cidrBlocks") for each in listed(inputs.get("ingress"))),
            ]
        else:
            continue
        if any(each is Unknown or Unknown in listed(each) for each in sources):
            found.append(node)
    return found


def admitted(before: Iterable[Opening], after: Iterable[Opening]) -> Iterator[Admitted]:
    """What the openings after let in beyond those before, per group and protocol; neighbouring ports with the same answer are one."""
    old, new = _by_group(before), _by_group(after)
    for key in sorted(new):
        group, protocol = key
        # What was let in on every protocol, was let in on this one.
        known = [*old.get(key, ()), *(old.get((group, "-1"), ()) if protocol != "-1" else ())]
        last: Admitted | None = None
        for ports in _intervals([*known, *new[key]]):
            fresh = [each for each in new[key] if _covers(each.ports, ports)]
            networks = newly(
                [each.network for each in fresh], [each.network for each in known if _covers(each.ports, ports)]
            )
            if not networks:
                continue
            rules = tuple(
                sorted(
                    {
                        each.rule
                        for each in fresh
                        if any(each.network.overlaps(one) for one in networks if one.version == each.network.version)
                    }
                )
            )
            whole = everybody([each.network for each in fresh], networks)
            if last is not None and (last.networks, last.rules, last.ports[1] + 1) == (
                tuple(networks),
                rules,
                ports[0],
            ):
                last = Admitted(group, rules, protocol, (last.ports[0], ports[1]), last.networks, whole)
                continue
            if last is not None:
                yield last
            last = Admitted(group, rules, protocol, ports, tuple(networks), whole)
        if last is not None:
            yield last


def public(networks: Iterable[Network]) -> list[Network]:
    """Those that hold addresses of the internet."""
    return [each for each in networks if each.is_global or each.prefixlen == 0]


def users(graph: Graph, group: str) -> list[Node]:
    """The resources that a security group guards."""
    return [node for node in graph if any(group in node.property_deps.get(key, ()) for key in _GUARDED)]


def _of_rules(graph: Graph) -> Iterator[Opening]:
    for node in graph.all(INGRESS_RULE):
        inputs = plain(node.inputs)
        for cidr in (inputs.get("cidrIpv4"), inputs.get("cidrIpv6")):
            yield from _opening(_group(graph, node), node, str(inputs.get("ipProtocol")), inputs, cidr)
    for node in graph.all(OLD_RULE):
        inputs = plain(node.inputs)
        if inputs.get("type") == "ingress":
            for cidr in [*listed(inputs.get("cidrBlocks")), *listed(inputs.get("ipv6CidrBlocks"))]:
                yield from _opening(_group(graph, node), node, str(inputs.get("protocol")), inputs, cidr)


def _written(graph: Graph) -> Iterator[Opening]:
    for token in GROUPS:
        for node in graph.all(token):
            for rule in map(mapping, listed(plain(node.inputs).get("ingress"))):
                for cidr in [*listed(rule.get("cidrBlocks")), *listed(rule.get("ipv6CidrBlocks"))]:
                    yield from _opening(node.urn, node, str(rule.get("protocol")), rule, cidr)


def _opening(group: str, node: Node, protocol: str, rule: Mapping[str, Any], cidr: Any) -> Iterator[Opening]:
    try:
        network = ipaddress.ip_network(cidr, strict=False) if isinstance(cidr, str) else None
    except ValueError:
        network = None
    if network is not None:
        protocol = {"all": "-1", "6": "tcp", "17": "udp"}.get(protocol.lower(), protocol.lower())
        yield Opening(group, node.urn, protocol, _ports(rule) if protocol in ("tcp", "udp") else _PORTS, network)


def _ports(rule: Mapping[str, Any]) -> tuple[int, int]:
    first, last = rule.get("fromPort"), rule.get("toPort")
    return (
        int(first) if isinstance(first, (int, float)) else 0,
        int(last) if isinstance(last, (int, float)) else 65535,
    )


def _group(graph: Graph, rule: Node) -> str:
    behind = [
        urn for urn in rule.property_deps.get("securityGroupId", ()) if urn in graph and graph[urn].type in GROUPS
    ]
    given = plain(rule.inputs).get("securityGroupId")
    named = [node.urn for token in GROUPS for node in graph.all(token) if isinstance(given, str) and node.id == given]
    return (named or behind or [str(given)])[0]


def _by_group(found: Iterable[Opening]) -> dict[tuple[str, str], list[Opening]]:
    groups: dict[tuple[str, str], list[Opening]] = defaultdict(list)
    for each in found:
        groups[each.group, each.protocol].append(each)
    return groups


def _intervals(found: Iterable[Opening]) -> list[tuple[int, int]]:
    edges = sorted({each.ports[0] for each in found} | {each.ports[1] + 1 for each in found})
    return [(first, last - 1) for first, last in itertools.pairwise(edges)]


def _covers(outer: tuple[int, int], inner: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def newly(new: Iterable[Network], old: Iterable[Network]) -> list[Network]:
    """The addresses of the new ranges that the old ones do not hold."""
    left = collapsed(new)
    for gone in collapsed(old):
        left = [part for each in left for part in _without(each, gone)]
    return collapsed(left)


def _without(network: Network, gone: Network) -> list[Network]:
    if network.version != gone.version or not network.overlaps(gone):
        return [network]
    if network.subnet_of(gone):  # type: ignore[arg-type]
        return []
    return list(network.address_exclude(gone))  # type: ignore[arg-type]


def collapsed(networks: Iterable[Network]) -> list[Network]:
    """The same addresses in as few ranges as there can be: two halves of 0.0.0.0/0 are the whole."""
    found = list(networks)
    four = ipaddress.collapse_addresses(each for each in found if isinstance(each, ipaddress.IPv4Network))
    six = ipaddress.collapse_addresses(each for each in found if isinstance(each, ipaddress.IPv6Network))
    return [*four, *six]


def everybody(after: Iterable[Network], fresh: Iterable[Network]) -> bool:
    """Whether the ranges hold all addresses of an IP version of `fresh`, or all public ones: leaving out the private ones shuts nobody out."""
    versions = {each.version for each in fresh}
    together = collapsed(after)
    everything = [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
    outside = [each for whole in everything if whole.version in versions for each in newly([whole], together)]
    four_or_six = {each.version for each in outside if each.is_global}
    return bool(versions - four_or_six)
