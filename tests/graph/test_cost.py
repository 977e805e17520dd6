"""What a graph costs a month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from modelinfra.catalog.prices import HOURS_PER_MONTH, Price, PriceTable, list_prices
from modelinfra.graph.cost import Estimate, estimate
from modelinfra.graph.cost_fargate import spread
from modelinfra.graph.cost_words import cost_lines
from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import Unknown

TODAY = date(2026, 11, 22)

SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
TARGET = "aws:appautoscaling/target:Target"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
NAT = "aws:ec2/natGateway:NatGateway"
EIP = "aws:ec2/eip:Eip"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
NODES = "aws:eks/nodeGroup:NodeGroup"
PROVIDER = "pulumi:providers:aws"


def node(token: str, name: str, /, outputs: dict[str, Any] | None = None, **inputs: Any) -> Node:
    urn = f"urn:pulumi:dev::p::{token}::{name}"
    return Node(urn, name, token, inputs=inputs, outputs={"region": "us-west-2", **(outputs or {})}, id=f"{name}-id")


def graph(*nodes: Node) -> Graph:
    return Graph("p", "dev", {each.urn: each for each in nodes})


def counted(found: Estimate) -> list[tuple[str, str, str]]:
    return [(item.what, str(item.quantity_min), str(item.quantity_max)) for item in found.items]


def monthly(item: str, region: str = "us-west-2") -> Decimal:
    found = list_prices().price(item, region)
    assert found is not None
    return found.monthly


def fargate(replicas: tuple[int, int], *, service: dict[str, Any] | None = None, **task: Any) -> list[Node]:
    size = {"cpu": "1024", "memory": "2048", "requiresCompatibilities": ["FARGATE"], **task}
    definition = node(TASK, "task", {"arn": "arn:aws:ecs:us-west-2:1:task-definition/task:1"}, **size)
    least, most = replicas
    return [
        definition,
        node(
            SERVICE,
            "service",
            {"name": "digits"},
            cluster="arn:aws:ecs:us-west-2:1:cluster/web",
            taskDefinition="arn:aws:ecs:us-west-2:1:task-definition/task:1",
            **{"capacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1}], **(service or {})},
        ),
        node(
            TARGET,
            "replicas",
            minCapacity=least,
            maxCapacity=most,
            resourceId="service/web/digits",
            scalableDimension="ecs:service:DesiredCount",
        ),
    ]


def test_a_service_on_fargate_costs_its_task_times_the_least_to_the_most_replicas() -> None:
    found = estimate(graph(*fargate((2, 4))))
    assert counted(found) == [("Fargate vCPU", "2", "4"), ("Fargate memory", "4", "8")]
    one = monthly("fargate.x86_64.vcpu") + 2 * monthly("fargate.x86_64.memory")
    assert (found.monthly_min, found.monthly_max) == (2 * one, 4 * one)


@pytest.mark.parametrize(
    ("cpu", "memory", "expected"),
    [("256", "512", ("0.25", "0.5")), ("1 vCPU", "3GB", ("1", "3")), (".5 vCPU", "1 GB", ("0.5", "1"))],
)
def test_the_size_of_a_task_may_be_written_in_each_of_ecss_ways(
    cpu: str, memory: str, expected: tuple[str, str]
) -> None:
    found = estimate(graph(*fargate((1, 1), cpu=cpu, memory=memory)))
    assert tuple(Decimal(least) for _, least, _ in counted(found)) == tuple(map(Decimal, expected))


def test_arm_and_large_disks_have_prices_of_their_own() -> None:
    arm = {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    found = estimate(graph(*fargate((1, 1), runtimePlatform=arm, ephemeralStorage={"sizeInGib": 40})))
    assert [item.price.item for item in found.items] == [
        "fargate.arm64.vcpu", "fargate.arm64.memory", "fargate.ephemeral-storage",
    ]  # fmt: skip
    assert found.items[-1].quantity_min == 20


def test_spot_is_counted_at_the_on_demand_price_and_marked_as_the_most_it_can_cost() -> None:
    strategies = [
        {"capacityProvider": "FARGATE", "base": 2, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 4},
    ]
    found = estimate(graph(*fargate((2, 12), service={"capacityProviderStrategies": strategies})))
    by_name = {item.what: item for item in found.items}
    assert (by_name["Fargate vCPU"].quantity_max, by_name["Fargate Spot vCPU"].quantity_max) == (4, 8)
    assert by_name["Fargate Spot vCPU"].quantity_min == 0
    assert [item.what for item in found.items if item.ceiling] == ["Fargate Spot vCPU", "Fargate Spot memory"]
    assert found.monthly_max == estimate(graph(*fargate((2, 12)))).monthly_max


@pytest.mark.parametrize("replicas", range(12))
def test_every_replica_runs_somewhere(replicas: int) -> None:
    strategies = [
        {"capacityProvider": "FARGATE", "base": 2, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 4},
    ]
    found = spread(Decimal(replicas), strategies)
    assert sum(found.values()) == replicas
    assert found["FARGATE"] >= min(2, replicas)


def test_without_a_scaling_target_the_desired_count_is_what_runs() -> None:
    task, service, _ = fargate((0, 0), service={"desiredCount": 3})
    assert counted(estimate(graph(task, service)))[0] == ("Fargate vCPU", "3", "3")


def test_a_service_on_instances_is_counted_with_its_instances() -> None:
    own = fargate((2, 4), service={"capacityProviderStrategies": [{"capacityProvider": "gpu", "weight": 1}]})
    assert estimate(graph(*own)).items == ()
    on_ec2 = fargate((2, 4), service={"capacityProviderStrategies": None, "launchType": "EC2"})
    assert estimate(graph(*on_ec2)).items == ()


def test_what_a_preview_does_not_know_yet_is_found_by_dependency() -> None:
    task, service, target = fargate((2, 4))
    service.inputs["taskDefinition"] = target.inputs["resourceId"] = Unknown
    service.property_deps, target.property_deps = {"taskDefinition": [task.urn]}, {"resourceId": [service.urn]}
    assert counted(estimate(graph(task, service, target)))[0] == ("Fargate vCPU", "2", "4")


def test_a_task_definition_from_elsewhere_is_unknown_not_free() -> None:
    _, service, target = fargate((2, 4))
    found = estimate(graph(service, target))
    assert [(each.what, each.reason) for each in found.unknown] == [
        ("Fargate task", "its task definition is not in this stack")
    ]


def test_a_number_of_replicas_that_is_known_later_is_unknown() -> None:
    task, service, target = fargate((2, 4))
    target.inputs["maxCapacity"] = Unknown
    [unknown] = estimate(graph(task, service, target)).unknown
    assert unknown.reason == "the number of replicas is known only after the deployment"


def test_the_network_is_counted_by_gateways_addresses_and_zones() -> None:
    found = estimate(
        graph(
            node(NAT, "nat"),
            node(EIP, "address", domain="vpc"),
            node(ENDPOINT, "s3", vpcEndpointType="Gateway"),
            node(ENDPOINT, "logs", vpcEndpointType="Interface", subnetIds=["a", "b", "c"]),
            node(LOAD_BALANCER, "inside", loadBalancerType="application", internal=True, subnets=["a", "b"]),
            node(LOAD_BALANCER, "outside", loadBalancerType="network", internal=False, subnets=["a", "b"]),
        )
    )
    assert sorted(counted(found)) == [
        ("NAT gateway", "1", "1"),
        ("application load balancer", "1", "1"),
        ("interface endpoint in a zone", "3", "3"),
        ("network load balancer", "1", "1"),
        ("public IPv4 address", "1", "1"),
        ("public IPv4 address", "2", "2"),
    ]
    assert found.not_counted == ("load balancer capacity units", "traffic")


def test_an_alarm_is_paid_by_the_metrics_that_it_looks_at() -> None:
    queries = [
        {"id": "share", "expression": "b / a"},
        {"id": "a", "metric": {"period": 60}},
        {"id": "b", "metric": {"period": 60}},
    ]
    found = estimate(graph(node(ALARM, "share", metricQueries=queries), node(ALARM, "fast", metricName="x", period=10)))
    assert [(item.price.item, item.quantity_max) for item in found.items] == [
        ("alarm.high-resolution", 1), ("alarm.standard", 2),
    ]  # fmt: skip


def test_target_tracking_has_two_alarms_over_each_of_its_metrics_and_steps_have_none_of_their_own() -> None:
    policy = "aws:appautoscaling/policy:Policy"
    stat = {"stat": "Sum", "metric": {"namespace": "AWS/ApplicationELB", "metricName": "RequestCountPerTarget"}}
    metrics = [{"id": "a", "expression": "b * c"}, {"id": "b", "metricStat": stat}, {"id": "c", "metricStat": stat}]
    custom = {"customizedMetricSpecification": {"metrics": metrics}}
    one = {"customizedMetricSpecification": {"namespace": "Acme", "metricName": "Waiting"}}

    def alarms(**inputs: Any) -> list[Decimal]:
        return [item.quantity_max for item in estimate(graph(node(policy, "by", **inputs))).items]

    assert alarms(targetTrackingScalingPolicyConfiguration=custom) == [4]
    assert alarms(targetTrackingScalingPolicyConfiguration={**custom, "disableScaleIn": True}) == [2]
    assert alarms(targetTrackingScalingPolicyConfiguration=one) == [2]
    assert alarms(targetTrackingScalingPolicyConfiguration={"predefinedMetricSpecification": {}}) == [2]
    assert alarms(stepScalingPolicyConfiguration={"adjustmentType": "ChangeInCapacity"}) == []


def test_keys_secrets_dashboards_and_clusters_cost_the_same_every_month() -> None:
    kinds = (
        "aws:kms/key:Key", "aws:secretsmanager/secret:Secret", "aws:cloudwatch/dashboard:Dashboard", "aws:eks/cluster:Cluster",
    )  # fmt: skip
    found = estimate(graph(*(node(kind, "one") for kind in kinds)))
    assert found.monthly_min == Decimal("1") + Decimal("0.40") + 3 + Decimal("0.10") * HOURS_PER_MONTH


def test_a_group_of_instances_costs_its_least_to_its_largest_size() -> None:
    template = node(TEMPLATE, "gpu", instanceType="g5.xlarge")
    found = estimate(graph(template, node(GROUP, "pool", minSize=0, maxSize=4, launchTemplate={"id": "gpu-id"})))
    assert counted(found) == [("EC2 g5.xlarge", "0", "4")]
    assert found.monthly_max == 4 * monthly("ec2.g5.xlarge")


def test_a_mixed_group_on_spot_is_counted_by_its_first_type_and_marked() -> None:
    policy = {
        "launchTemplate": {
            "launchTemplateSpecification": {"launchTemplateId": Unknown},
            "overrides": [{"instanceType": "g6.xlarge"}, {"instanceType": "g5.xlarge"}],
        },
        "instancesDistribution": {"onDemandPercentageAboveBaseCapacity": 0},
    }
    [item] = estimate(graph(node(GROUP, "pool", minSize=1, maxSize=2, mixedInstancesPolicy=policy))).items
    assert (item.what, item.price.item, item.ceiling) == ("EC2 spot g6.xlarge (or g5.xlarge)", "ec2.g6.xlarge", True)


def test_node_groups_and_single_instances_are_counted() -> None:
    found = estimate(
        graph(
            node(
                NODES,
                "nodes",
                instanceTypes=["g5.xlarge"],
                scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 1},
            ),
            node(INSTANCE, "box", instanceType="t3.xlarge"),
        )
    )
    assert sorted(counted(found)) == [("EC2 g5.xlarge", "1", "3"), ("EC2 t3.xlarge", "1", "1")]


def test_a_group_whose_template_stands_elsewhere_is_unknown() -> None:
    found = estimate(graph(node(GROUP, "pool", minSize=1, maxSize=2, launchTemplate={"id": "lt-elsewhere"})))
    assert [each.what for each in found.unknown] == ["EC2 instance"]


def test_a_region_without_a_price_is_said_to_be_unknown_and_named() -> None:
    found = estimate(graph(node(NAT, "nat", {"region": "eu-south-1"})))
    assert (found.items, [each.reason for each in found.unknown]) == ((), ["price unknown for eu-south-1"])
    assert cost_lines(found, TODAY) == [
        "nothing that has a known fixed price, and what is unknown below, not counting traffic",
        "  price unknown for eu-south-1: NAT gateway (nat)",
    ]


def region_of(each: Node, *others: Node, default: str | None = None) -> str:
    found = estimate(graph(*others, each), default_region=default)
    return found.regions[0] if found.items else found.unknown[0].reason


def test_the_region_is_the_resources_own_its_providers_its_arns_or_the_default_providers() -> None:
    provider = Node(f"urn:{PROVIDER}::tokyo", "tokyo", PROVIDER, inputs={"region": "ap-northeast-1"})
    default = Node(f"urn:{PROVIDER}::default_7", "default_7_51_1", PROVIDER, inputs={"region": "eu-central-1"})
    bare = node(NAT, "nat")
    bare.outputs = {}
    assert region_of(bare) == "region unknown, and so the price"
    assert region_of(bare, default="us-east-1") == "us-east-1"
    assert region_of(bare, default) == "eu-central-1"
    bare.outputs = {"arn": "arn:aws:ec2:eu-west-1:1:natgateway/nat-1"}
    assert region_of(bare, default) == "eu-west-1"
    bare.provider = f"{provider.urn}::id"
    bare.outputs = {}
    assert region_of(bare, default, provider) == "ap-northeast-1"
    bare.inputs["region"] = "us-west-2"
    assert region_of(bare, default, provider) == "us-west-2"


def test_an_explicit_provider_whose_region_is_not_known_is_not_the_default_one() -> None:
    each = node(NAT, "nat")
    each.outputs, each.provider = {}, "urn:elsewhere::id"
    assert region_of(each, default="us-east-1") == "region unknown, and so the price"


def test_what_is_only_read_is_not_on_this_stacks_bill() -> None:
    read = node(NAT, "nat")
    read.read = True
    assert estimate(graph(read)) == Estimate((), (), ())


def test_a_type_that_nobody_has_a_price_for_is_named_not_passed_over() -> None:
    found = estimate(graph(node("aws:rds/instance:Instance", "db"), node("aws:iam/role:Role", "role")))
    assert found.not_counted == ("aws:rds/instance:Instance (not in the table)",)


def test_devices_on_greengrass_are_as_many_as_the_claim_lets_into_each_ring() -> None:
    rings = [node("aws-native:greengrassv2:Deployment", name) for name in ("canary", "rest")]
    thing = node("aws:iot/thing:Thing", "till")
    found = estimate(graph(*rings, thing))
    assert [each.reason for each in found.unknown] == ["nothing here says how many there may be"] * 2
    assert found.not_counted == ()

    claim = node("aws:lambda/function:Function", "admission", environment={"variables": {"ADMIT_DEVICES": "200"}})
    other = node("aws:lambda/function:Function", "answers", environment={"variables": {"ADMIT_DEVICES": "7"}})
    fleet, apart = node("modelinfra:index:EdgeFleet", "stores"), node("modelinfra:index:EdgeFleet", "depots")
    for each in (fleet, apart):
        each.custom = False
    for each in (*rings, claim):
        each.parent = fleet.urn
    other.parent = apart.urn
    found = estimate(graph(fleet, apart, *rings, other, claim))
    assert not found.unknown
    assert (found.monthly_min, found.monthly_max) == (0, 400 * Decimal("0.16"))


def test_the_lines_say_sum_region_day_and_what_is_left_out() -> None:
    [line] = cost_lines(estimate(graph(*fargate((2, 4)), node(NAT, "nat"))), date(2026, 12, 1))
    assert line == "$105 to $177 a month, at on-demand prices of us-west-2 (as of 2026-10-01), not counting traffic"


def test_small_sums_are_shown_with_cents() -> None:
    assert cost_lines(estimate(graph(node(EIP, "address"))), TODAY)[0].startswith("$3.65 a month, ")


def test_the_lines_say_that_the_spot_price_varies() -> None:
    strategies = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    lines = cost_lines(estimate(graph(*fargate((1, 1), service={"capacityProviderStrategies": strategies}))), TODAY)
    assert lines[1] == "  spot price varies: service is counted at the on-demand price, which is the most that it costs"


def test_the_lines_name_prices_from_memory_old_ones_and_a_companys_own() -> None:
    def own(item: str, as_of: date, provenance: Any, source: str) -> Price:
        return Price(item, "us-west-2", "hour", Decimal("0.01"), as_of, provenance, source)

    table = PriceTable.of(
        [
            own("nat.gateway", date(2024, 1, 1), "price list", "https://aws.amazon.com/"),
            own("public-ipv4", date(2026, 11, 1), "override", "prices.yaml"),
            own("alb.load-balancer", date(2026, 11, 1), "memory", "https://aws.amazon.com/"),
        ]
    )
    balancer = node(LOAD_BALANCER, "lb", internal=True, subnets=["a"])
    lines = cost_lines(estimate(graph(node(NAT, "nat"), node(EIP, "address"), balancer), table), TODAY)
    assert lines[1:] == [
        "  prices from memory, not read again: alb.load-balancer (us-west-2)",
        "  warning: prices older than 18 months: nat.gateway of 2024-01-01 (us-west-2). Give today's with --prices",
        "  prices.yaml gives 1 of the 3 prices",
    ]


def test_a_resource_is_counted_with_the_component_around_it() -> None:
    component = Node("urn:c", "network", "modelinfra:index:ServingNetwork", custom=False)
    gateway = node(NAT, "network-nat-a")
    gateway.parent = component.urn
    assert [item.component for item in estimate(graph(component, gateway)).items] == ["network"]


def test_the_estimate_is_plain_data_for_programs() -> None:
    found = estimate(graph(node(NAT, "nat"))).to_json()
    assert found["monthlyUsd"] == {"min": "32.850", "max": "32.850"}
    [item] = found["items"]
    assert (item["what"], item["region"], item["usdPerUnit"]) == ("NAT gateway", "us-west-2", "0.045")
