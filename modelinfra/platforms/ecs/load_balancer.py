"""An internal application load balancer that answers 404 until endpoints add rules to it."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra import naming
from modelinfra.platforms.base import NetworkReference

HTTP_PORT = 80


class InternalLoadBalancer(pulumi.ComponentResource):
    """Load balancer, security group and HTTP listener. Reachable from the network's own addresses, on port 80."""

    arn_suffix: Output[str]
    dns_name: Output[str]
    listener_arn: Output[str]
    security_group_id: Output[str]

    def __init__(
        self,
        name: str,
        network: NetworkReference,
        *,
        idle_timeout_seconds: int,
        deletion_protection: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("modelinfra:index:InternalLoadBalancer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            naming.child(name, "front", "security group"),
            vpc_id=network.vpc_id,
            description="Load balancer: HTTP from the network, on to the tasks of the endpoints",
            opts=child,
        )
        ranges = {"from-network": network.cidr}
        if network.secondary_cidr is not None:
            ranges["from-secondary"] = network.secondary_cidr
        for suffix, cidr in ranges.items():
            aws.vpc.SecurityGroupIngressRule(
                naming.child(name, suffix),
                security_group_id=group.id,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=HTTP_PORT,
                to_port=HTTP_PORT,
                description="HTTP from inside the network",
                opts=child,
            )
        balancer = aws.lb.LoadBalancer(
            naming.child(name, "lb", "load balancer"),
            internal=True,
            load_balancer_type="application",
            subnets=list(network.load_balancer_subnet_ids),
            security_groups=[group.id],
            idle_timeout=idle_timeout_seconds,
            drop_invalid_header_fields=True,
            enable_deletion_protection=deletion_protection,
            opts=child,
        )
        listener = aws.lb.Listener(
            naming.child(name, "http"),
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
            opts=child,
        )
        self.arn_suffix = balancer.arn_suffix
        self.dns_name = balancer.dns_name
        self.listener_arn = listener.arn
        self.security_group_id = group.id
        self.register_outputs(
            {
                "arn_suffix": self.arn_suffix,
                "dns_name": self.dns_name,
                "listener_arn": self.listener_arn,
                "security_group_id": self.security_group_id,
            }
        )
