"""Updates that the plan takes for possible and AWS refuses."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import plain
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding
from modelinfra.review.findings.words import called

_SUBNET, _VPC = "aws:ec2/subnet:Subnet", "aws:ec2/vpc:Vpc"

# A plan updates these in place (subnets are no reason to replace them), and they stay in the VPC in which they were made:
# pulumi/pulumi-aws#1382 for load balancers; EKS, UpdateClusterConfig: subnets of the same VPC.
_BOUND = {
    "aws:lb/loadBalancer:LoadBalancer": "subnets",
    "aws:alb/loadBalancer:LoadBalancer": "subnets",
    "aws:eks/cluster:Cluster": "vpcConfig",
}


def findings(changes: Changes) -> Iterator[Finding]:
    """What is to move to another VPC without being replaced."""
    replaced = {each.urn for each in changes.of("replace")}
    for change in changes.of("update"):
        key = _BOUND.get(change.type)
        if key is None or change.before is None or change.after is None:
            continue
        before, after = _vpcs(changes.before, change.before, key), _vpcs(changes.after, change.after, key)
        if before and after and (after & replaced or before.isdisjoint(after)):
            yield Finding(
                "replacement", "high", change.urn, f"{called(changes.after, change.after)} cannot move to another VPC: the update fails",
                "It is planned as an update of its subnets, which AWS refuses: it stays in the VPC in which it was made.",
                "Replace it in the same deployment (pulumi up --replace URN, or another name for it), or keep the VPC.",
            )  # fmt: skip


def _vpcs(graph: Graph, node: Node, key: str) -> set[str]:
    """The VPCs of its subnets: URNs, or ids of those that the graph does not hold."""
    found = set()
    for urn in node.property_deps.get(key, ()):
        subnet = graph.nodes.get(urn)
        if subnet is None or subnet.type != _SUBNET:
            continue
        behind = [each for each in subnet.property_deps.get("vpcId", ()) if each in graph and graph[each].type == _VPC]
        given = plain(subnet.inputs).get("vpcId")
        found |= set(behind) or ({given} if isinstance(given, str) else set())
    return found
