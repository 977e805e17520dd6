"""Security groups as sets of doors: what they let in and out."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from modelinfra.graph.model import Node
from modelinfra.policies import tokens
from modelinfra.policies.view import View, listed, mapping, number

Way = Literal["ingress", "egress"]
ANYWHERE = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True)
class Door:
    """One opening. `group` and `prefix_list` are what is on the other side, when it is not an address range."""

    rule: Node
    protocol: str
    ports: tuple[float, float]
    cidr: str | None = None
    group: Node | None = None
    prefix_list: Any = None

    def passes(self, port: float) -> bool:
        """Whether TCP on the port goes through."""
        return self.protocol in ("-1", "all") or (
            self.protocol in ("tcp", "6") and self.ports[0] <= port <= self.ports[1]
        )

    def covers(self, cidr: Any) -> bool:
        """Whether the whole address range is on the other side."""
        if self.cidr is None or not isinstance(cidr, str):
            return False
        mine, other = ipaddress.ip_network(self.cidr, strict=False), ipaddress.ip_network(cidr, strict=False)
        return mine.version == other.version and other.subnet_of(mine)  # type: ignore[arg-type]


def doors(view: View, group: Node, way: Way) -> Iterator[Door]:
    """Every opening of a security group in one direction, by rules of its own type or written into the group."""
    token = tokens.INGRESS if way == "ingress" else tokens.EGRESS
    for node, rule in view.each(token):
        if view.target(node, "securityGroupId", tokens.GROUP) is group:
            other = rule.get("referencedSecurityGroupId")
            behind = view.target(node, "referencedSecurityGroupId", tokens.GROUP) if other is not None else None
            yield Door(
                node,
                str(rule.get("ipProtocol")),
                _ports(rule),
                next((each for each in (rule.get("cidrIpv4"), rule.get("cidrIpv6")) if isinstance(each, str)), None),
                behind,
                rule.get("prefixListId"),
            )
    for written in listed(view.inputs(group).get(way)):
        yield from _written(view, group, way, mapping(written))


def _written(view: View, group: Node, way: Way, rule: Mapping[str, Any]) -> Iterator[Door]:
    protocol, ports = str(rule.get("protocol")), _ports(rule)
    for key in ("cidrBlocks", "ipv6CidrBlocks"):
        for cidr in listed(rule.get(key)):
            if isinstance(cidr, str):
                yield Door(group, protocol, ports, cidr)
    for other in view.targets(group, way, tokens.GROUP, rule.get("securityGroups")):
        yield Door(group, protocol, ports, group=other)
    for each in listed(rule.get("prefixListIds")):
        yield Door(group, protocol, ports, prefix_list=each)
    if rule.get("self"):
        yield Door(group, protocol, ports, group=group)


def _ports(rule: Mapping[str, Any]) -> tuple[float, float]:
    first, last = number(rule.get("fromPort")), number(rule.get("toPort"))
    return (first if first is not None else 0, last if last is not None else 65535)
