"""Whether a network tells who talked to whom, hands out no public addresses, and survives a zone."""

from __future__ import annotations

from modelinfra.graph.values import Unknown
from modelinfra.policies import tokens
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View

_PROBES = "facts readiness.md section 1 row 39"


def _flow_logs(view: View) -> Found:
    logged = {vpc.urn for node in view.all(tokens.FLOW_LOG) if (vpc := view.target(node, "vpcId", tokens.VPC))}
    for vpc in view.all(tokens.VPC):
        if vpc.urn not in logged and not vpc.read:
            yield vpc, "it has no flow log"


def _addresses(view: View) -> Found:
    for node, subnet in view.each(tokens.SUBNET):
        if subnet.get("mapPublicIpOnLaunch") is True:
            yield node, "what starts in it gets a public address"


def _one_nat(view: View) -> Found:
    gateways = view.all(tokens.NAT)
    places = [view.target(node, "subnetId", tokens.SUBNET) for node in gateways]
    zones = {view.inputs(each).get("availabilityZone") for each in places if each is not None}
    wanted = {
        subnet.get("availabilityZone")
        for node, subnet in view.each(tokens.SUBNET)
        if node not in places and subnet.get("availabilityZone") is not Unknown
    }
    if gateways and None not in places and len(wanted) > len(zones):
        yield (
            gateways[0],
            f"NAT gateways stand in {len(zones)} of {len(wanted)} zones, and the others go down with them",
        )


RULES = (
    Rule(
        "ready-flow-logs",
        "A VPC logs who talks to whom",
        f"{_PROBES} (prowler vpc_flow_logs_enabled)",
        "Add a flow log.",
        _flow_logs,
        "low",
    ),
    Rule(
        "ready-subnet-addresses",
        "No subnet gives public addresses out by itself",
        f"{_PROBES} (prowler vpc_subnet_no_public_ip_by_default)",
        "Write mapPublicIpOnLaunch false.",
        _addresses,
        "medium",
    ),
    Rule(
        "ready-nat-per-zone",
        "In production every zone has its own way out",
        _PROBES,
        "Add a NAT gateway in each zone, or make an exception with its reason.",
        _one_nat,
        "low",
        production=True,
    ),
)
