"""`ServingNetwork`: private and public subnets over two or three zones, or an existing VPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack, overload

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Adjustments, Children
from modelinfra.components.flow_logs import register_flow_logs
from modelinfra.components.network_plan import NetworkPlan, plan_network
from modelinfra.components.subnets import ZoneSubnets, zone_subnets
from modelinfra.components.vpc_endpoints import register_gateway, register_interfaces
from modelinfra.options.arguments import checked, run_error
from modelinfra.options.names import name_problems
from modelinfra.options.network import DEFAULT_CIDR, NetworkOptions
from modelinfra.options.problems import InvalidOptionsError
from modelinfra.platforms.base import NetworkReference

ENDPOINTS_WITHOUT_NAT = ("ecr.api", "ecr.dkr", "logs")
"""What every private task needs when there is no way to the internet: its image and its log (facts `serving.md` 2d)."""


class ServingNetwork(pulumi.ComponentResource):
    """A network for serving. Pass it to a platform as `network`.

    Subnets are keyed by zone: adding a zone changes nothing in the others.

    Raises pulumi.RunError with every mistake in the arguments, before any resource is registered.
    """

    vpc_id: Output[str]
    """Id of the VPC."""

    private_subnet_ids: Output[Sequence[str]]
    """Private subnets, in the order of their zones."""

    public_subnet_ids: Output[Sequence[str]]
    """Public subnets, in the order of their zones; empty without NAT, and in an adopted VPC that names none."""

    @overload
    def __init__(self, name: str, args: NetworkOptions, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self, name: str, *, opts: pulumi.ResourceOptions | None = None, **kwargs: Unpack[NetworkOptions]
    ) -> None: ...
    def __init__(self, name: str, args: Any = None, opts: pulumi.ResourceOptions | None = None, **kwargs: Any) -> None:
        # An Environment checks its network before it registers anything.
        plan = args if isinstance(args, NetworkPlan) else _planned(name, args, kwargs, opts)
        super().__init__("modelinfra:index:ServingNetwork", name, None, opts)
        self._children = Children(self, name, Adjustments.of(plan.options))
        self._ways_out: list[pulumi.Resource] = []
        self._ways_in: list[pulumi.Resource] = []
        self.reference = self._adopt(plan.adopted) if plan.adopted else self._make(plan.options, plan.zones)
        self._children.tell_unmet()
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "private_subnet_ids": self.private_subnet_ids,
                "public_subnet_ids": self.public_subnet_ids,
            }
        )

    def _adopt(self, reference: NetworkReference) -> NetworkReference:
        self.vpc_id = Output.from_input(reference.vpc_id)
        self.private_subnet_ids = Output.all(*reference.task_subnet_ids)
        self.public_subnet_ids = Output.all(*reference.public_subnet_ids)
        return reference

    def _make(self, options: Any, zones: Sequence[str]) -> NetworkReference:
        cidr, nat = options.cidr or DEFAULT_CIDR, options.nat or "single"
        vpc = aws.ec2.Vpc(
            self._children.named("vpc"),
            cidr_block=cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": self._children.name},
            opts=self._children.opts("vpc"),
        )
        # Without rules: what names no security group of its own gets this one, and AWS lets its members talk to each other.
        aws.ec2.DefaultSecurityGroup(
            self._children.named("default"), vpc_id=vpc.id, opts=self._children.opts("default-security-group")
        )
        # Subnets name the second range's VPC through its association, so that they wait for it.
        second_vpc_id = self._second_range(vpc, options.secondary_cidr) if options.secondary_cidr else None
        subnets = zone_subnets(cidr, zones, options.secondary_cidr)
        public = self._public_subnets(vpc, subnets) if nat != "none" else {}
        gateways = self._nat_gateways(public, nat)
        private: dict[str, aws.ec2.Subnet] = {}
        second: dict[str, aws.ec2.Subnet] = {}
        tables: dict[str, aws.ec2.RouteTable] = {}
        for zone in subnets:
            private[zone.letter] = self._private_subnet(zone, "private", zone.private, vpc.id)
            tables[zone.letter] = self._private_routes(zone.letter, vpc, private[zone.letter], gateways)
            if zone.secondary and second_vpc_id is not None:
                second[zone.letter] = self._private_subnet(zone, "tasks", zone.secondary, second_vpc_id)
                self._associate(f"tasks-{zone.letter}", second[zone.letter], tables[zone.letter])
        s3_prefix_list_id, ways_to_s3 = register_gateway(self._children, vpc, tables)
        endpoints = options.interface_endpoints
        if endpoints is None:
            endpoints = ENDPOINTS_WITHOUT_NAT if nat == "none" else ()
        ranges = [cidr, *([options.secondary_cidr] if options.secondary_cidr else [])]
        interfaces = register_interfaces(self._children, vpc, [each.id for each in private.values()], ranges, endpoints)
        if options.flow_logs is not None:
            register_flow_logs(self._children, vpc, options.flow_logs.retention_days)
        self.vpc_id = vpc.id
        self.private_subnet_ids = Output.all(*(each.id for each in private.values()))
        self.public_subnet_ids = Output.all(*(each.id for each in public.values()))
        return NetworkReference(
            vpc_id=vpc.id,
            cidr=vpc.cidr_block,
            secondary_cidr=options.secondary_cidr,
            load_balancer_subnet_ids=[each.id for each in private.values()],
            task_subnet_ids=[each.id for each in (second or private).values()],
            internet=nat != "none",
            s3_prefix_list_id=None if nat != "none" else s3_prefix_list_id,
            ways_out=[*self._ways_out, *ways_to_s3, *interfaces],
            public_subnet_ids=[each.id for each in public.values()],
            ways_in=self._ways_in,
        )

    def _second_range(self, vpc: aws.ec2.Vpc, cidr: str) -> Output[str]:
        association = aws.ec2.VpcIpv4CidrBlockAssociation(
            self._children.named("secondary"),
            vpc_id=vpc.id,
            cidr_block=cidr,
            opts=self._children.opts("secondary-range"),
        )
        return association.vpc_id

    def _public_subnets(self, vpc: aws.ec2.Vpc, subnets: Sequence[ZoneSubnets]) -> dict[str, aws.ec2.Subnet]:
        # In another VPC it is another gateway: moved, it would leave the old one's NAT gateways without a way out, and AWS refuses.
        gateway = aws.ec2.InternetGateway(
            self._children.named("internet"),
            vpc_id=vpc.id,
            opts=self._children.opts("internet-gateway", replacement_trigger=vpc.id),
        )
        table = aws.ec2.RouteTable(
            self._children.named("public"), vpc_id=vpc.id, opts=self._children.opts("public-route-table")
        )
        route = aws.ec2.Route(
            self._children.named("public-internet"),
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self._children.opts("public-route"),
        )
        self._ways_out.append(route)
        self._ways_in.append(route)
        found = {}
        for zone in subnets:
            found[zone.letter] = aws.ec2.Subnet(
                self._children.named(f"public-{zone.letter}"),
                vpc_id=vpc.id,
                cidr_block=zone.public,
                availability_zone=zone.zone,
                map_public_ip_on_launch=False,
                tags={"Name": f"{self._children.name}-public-{zone.letter}", "kubernetes.io/role/elb": "1"},
                opts=self._children.opts("public-subnet"),
            )
            self._associate(f"public-{zone.letter}", found[zone.letter], table)
        return found

    def _nat_gateways(self, public: dict[str, aws.ec2.Subnet], nat: str) -> dict[str, aws.ec2.NatGateway]:
        """Zone letter -> the gateway that its private subnets use. A single one stands in the first zone."""
        letters = list(public) if nat == "per-zone" else list(public)[:1]
        found = {}
        for letter in letters:
            address = aws.ec2.Eip(
                self._children.named(f"nat-{letter}"),
                domain="vpc",
                opts=self._children.opts("nat-address", replacement_trigger=public[letter].vpc_id),
            )
            found[letter] = aws.ec2.NatGateway(
                self._children.named(f"nat-{letter}"),
                subnet_id=public[letter].id,
                allocation_id=address.id,
                # A VPC lets its internet gateway go only when no public address is left in it.
                opts=self._children.opts("nat-gateway", depends_on=list(self._ways_out)),
            )
        return {letter: found.get(letter, next(iter(found.values()))) for letter in public} if found else {}

    def _private_subnet(self, zone: ZoneSubnets, kind: str, cidr: str, vpc_id: Input[str]) -> aws.ec2.Subnet:
        return aws.ec2.Subnet(
            self._children.named(f"{kind}-{zone.letter}"),
            vpc_id=vpc_id,
            cidr_block=cidr,
            availability_zone=zone.zone,
            map_public_ip_on_launch=False,
            tags={
                "Name": f"{self._children.name}-{kind}-{zone.letter}",
                "kubernetes.io/role/internal-elb": "1",
                "karpenter.sh/discovery": self._children.name,
            },
            opts=self._children.opts("task-subnet" if kind == "tasks" else "private-subnet"),
        )

    def _private_routes(
        self, letter: str, vpc: aws.ec2.Vpc, subnet: aws.ec2.Subnet, gateways: dict[str, aws.ec2.NatGateway]
    ) -> aws.ec2.RouteTable:
        table = aws.ec2.RouteTable(
            self._children.named(f"private-{letter}"), vpc_id=vpc.id, opts=self._children.opts("private-route-table")
        )
        self._associate(f"private-{letter}", subnet, table)
        if letter in gateways:
            route = aws.ec2.Route(
                self._children.named(f"private-{letter}-internet"),
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=gateways[letter].id,
                opts=self._children.opts("private-route"),
            )
            self._ways_out.append(route)
        return table

    def _associate(self, suffix: str, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable) -> None:
        association = aws.ec2.RouteTableAssociation(
            self._children.named(suffix),
            subnet_id=subnet.id,
            route_table_id=table.id,
            opts=self._children.opts("route-table-association"),
        )
        self._ways_out.append(association)


def _planned(name: str, args: Any, kwargs: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> NetworkPlan:
    subject = f"ServingNetwork '{name}'"
    options = checked(NetworkOptions, args, kwargs, subject, also=list(name_problems(name)))
    try:
        return plan_network(options, opts)
    except InvalidOptionsError as error:
        raise run_error(InvalidOptionsError(error.problems, subject)) from None
