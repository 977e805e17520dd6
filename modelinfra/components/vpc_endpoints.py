"""Ways from a VPC to AWS services that do not cross the internet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra import naming

_HTTPS = 443


def register_gateway(
    component: pulumi.ComponentResource, name: str, vpc: aws.ec2.Vpc, tables: Mapping[str, aws.ec2.RouteTable]
) -> tuple[Output[str], list[pulumi.Resource]]:
    """The gateway to S3, which costs nothing and carries the layers of images.

    Returns its prefix list's id, and what must exist before a subnet can use it.
    """
    opts = pulumi.ResourceOptions(parent=component)
    endpoint = aws.ec2.VpcEndpoint(
        naming.child(name, "s3"),
        vpc_id=vpc.id,
        vpc_endpoint_type="Gateway",
        service_name=_service_name(component, "s3"),
        opts=opts,
    )
    # One association a zone, so that a new zone does not change the gateway.
    associations: list[pulumi.Resource] = [
        aws.ec2.VpcEndpointRouteTableAssociation(
            naming.child(name, f"s3-{letter}"), vpc_endpoint_id=endpoint.id, route_table_id=table.id, opts=opts
        )
        for letter, table in tables.items()
    ]
    return endpoint.prefix_list_id, associations


def register_interfaces(
    component: pulumi.ComponentResource,
    name: str,
    vpc: aws.ec2.Vpc,
    subnet_ids: Sequence[Input[str]],
    ranges: Sequence[str],
    services: Sequence[str],
) -> list[pulumi.Resource]:
    """Interface endpoints with private DNS, reachable by HTTPS from the network's address ranges."""
    if not services:
        return []
    opts = pulumi.ResourceOptions(parent=component)
    group = aws.ec2.SecurityGroup(
        naming.child(name, "endpoints", "security group"),
        vpc_id=vpc.id,
        description="AWS services within the network",
        opts=opts,
    )
    rules: list[pulumi.Resource] = [
        aws.vpc.SecurityGroupIngressRule(
            naming.child(name, "endpoints-from-tasks" if index else "endpoints-from-network"),
            security_group_id=group.id,
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            description="HTTPS from inside the network",
            opts=opts,
        )
        for index, cidr in enumerate(ranges)
    ]
    endpoints = [
        aws.ec2.VpcEndpoint(
            naming.child(name, service.replace(".", "-")),
            vpc_id=vpc.id,
            vpc_endpoint_type="Interface",
            service_name=_service_name(component, service),
            subnet_ids=list(subnet_ids),
            security_group_ids=[group.id],
            private_dns_enabled=True,
            opts=opts,
        )
        for service in services
    ]
    return [*rules, *endpoints]


def _service_name(component: pulumi.ComponentResource, service: str) -> Output[str]:
    region = aws.get_region_output(opts=pulumi.InvokeOptions(parent=component)).region
    return Output.concat("com.amazonaws.", region, ".", service)
