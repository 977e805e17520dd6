"""From another door to an endpoint's own load balancer: a security group that lets out there alone, and the load balancer's side of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra.platforms.base import EndpointRequest, NetworkReference
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference

_WORDS: Mapping[str, str] = {"gateway": "API gateway", "private-link": "load balancer for PrivateLink"}


def register_hop(
    request: EndpointRequest, network: NetworkReference, balancer: LoadBalancerReference, of: str, ports: Sequence[int]
) -> tuple[Output[str], list[pulumi.Resource]]:
    """The group's id, and the rules without which nothing passes. of: the door, as names and roles begin. Nothing is let in to the group
    itself: what comes to these doors is not asked by addresses.

    A port that is another one tomorrow stays open until what uses it has moved: rules are named after their port.
    """
    children, words = request.children, _WORDS[of]
    group = aws.ec2.SecurityGroup(
        children.named(of, "security group"),
        vpc_id=network.vpc_id,
        description=f"{words} of endpoint {request.name}",
        opts=children.opts(f"{of}-security-group"),
    )
    rules: list[pulumi.Resource] = []
    for port in ports:
        rules += [
            aws.vpc.SecurityGroupEgressRule(
                children.named(f"{of}-to-lb-{port}"),
                security_group_id=group.id,
                referenced_security_group_id=balancer.security_group_id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description="To the load balancer",
                opts=children.opts(f"{of}-egress"),
            ),
            aws.vpc.SecurityGroupIngressRule(
                children.named(f"lb-from-{of}-{port}"),
                security_group_id=balancer.security_group_id,
                referenced_security_group_id=group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description=f"From the {words}",
                opts=children.opts(f"{of}-ingress"),
            ),
        ]
    return group.id, rules
