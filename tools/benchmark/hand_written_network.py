"""The network of the hand-written program: two zones, one NAT gateway, the gateway to S3."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Output


@dataclass
class Network:
    """What stands in the network needs to know."""

    vpc: aws.ec2.Vpc
    private_subnet_ids: list[Output[str]]
    ways_out: list[pulumi.Resource]


def register_network(name: str) -> Network:
    """Register the network's resources."""
    zones = sorted(
        aws.get_availability_zones(
            state="available", filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}]
        ).names
    )[:2]
    component = pulumi.ComponentResource("modelinfra:index:ServingNetwork", name)
    child = pulumi.ResourceOptions(parent=component)
    vpc = aws.ec2.Vpc(
        f"{name}-vpc",
        cidr_block="10.0.0.0/16",
        enable_dns_support=True,
        enable_dns_hostnames=True,
        tags={"Name": name},
        opts=child,
    )
    aws.ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=vpc.id, opts=child)
    internet = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=vpc.id, opts=child)
    public_table = aws.ec2.RouteTable(f"{name}-public", vpc_id=vpc.id, opts=child)
    internet_route = aws.ec2.Route(
        f"{name}-public-internet",
        route_table_id=public_table.id,
        destination_cidr_block="0.0.0.0/0",
        gateway_id=internet.id,
        opts=child,
    )
    ways_out: list[pulumi.Resource] = [internet_route]
    public = {}
    for index, zone in enumerate(zones):
        letter = zone[-1]
        public[letter] = aws.ec2.Subnet(
            f"{name}-public-{letter}",
            vpc_id=vpc.id,
            cidr_block=f"10.0.{128 + index}.0/24",
            availability_zone=zone,
            map_public_ip_on_launch=False,
            tags={"Name": f"{name}-public-{letter}", "kubernetes.io/role/elb": "1"},
            opts=child,
        )
        ways_out.append(
            aws.ec2.RouteTableAssociation(
                f"{name}-public-{letter}", subnet_id=public[letter].id, route_table_id=public_table.id, opts=child
            )
        )
    address = aws.ec2.Eip(f"{name}-nat-a", domain="vpc", opts=child)
    nat = aws.ec2.NatGateway(
        f"{name}-nat-a",
        subnet_id=public["a"].id,
        allocation_id=address.id,
        opts=pulumi.ResourceOptions(parent=component, depends_on=list(ways_out)),
    )
    region = aws.get_region_output().region
    s3 = aws.ec2.VpcEndpoint(
        f"{name}-s3",
        vpc_id=vpc.id,
        vpc_endpoint_type="Gateway",
        service_name=Output.concat("com.amazonaws.", region, ".s3"),
        opts=child,
    )
    private = []
    for index, zone in enumerate(zones):
        letter = zone[-1]
        subnet = aws.ec2.Subnet(
            f"{name}-private-{letter}",
            vpc_id=vpc.id,
            cidr_block=f"10.0.{16 * index}.0/20",
            availability_zone=zone,
            map_public_ip_on_launch=False,
            tags={
                "Name": f"{name}-private-{letter}",
                "kubernetes.io/role/internal-elb": "1",
                "karpenter.sh/discovery": name,
            },
            opts=child,
        )
        private.append(subnet.id)
        table = aws.ec2.RouteTable(f"{name}-private-{letter}", vpc_id=vpc.id, opts=child)
        ways_out += [
            aws.ec2.RouteTableAssociation(
                f"{name}-private-{letter}", subnet_id=subnet.id, route_table_id=table.id, opts=child
            ),
            aws.ec2.Route(
                f"{name}-private-{letter}-internet",
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=nat.id,
                opts=child,
            ),
            aws.ec2.VpcEndpointRouteTableAssociation(
                f"{name}-s3-{letter}", vpc_endpoint_id=s3.id, route_table_id=table.id, opts=child
            ),
        ]
    component.register_outputs({"vpc_id": vpc.id})
    return Network(vpc, private, ways_out)
