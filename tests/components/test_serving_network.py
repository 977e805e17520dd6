"""`ServingNetwork`: what it makes, that zones leave each other alone, and that an existing VPC is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from modelinfra import ServingNetwork
from modelinfra.graph.compare import changes
from modelinfra.graph.model import Graph
from modelinfra.graph.values import Unknown
from tests.making import captured, document, inputs, names

SUBNET = "aws:ec2/subnet:Subnet"
NAT = "aws:ec2/natGateway:NatGateway"
ROUTE = "aws:ec2/route:Route"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ADOPTED = {"id": "vpc-1", "private_subnet_ids": ["subnet-1", "subnet-2"]}
GET_SUBNET = "aws:ec2/getSubnet:getSubnet"


def network(root: Path, invokes: Any = None, **options: Any) -> Graph:
    return captured(lambda: ServingNetwork("net", **options), root, invokes=invokes)


def refusal(root: Path, invokes: Any = None, **options: Any) -> list[str]:
    """The lines about mistakes; that nothing was registered before is checked on the way."""
    said: list[str] = []

    def program() -> None:
        try:
            ServingNetwork("net", **options)
        except pulumi.RunError as error:
            said.extend(str(error).splitlines())

    assert captured(program, root, invokes=invokes).resources == []
    assert said[:1] == [
        f"ServingNetwork 'net': {len(said) - 1} mistake{'s' if len(said) > 2 else ''}, nothing was created"
    ]
    return [line.strip() for line in said[1:]]


def subnets_in(vpc: str, zones: dict[str, str]) -> dict[str, Any]:
    """Answers of the look-up of subnets: id -> zone."""
    return {GET_SUBNET: lambda call: {"id": call.args["id"], "vpcId": vpc, "availabilityZone": zones[call.args["id"]]}}


def services(graph: Graph) -> set[str]:
    found = [inputs(graph, ENDPOINT, node.name) for node in graph.all(ENDPOINT)]
    return {each["serviceName"] for each in found if each["vpcEndpointType"] == "Interface"}


def test_subnets_are_named_after_their_zones_and_lie_in_them(tmp_path: Path) -> None:
    graph = network(tmp_path, zones=["us-west-2b", "us-west-2d"])
    assert {node.name: (node.inputs["availabilityZone"], node.inputs["cidrBlock"]) for node in graph.all(SUBNET)} == {
        "net-private-b": ("us-west-2b", "10.0.16.0/20"),
        "net-private-d": ("us-west-2d", "10.0.48.0/20"),
        "net-public-b": ("us-west-2b", "10.0.129.0/24"),
        "net-public-d": ("us-west-2d", "10.0.131.0/24"),
    }


@pytest.mark.parametrize("nat", ["single", "per-zone"])
def test_a_third_zone_changes_nothing_of_the_other_two_and_neither_does_its_removal(tmp_path: Path, nat: str) -> None:
    two, three = (network(tmp_path, zones=zones, nat=nat) for zones in (2, 3))
    added = changes(two, three)
    assert {change.kind for change in added} == {"added"}
    assert all("-c" in change.name for change in added)
    assert {change.kind for change in changes(three, two)} == {"removed"}


def test_a_number_takes_the_first_zones_of_the_region_by_name(tmp_path: Path) -> None:
    answer = {
        "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": ["us-west-2c", "us-west-2a", "us-west-2b"]}
    }
    graph = network(tmp_path, invokes=answer, zones=2)
    assert {node.inputs["availabilityZone"] for node in graph.all(SUBNET)} == {"us-west-2a", "us-west-2b"}


def test_zones_given_by_name_are_not_looked_up(tmp_path: Path) -> None:
    graph = network(tmp_path, zones=["us-west-2a", "us-west-2b"], nat="none", interface_endpoints=[])
    assert [call["token"] for call in graph.invokes if "Zones" in call["token"]] == []


def test_a_region_with_fewer_zones_than_asked_is_told(tmp_path: Path) -> None:
    answer = {"aws:index/getAvailabilityZones:getAvailabilityZones": {"names": ["us-west-1a", "us-west-1c"]}}
    assert refusal(tmp_path, answer, zones=3) == ["zones (given: 3): this account sees 2 zones in the region. Write 2."]


def test_one_nat_gateway_serves_all_zones(tmp_path: Path) -> None:
    graph = network(tmp_path, zones=3)
    gateway = graph.one(NAT)
    assert gateway.inputs["subnetId"] == graph.one(SUBNET, "net-public-a").id
    ways = [node.inputs["natGatewayId"] for node in graph.all(ROUTE) if "natGatewayId" in node.inputs]
    assert ways == [gateway.id] * 3


def test_each_zone_has_a_nat_gateway_of_its_own_when_asked(tmp_path: Path) -> None:
    graph = network(tmp_path, zones=2, nat="per-zone")
    ways = {node.name: node.inputs["natGatewayId"] for node in graph.all(ROUTE) if "natGatewayId" in node.inputs}
    assert ways == {f"net-private-{zone}-internet": graph.one(NAT, f"net-nat-{zone}").id for zone in "ab"}


def test_without_nat_nothing_leads_to_the_internet(tmp_path: Path) -> None:
    graph = network(tmp_path, nat="none")
    assert [*graph.all(NAT), *graph.all(ROUTE), *graph.all("aws:ec2/internetGateway:InternetGateway")] == []
    assert names(graph.all(SUBNET)) == ["net-private-a", "net-private-b"]


def test_without_nat_a_task_still_reaches_its_image_and_its_log(tmp_path: Path) -> None:
    graph = network(tmp_path, nat="none")
    assert services(graph) == {f"com.amazonaws.us-west-2.{name}" for name in ("ecr.api", "ecr.dkr", "logs")}
    assert inputs(graph, ENDPOINT, "net-s3")["vpcEndpointType"] == "Gateway"


def test_with_nat_there_is_a_gateway_to_s3_and_no_interface(tmp_path: Path) -> None:
    assert names(network(tmp_path).all(ENDPOINT)) == ["net-s3"]


def test_named_services_are_reached_inside_the_network_by_https_alone(tmp_path: Path) -> None:
    graph = network(tmp_path, interface_endpoints=["sts"], secondary_cidr="100.64.0.0/16")
    endpoint = inputs(graph, ENDPOINT, "net-sts")
    assert endpoint["privateDnsEnabled"] is True
    assert endpoint["subnetIds"] == [graph.one(SUBNET, f"net-private-{zone}").id for zone in "ab"]
    rules = [node.inputs for node in graph.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")]
    assert [(rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) for rule in rules] == [
        ("10.0.0.0/16", 443, 443),
        ("100.64.0.0/16", 443, 443),
    ]


def test_tasks_take_their_addresses_from_the_second_range_and_load_balancers_do_not(tmp_path: Path) -> None:
    made: list[ServingNetwork] = []
    graph = captured(lambda: made.append(ServingNetwork("net", secondary_cidr="100.64.0.0/16")), tmp_path)
    second = {node.name: node.inputs["cidrBlock"] for node in graph.all(SUBNET) if node.name.startswith("net-tasks")}
    assert second == {"net-tasks-a": "100.64.0.0/20", "net-tasks-b": "100.64.16.0/20"}
    association = graph.one("aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation")
    assert association.urn in graph.one(SUBNET, "net-tasks-a").depends_on
    reference = made[0].reference
    assert [len(reference.task_subnet_ids), len(reference.load_balancer_subnet_ids)] == [2, 2]
    assert reference.task_subnet_ids != reference.load_balancer_subnet_ids


def test_every_subnet_has_a_table_of_its_zone(tmp_path: Path) -> None:
    graph = network(tmp_path, zones=3, nat="per-zone", secondary_cidr="100.64.0.0/16")
    tables = {node.id: node.name for node in graph.all("aws:ec2/routeTable:RouteTable")}
    subnets = {node.id: node.name for node in graph.all(SUBNET)}
    found = {
        subnets[node.inputs["subnetId"]]: tables[node.inputs["routeTableId"]]
        for node in graph.all("aws:ec2/routeTableAssociation:RouteTableAssociation")
    }
    private = {f"net-{kind}-{zone}": f"net-private-{zone}" for kind in ("private", "tasks") for zone in "abc"}
    assert found == private | {f"net-public-{zone}": "net-public" for zone in "abc"}


def test_subnets_have_the_tags_by_which_eks_and_karpenter_find_them(tmp_path: Path) -> None:
    graph = network(tmp_path)
    assert inputs(graph, SUBNET, "net-private-a")["tags"] == {
        "Name": "net-private-a",
        "kubernetes.io/role/internal-elb": "1",
        "karpenter.sh/discovery": "net",
    }
    assert inputs(graph, SUBNET, "net-public-a")["tags"] == {"Name": "net-public-a", "kubernetes.io/role/elb": "1"}
    assert {node.inputs["mapPublicIpOnLaunch"] for node in graph.all(SUBNET)} == {False}


def test_flow_logs_record_all_connections_and_may_write_to_their_own_group_alone(tmp_path: Path) -> None:
    graph = network(tmp_path, flow_logs={"retention_days": 7})
    group = graph.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["retentionInDays"] == 7
    log = inputs(graph, "aws:ec2/flowLog:FlowLog")
    assert (log["trafficType"], log["logDestination"]) == ("ALL", group.outputs["arn"])
    assert document(inputs(graph, "aws:iam/rolePolicy:RolePolicy")["policy"]) == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            "Resource": f"{group.outputs['arn']}:*",
        }
    ]


def test_no_flow_logs_are_kept_unless_asked_for(tmp_path: Path) -> None:
    assert network(tmp_path).all("aws:ec2/flowLog:FlowLog") == []


def test_an_existing_vpc_is_stood_in_and_nothing_of_it_is_made(tmp_path: Path) -> None:
    made: list[ServingNetwork] = []
    zones = subnets_in("vpc-1", {"subnet-1": "us-west-2a", "subnet-2": "us-west-2b"})
    graph = captured(lambda: made.append(ServingNetwork("net", vpc=ADOPTED)), tmp_path, invokes=zones)
    assert [node.type for node in graph.resources] == ["modelinfra:index:ServingNetwork"]
    assert graph.resources[0].outputs["vpc_id"] == "vpc-1"
    assert made[0].reference.task_subnet_ids == ["subnet-1", "subnet-2"]


def test_a_subnet_of_another_vpc_and_zones_that_are_one_are_both_told_with_both_ways_out(tmp_path: Path) -> None:
    zones = subnets_in("vpc-2", {"subnet-1": "us-west-2a", "subnet-2": "us-west-2a"})
    out = "or remove `vpc` to have a network made."
    assert refusal(tmp_path, zones, vpc=ADOPTED) == [
        (
            "vpc.private_subnet_ids[0] (given: 'subnet-1'): this subnet is of vpc-2, not of vpc-1. "
            f"Name a private subnet of vpc-1, {out}"
        ),
        (
            "vpc.private_subnet_ids[1] (given: 'subnet-2'): this subnet is of vpc-2, not of vpc-1. "
            f"Name a private subnet of vpc-1, {out}"
        ),
        (
            "vpc.private_subnet_ids (given: ['subnet-1', 'subnet-2']): all of these are in us-west-2a, and a load balancer "
            f"needs two zones. Add a private subnet of another zone, {out}"
        ),
    ]


def test_a_vpc_made_in_the_same_program_is_taken_without_a_look_up(tmp_path: Path) -> None:
    def program() -> None:
        vpc = aws.ec2.Vpc("own", cidr_block="10.9.0.0/16")
        subnets = [aws.ec2.Subnet(f"own-{zone}", vpc_id=vpc.id, cidr_block=f"10.9.{zone}.0/24") for zone in (0, 1)]
        ServingNetwork(
            "net", vpc={"id": vpc.id, "private_subnet_ids": [each.id for each in subnets], "cidr": vpc.cidr_block}
        )

    graph = captured(program, tmp_path, preview=True)
    assert graph.invokes == []
    assert graph.one("modelinfra:index:ServingNetwork").outputs["vpc_id"] is Unknown


def test_every_mistake_is_told_at_once_in_the_spelling_of_python(tmp_path: Path) -> None:
    assert refusal(tmp_path, cidr="10.0.0.0/24", zones=4, flow_logs={"retention_days": 8}, nta="none") == [
        "flow_logs.retention_days (given: 8): CloudWatch Logs does not offer this retention. Write 7.",
        "nta (given: 'none'): there is no such key. Did you mean 'nat'?",
        "zones (given: 4): a load balancer needs two zones, and more than three buy little. Write 2 or 3.",
        "cidr (given: '10.0.0.0/24'): the range must be a /16 to a /19. Write 10.0.0.0/16.",
    ]


def test_arguments_that_are_no_mapping_are_told(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"args \(given: 'small'\): a mapping is expected here"):
        captured(lambda: ServingNetwork("net", "small"), tmp_path)  # type: ignore[call-overload]


def test_every_child_is_below_its_network(tmp_path: Path) -> None:
    graph = network(tmp_path, flow_logs={}, nat="none", secondary_cidr="100.64.0.0/16")
    (top,) = [node for node in graph.resources if node.type == "modelinfra:index:ServingNetwork"]
    assert names(graph.children(top)) == names([node for node in graph.resources if node is not top])
    assert all(node.name.startswith("net-") for node in graph.children(top))


def test_an_existing_vpc_can_be_previewed_without_anybody_who_knows_it(tmp_path: Path) -> None:
    vpc = {
        "id": "vpc-0123456789abcdef0",
        "private_subnet_ids": ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"],
    }
    assert captured(lambda: ServingNetwork("net", vpc=vpc), tmp_path).all("modelinfra:index:ServingNetwork")
