"""What the replicas' security group lets through: in from the load balancer on the server's ports, out to HTTPS, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input

from modelinfra.platforms.base import EndpointRequest, NetworkReference
from modelinfra.platforms.ecs.authentication import asks_outside, register_way_out
from modelinfra.platforms.ecs.capture import front
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.ways_out import ways_out


@dataclass(frozen=True)
class Hops:
    """The tasks' security group, and the rules without which a task would neither start nor be found healthy."""

    group_id: Input[str]
    rules: Sequence[pulumi.Resource]


def register_hops(request: EndpointRequest, network: NetworkReference, balancer: LoadBalancerReference | None) -> Hops:
    """Without a load balancer nobody comes in. A security group that is handed in stays as it is."""
    children, adopted = request.children, request.options.security_group_id
    group_id: Input[str] | None = adopted
    if group_id is None:
        group_id = aws.ec2.SecurityGroup(
            children.named("tasks", "security group"),
            vpc_id=network.vpc_id,
            description=f"Tasks of endpoint {request.name}",
            opts=children.opts("task-security-group"),
        ).id
    rules: list[pulumi.Resource] = []
    if balancer is not None:
        rules += _from_load_balancer(request, balancer, group_id, made=adopted is None)
        if asks_outside(request.options.exposure):
            rules.append(register_way_out(children, balancer.security_group_id))
    if adopted is None:
        wanted = "image, log, secrets" if balancer is not None else "image, log, secrets, messages"
        rules += ways_out(children, network, group_id, of="tasks", role="task-egress", wanted=wanted)
    return Hops(group_id, rules)


def _from_load_balancer(
    request: EndpointRequest, balancer: LoadBalancerReference, group_id: Input[str], *, made: bool
) -> Iterator[pulumi.Resource]:
    """made: whether the replicas' security group is the library's own.

    Another server may listen elsewhere: the old port stays open until the old replicas are gone, since what is replaced goes last.
    Behind another load balancer, too, the old one still reaches them until the service has moved.
    """
    children, ports = request.children, request.served.server.ports
    moved: dict[str, Any] = {"replace_on_changes": ["fromPort", "toPort", "referencedSecurityGroupId"]}
    opened = {"": front(request.options, request.served, "").port}
    if request.options.exposure.grpc is not None:
        opened["-grpc"] = ports["grpc"]
    for suffix, port in opened.items():
        hop: dict[str, Any] = {"ip_protocol": "tcp", "from_port": port, "to_port": port}
        if balancer.owns_security_group:
            yield aws.vpc.SecurityGroupEgressRule(
                children.named(f"lb-to-tasks{suffix}"),
                security_group_id=balancer.security_group_id,
                referenced_security_group_id=group_id,
                description=f"To the tasks of endpoint {request.name}",
                **hop,
                opts=children.opts("load-balancer-egress", **moved),
            )
        if made:
            yield aws.vpc.SecurityGroupIngressRule(
                children.named(f"tasks-from-lb{suffix}"),
                security_group_id=group_id,
                referenced_security_group_id=balancer.security_group_id,
                description="From the load balancer",
                **hop,
                opts=children.opts("task-ingress", **moved),
            )
