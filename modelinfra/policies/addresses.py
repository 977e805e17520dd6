"""Address ranges that EC2 refuses."""

from __future__ import annotations

import ipaddress

from modelinfra.catalog.address_ranges import refused_beside, special
from modelinfra.graph.model import Node
from modelinfra.policies import tokens
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View

_LARGEST, _SMALLEST = 16, 28


def _range(value: object) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _sizes(view: View) -> Found:
    for token in (tokens.VPC, tokens.SUBNET, tokens.SECOND_RANGE):
        for node, given in view.each(token):
            text = given.get("cidrBlock")
            found = _range(text)
            if isinstance(text, str) and (found is None or not _LARGEST <= found.prefixlen <= _SMALLEST):
                yield node, f"the range is {text}"


def _inside(view: View) -> Found:
    for node, subnet in view.each(tokens.SUBNET):
        vpc, own = view.target(node, "vpcId", tokens.VPC), _range(subnet.get("cidrBlock"))
        if vpc is None or own is None:
            continue
        ranges = [_range(view.inputs(vpc).get("cidrBlock"))]
        ranges += [
            _range(given.get("cidrBlock"))
            for second, given in view.each(tokens.SECOND_RANGE)
            if view.target(second, "vpcId", tokens.VPC) is vpc
        ]
        if None not in ranges and not any(each is not None and own.subnet_of(each) for each in ranges):
            yield node, f"{own} is in no range of {vpc.name}"


def _overlaps(view: View) -> Found:
    seen: list[tuple[Node | None, ipaddress.IPv4Network, Node]] = []
    for node, subnet in view.each(tokens.SUBNET):
        vpc, own = view.target(node, "vpcId", tokens.VPC), _range(subnet.get("cidrBlock"))
        if own is None:
            continue
        for other_vpc, other, neighbour in seen:
            if other_vpc is vpc and own.overlaps(other):
                yield node, f"{own} overlaps {other} of {neighbour.name}"
        seen.append((vpc, own, node))


def _special(view: View) -> Found:
    for node, vpc in view.each(tokens.VPC):
        own = _range(vpc.get("cidrBlock"))
        meaning = special(own) if own is not None else None
        if meaning is not None:
            yield node, f"{own} touches {meaning}"


def _second(view: View) -> Found:
    for node, given in view.each(tokens.SECOND_RANGE):
        vpc, own = view.target(node, "vpcId", tokens.VPC), _range(given.get("cidrBlock"))
        main = _range(view.inputs(vpc).get("cidrBlock")) if vpc is not None else None
        refused = refused_beside(main, own) if main is not None and own is not None else None
        if refused is not None:
            yield node, f"{own} is of {refused}, beside {main}"


_EC2 = "EC2 API"

RULES = (
    Rule(
        "address-special",
        "A VPC has no loopback, link-local, multicast or zero addresses",
        "Amazon VPC user guide, VPC CIDR blocks",
        "Write a range of 10.0.0.0/8.",
        _special,
    ),
    Rule(
        "address-second-range",
        "Beside a private range, AWS adds ranges of the same private range, of 100.64.0.0/10 and public ones only",
        "Amazon VPC user guide, IPv4 CIDR block association restrictions",
        "Write a range of 100.64.0.0/10.",
        _second,
    ),
    Rule(
        "address-size",
        "A VPC's or subnet's range is a /16 to a /28, and begins where such a range begins",
        f"{_EC2}, CreateVpc, CreateSubnet: InvalidVpc.Range",
        "Write such a range.",
        _sizes,
    ),
    Rule(
        "address-inside",
        "A subnet lies in a range of its VPC",
        f"{_EC2}, CreateSubnet: InvalidSubnet.Range",
        "Write a part of the VPC's range.",
        _inside,
    ),
    Rule(
        "address-overlap",
        "Subnets of a VPC do not overlap",
        f"{_EC2}, CreateSubnet: InvalidSubnet.Conflict",
        "Write a range that is free.",
        _overlaps,
    ),
)
