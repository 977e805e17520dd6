"""Ways from a VPC to AWS services that do not cross the internet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children

_HTTPS = 443


def register_gateway(
    children: Children, vpc: aws.ec2.Vpc, tables: Mapping[str, aws.ec2.RouteTable]
) -> tuple[Output[str], list[pulumi.Resource]]:
    """The gateway to S3, which costs nothing and carries the layers of images.

    Returns its prefix list's id, and what must exist before a subnet can use it.
    """
    endpoint = aws.ec2.VpcEndpoint(
        children.named("s3"),
        vpc_id=vpc.id,
        vpc_endpoint_type="Gateway",
        service_name=_service_name(children, "s3"),
        opts=children.opts("s3-endpoint"),
    )
    # One association a zone, so that a new zone does not change the gateway.
    associations: list[pulumi.Resource] = [
        aws.ec2.VpcEndpointRouteTableAssociation(
            children.named(f"s3-{letter}"),
            vpc_endpoint_id=endpoint.id,
            route_table_id=table.id,
            opts=children.opts("s3-association"),
        )
        for letter, table in tables.items()
    ]
    return endpoint.prefix_list_id, associations


def register_interfaces(
    children: Children,
    vpc: aws.ec2.Vpc,
    subnet_ids: Sequence[Input[str]],
    ranges: Sequence[str],
    services: Sequence[str],
) -> list[pulumi.Resource]:
    """Interface endpoints with private DNS, reachable by HTTPS from the network's address ranges."""
    if not services:
        return []
    group = aws.ec2.SecurityGroup(
        children.named("endpoints", "security group"),
        vpc_id=vpc.id,
        description="AWS services within the network",
        opts=children.opts("interface-endpoint-security-group"),
    )
    rules: list[pulumi.Resource] = [
        aws.vpc.SecurityGroupIngressRule(
            children.named("endpoints-from-tasks" if index else "endpoints-from-network"),
            security_group_id=group.id,
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            description="HTTPS from inside the network",
            opts=children.opts("interface-endpoint-ingress"),
        )
        for index, cidr in enumerate(ranges)
    ]
    endpoints = [
        aws.ec2.VpcEndpoint(
            children.named(service.replace(".", "-")),
            vpc_id=vpc.id,
            vpc_endpoint_type="Interface",
            service_name=_service_name(children, service),
            subnet_ids=list(subnet_ids),
            security_group_ids=[group.id],
            private_dns_enabled=True,
            opts=children.opts("interface-endpoint"),
        )
        for service in services
    ]
    return [*rules, *endpoints]


def _service_name(children: Children, service: str) -> Output[str]:
    region = aws.get_region_output(opts=children.invoke).region
    return Output.concat("com.amazonaws.", region, ".", service)
