"""An internal application load balancer that answers 404 until endpoints add rules to it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import NONE, Adjustments, Children
from modelinfra.platforms.base import NetworkReference

HTTP_PORT = 80


@dataclass(frozen=True)
class LoadBalancerReference:
    """A load balancer as endpoints see it. url: its address. owns_security_group: whether rules may be added to the security group."""

    arn_suffix: Input[str]
    url: Output[str]
    listener_arn: Input[str]
    security_group_id: Input[str]
    owns_security_group: bool = True


class InternalLoadBalancer(pulumi.ComponentResource):
    """Load balancer, security group and HTTP listener. Reachable from the network's own addresses, on port 80."""

    reference: LoadBalancerReference
    """The load balancer as endpoints see it."""

    def __init__(
        self,
        name: str,
        network: NetworkReference,
        *,
        idle_timeout_seconds: int,
        deletion_protection: bool,
        security_group_id: Input[str] | None = None,
        adjustments: Adjustments = NONE,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("modelinfra:index:InternalLoadBalancer", name, None, opts)
        children = Children(self, name, adjustments)
        group_id = security_group_id if security_group_id is not None else _security_group(children, network)
        balancer = aws.lb.LoadBalancer(
            children.named("lb", "load balancer"),
            internal=True,
            load_balancer_type="application",
            subnets=list(network.load_balancer_subnet_ids),
            security_groups=[group_id],
            idle_timeout=idle_timeout_seconds,
            drop_invalid_header_fields=True,
            enable_deletion_protection=deletion_protection,
            # It stays in its VPC for ever: AWS refuses subnets of another one (pulumi/pulumi-aws#1382), and the provider plans an update.
            opts=children.opts("load-balancer", replacement_trigger=network.vpc_id),
        )
        listener = aws.lb.Listener(
            children.named("http"),
            load_balancer_arn=balancer.arn,
            port=HTTP_PORT,
            protocol="HTTP",
            default_actions=[
                {
                    "type": "fixed-response",
                    "fixed_response": {
                        "content_type": "text/plain",
                        "message_body": "There is no endpoint at this path.",
                        "status_code": "404",
                    },
                }
            ],
            opts=children.opts("listener"),
        )
        self.reference = LoadBalancerReference(
            arn_suffix=balancer.arn_suffix,
            url=Output.concat("http://", balancer.dns_name),
            listener_arn=listener.arn,
            security_group_id=group_id,
            owns_security_group=security_group_id is None,
        )
        self.register_outputs({"dns_name": balancer.dns_name, "listener_arn": listener.arn})


def _security_group(children: Children, network: NetworkReference) -> Output[str]:
    group = aws.ec2.SecurityGroup(
        children.named("front", "security group"),
        vpc_id=network.vpc_id,
        description="Load balancer: HTTP from the network, on to the tasks of the endpoints",
        opts=children.opts("load-balancer-security-group"),
    )
    ranges = {"from-network": network.cidr}
    if network.secondary_cidr is not None:
        ranges["from-secondary"] = network.secondary_cidr
    for suffix, cidr in ranges.items():
        aws.vpc.SecurityGroupIngressRule(
            children.named(suffix),
            security_group_id=group.id,
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=HTTP_PORT,
            to_port=HTTP_PORT,
            description="HTTP from inside the network",
            opts=children.opts("load-balancer-ingress"),
        )
    return group.id
