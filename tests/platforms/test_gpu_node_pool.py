"""`GpuNodePool`: the nodes of a cluster, how ECS adds and removes them, and in which order they go."""

from __future__ import annotations

import base64
import itertools
import json
from pathlib import Path
from typing import Any

import grpc
import pulumi
import pytest

from modelinfra import EcsCluster
from modelinfra.graph.model import Graph
from tests.making import LONG, captured, document, inputs
from tests.platforms.worlds import NETWORK, POLICY, ROLE, SERVICE, deployed

CLUSTER = "aws:ecs/cluster:Cluster"
PROVIDERS = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"
NODES = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
POOL = "modelinfra:index:GpuNodePool"
A10G = {"accelerator": {"name": "A10G"}, "max_nodes": 4}
IMAGE_OF = "aws:ssm/getParameter:getParameter"


class NotFoundError(grpc.RpcError):
    """As a provider answers for what AWS does not have."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return "ParameterNotFound"


def pool(root: Path, name: str = "web", invokes: Any = None, **options: Any) -> Graph:
    pools = {"a10g": {**A10G, **options}}
    return captured(lambda: EcsCluster(name, network=NETWORK, gpu_node_pools=pools), root, invokes=invokes)


def refused(root: Path, pools: Any, invokes: Any = None, **cluster: Any) -> list[str]:
    said: list[str] = []

    def program() -> None:
        try:
            EcsCluster("web", network=NETWORK, gpu_node_pools=pools, **cluster)
        except pulumi.RunError as error:
            said.extend(line.strip() for line in str(error).splitlines()[1:])

    assert captured(program, root, invokes=invokes).resources == []
    return said


def agent(root: Path, **options: Any) -> dict[str, str]:
    script = base64.b64decode(inputs(pool(root, **options), TEMPLATE)["userData"]).decode()
    return dict(line.split("=", 1) for line in script.splitlines() if line.startswith("ECS_"))


def test_a_cluster_without_pools_has_no_nodes(tmp_path: Path) -> None:
    graph = captured(lambda: EcsCluster("web", network=NETWORK), tmp_path)
    assert [graph.all(each) for each in (NODES, TEMPLATE, PROVIDER, POOL)] == [[], [], [], []]


def test_one_list_of_capacity_providers_names_fargate_and_every_pool(tmp_path: Path) -> None:
    pools = {"a10g": A10G, "l4": {"accelerator": {"name": "L4"}, "max_nodes": 2}}
    graph = captured(lambda: EcsCluster("web", network=NETWORK, gpu_node_pools=pools), tmp_path)
    made = [node.outputs["name"] for node in graph.all(PROVIDER)]
    assert len(made) == 2
    assert inputs(graph, PROVIDERS)["capacityProviders"] == ["FARGATE", "FARGATE_SPOT", *made]


def test_another_pool_changes_the_list_and_renames_nothing(tmp_path: Path) -> None:
    def made(names: list[str]) -> set[str]:
        pools = dict.fromkeys(names, A10G)
        graph = captured(lambda: EcsCluster("web", network=NETWORK, gpu_node_pools=pools), tmp_path)
        return {node.urn for node in graph.resources}

    assert made(["b"]) < made(["a", "b"])


def test_nodes_are_of_several_types_the_cheapest_first_and_come_from_nothing(tmp_path: Path) -> None:
    found = inputs(pool(tmp_path), NODES)
    assert (found["minSize"], found["maxSize"]) == (0, 4)
    mixed = found["mixedInstancesPolicy"]
    types = [each["instanceType"] for each in mixed["launchTemplate"]["overrides"]]
    assert types == ["g5.xlarge", "g5.2xlarge", "g5.4xlarge"]
    assert mixed["instancesDistribution"] == {
        "onDemandAllocationStrategy": "prioritized",
        "onDemandBaseCapacity": 0,
        "onDemandPercentageAboveBaseCapacity": 100,
        "spotAllocationStrategy": "price-capacity-optimized",
    }
    assert found["vpcZoneIdentifiers"] == ["subnet-3", "subnet-4"]
    assert found["waitForCapacityTimeout"] == "0", "an empty pool is no failure"


def test_spare_capacity_begins_above_the_base(tmp_path: Path) -> None:
    found = inputs(pool(tmp_path, spot=True, on_demand_base=1), NODES)["mixedInstancesPolicy"]["instancesDistribution"]
    assert (found["onDemandBaseCapacity"], found["onDemandPercentageAboveBaseCapacity"]) == (1, 0)


def test_a_warm_pool_keeps_stopped_nodes_of_one_type(tmp_path: Path) -> None:
    found = inputs(pool(tmp_path, warm_nodes=2), NODES)
    assert found["warmPool"] == {"minSize": 2, "maxGroupPreparedCapacity": 2, "poolState": "Stopped"}
    assert "mixedInstancesPolicy" not in found, "AWS takes no warm pool with one"
    assert found["launchTemplate"]["version"] == "1"
    assert inputs(pool(tmp_path, warm_nodes=2), TEMPLATE)["instanceType"] == "g5.xlarge"
    assert agent(tmp_path, warm_nodes=2)["ECS_WARM_POOLS_CHECK"] == "true"
    assert "ECS_WARM_POOLS_CHECK" not in agent(tmp_path)


def test_ecs_scales_drains_and_protects_the_nodes_and_no_one_else_does(tmp_path: Path) -> None:
    graph = pool(tmp_path)
    provider = inputs(graph, PROVIDER)["autoScalingGroupProvider"]
    assert provider["managedScaling"] == {"status": "ENABLED", "targetCapacity": 100}
    assert (provider["managedDraining"], provider["managedTerminationProtection"]) == ("ENABLED", "ENABLED")
    assert inputs(graph, NODES)["protectFromScaleIn"] is True, "managed termination protection asks for it"
    assert graph.one(NODES).ignore_changes == ["desiredCapacity"]
    tags = {each["key"]: each["value"] for each in inputs(graph, NODES)["tags"]}
    assert tags == {"AmazonECSManaged": "true", "Name": "web-a10g"}


def test_a_destroy_detaches_the_nodes_before_it_deletes_them_and_waits_for_nothing_that_waits_for_it(
    tmp_path: Path,
) -> None:
    ready = {"image": "a.example/served@sha256:" + "0" * 64, "model": {"name": "m", "size": "1GiB"}}
    graph = deployed(
        tmp_path,
        cluster={"gpu_node_pools": {"a10g": A10G}},
        server="triton",
        accelerator={"name": "A10G"},
        **ready,
    )
    order = [graph.one(each).urn for each in (SERVICE, PROVIDERS, PROVIDER, NODES, TEMPLATE, CLUSTER)]
    for user, used in itertools.pairwise(order):
        deps = {*graph[user].depends_on, *(each for found in graph[user].property_deps.values() for each in found)}
        assert used in deps, "what depends goes first"
    assert inputs(graph, NODES)["forceDelete"] is True
    assert graph.one(NODES).custom_timeouts["delete"] == "30m"


def test_a_node_asks_for_tokens_and_has_an_encrypted_disk_of_the_asked_size(tmp_path: Path) -> None:
    found = inputs(pool(tmp_path, disk="500GiB"), TEMPLATE)
    assert found["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    (disk,) = found["blockDeviceMappings"]
    assert disk["ebs"] == {"volumeType": "gp3", "volumeSize": 500, "encrypted": "true", "deleteOnTermination": "true"}


def test_the_agent_joins_the_cluster_drains_spot_nodes_and_keeps_the_nodes_rights_from_replicas(tmp_path: Path) -> None:
    found = agent(tmp_path)
    assert found.pop("ECS_CLUSTER").startswith("web-cluster-")
    assert found == {
        "ECS_AWSVPC_BLOCK_IMDS": "true",
        "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE": "true",
        "ECS_ENABLE_GPU_SUPPORT": "true",
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING": "true",
        "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "10m",
        "ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached",
    }


def test_nodes_may_do_what_the_agent_does_in_this_cluster_and_nothing_else(tmp_path: Path) -> None:
    graph = pool(tmp_path)
    statements = document(inputs(graph, POLICY)["policy"])
    actions = {
        action
        for each in statements
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    assert {action.partition(":")[0] for action in actions} == {"ecs"}
    everywhere = [each["Action"] for each in statements if each["Resource"] == "*"]
    assert everywhere == ["ecs:DiscoverPollEndpoint"]
    name = graph.one(CLUSTER).outputs["name"]
    assert all(name in each["Resource"] for each in statements if each["Resource"] != "*")
    (trust,) = document(inputs(graph, ROLE)["assumeRolePolicy"])
    assert trust["Principal"] == {"Service": "ec2.amazonaws.com"}


@pytest.mark.parametrize(("name", "kind"), [("A10G", "gpu"), ("Inferentia2", "neuron")])
def test_the_newest_image_of_ecs_for_the_accelerator_is_taken_once_for_all_pools(
    tmp_path: Path, name: str, kind: str
) -> None:
    asked: list[str] = []

    def answer(call: Any) -> dict[str, Any]:
        asked.append(call.args["name"])
        return {"id": "x", "name": call.args["name"], "value": "secret", "insecureValue": f"ami-{len(asked):017x}"}

    pools = {each: {"accelerator": {"name": name}, "max_nodes": 2} for each in "ab"}
    graph = captured(
        lambda: EcsCluster("web", network=NETWORK, gpu_node_pools=pools), tmp_path, invokes={IMAGE_OF: answer}
    )
    assert asked == [f"/aws/service/ecs/optimized-ami/amazon-linux-2023/{kind}/recommended/image_id"]
    assert [inputs(graph, TEMPLATE, node.name)["imageId"] for node in graph.all(TEMPLATE)] == [
        "ami-" + "0" * 16 + "1"
    ] * 2


def test_an_image_of_ones_own_is_not_looked_up(tmp_path: Path) -> None:
    def answer(call: Any) -> dict[str, Any]:
        raise AssertionError(call)

    graph = pool(tmp_path, ami_id="ami-0123456789abcdef0", invokes={IMAGE_OF: answer})
    assert inputs(graph, TEMPLATE)["imageId"] == "ami-0123456789abcdef0"


def test_a_region_without_an_image_is_told_before_anything_is_registered(tmp_path: Path) -> None:
    def answer(call: Any) -> dict[str, Any]:
        raise NotFoundError

    (line,) = refused(tmp_path, {"a10g": A10G}, {IMAGE_OF: answer})
    assert line.startswith(
        "gpu_node_pools.a10g.accelerator.name (given: 'A10G'): the region has no machine image of ECS"
    )
    assert "amazon-linux-2023/gpu/recommended/image_id" in line
    assert line.endswith("Deploy to another region, or name a machine image of your own under `ami_id`.")


def test_every_mistake_of_a_pool_in_python_has_its_place(tmp_path: Path) -> None:
    assert refused(tmp_path, {"a10g": {"accelerator": {"name": "A10G"}}, "B": A10G, "c": 4}) == [
        (
            "gpu_node_pools.a10g.max_nodes: this is required. Add it: most nodes. There is no default: nodes with accelerators are "
            "dear, and a pool without a limit buys as many as a mistake asks for."
        ),
        (
            "gpu_node_pools.B (given: 'B'): this is not lower-case letters, digits and single hyphens, beginning with a letter "
            "(63 characters at most): 'B' is none of them. Write for example sentiment-v2."
        ),
        "gpu_node_pools.c (given: 4): a mapping is expected here. Write keys and values below it.",
    ]
    assert refused(tmp_path, [A10G])[0].startswith("gpu_node_pools (given: [{")


def test_a_cluster_that_is_handed_in_takes_no_pool(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, {"a10g": A10G}, cluster_arn="arn:aws:ecs:us-west-2:123456789012:cluster/models")
    assert line.startswith("gpu_node_pools.a10g: the cluster is handed in (`cluster_arn`)")


def test_tags_reach_nodes_disks_and_network_interfaces(tmp_path: Path) -> None:
    graph = pool(tmp_path, tags={"team": "vision"})
    specified = inputs(graph, TEMPLATE)["tagSpecifications"]
    assert [each["resourceType"] for each in specified] == ["instance", "volume", "network-interface"]
    assert all(each["tags"] == {"team": "vision", "Name": "web-a10g"} for each in specified)
    tags = {each["key"]: each["propagateAtLaunch"] for each in inputs(graph, NODES)["tags"]}
    assert tags == {"team": True, "AmazonECSManaged": True, "Name": True}


def test_a_transform_has_the_last_word_on_the_nodes(tmp_path: Path) -> None:
    graph = pool(tmp_path, transforms={"auto-scaling-group": {"max_instance_lifetime": 604800}})
    assert inputs(graph, NODES)["maxInstanceLifetime"] == 604800


@pytest.mark.parametrize("name", ["ecs-prod", "aws", "fargate-x"])
def test_a_capacity_provider_begins_with_no_word_that_ecs_keeps(tmp_path: Path, name: str) -> None:
    (node,) = pool(tmp_path, name).all(PROVIDER)
    assert node.outputs["name"].startswith(f"gpu-{name}-a10g")


def test_long_names_fit_everywhere(tmp_path: Path) -> None:
    graph = pool(tmp_path, f"{LONG}-{LONG}-{LONG}-{LONG}")
    limits = {TEMPLATE: 128, PROFILE: 128, ROLE: 64, PROVIDER: 255, NODES: 255}
    assert {each for each, most in limits.items() if len(graph.one(each).outputs["name"]) > most} == set()


def test_without_nat_nodes_reach_the_network_and_s3_alone(tmp_path: Path) -> None:
    from dataclasses import replace

    network = replace(NETWORK, internet=False, s3_prefix_list_id="pl-1")
    graph = captured(lambda: EcsCluster("web", network=network, gpu_node_pools={"a10g": A10G}), tmp_path)
    rules = [node.inputs for node in graph.all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")]
    assert {(each.get("cidrIpv4"), each.get("prefixListId")) for each in rules} == {
        ("10.0.0.0/16", None),
        (None, "pl-1"),
    }
    assert [each["toPort"] for each in rules] == [443, 443]


def test_an_environment_without_nat_opens_the_agents_ways_to_ecs(tmp_path: Path) -> None:
    from modelinfra import Environment

    args: dict[str, Any] = {"network": {"nat": "none"}, "platforms": {"web": {"type": "ecs"}}}
    graph = captured(lambda: Environment("dev", {**args, "gpu_node_pools": {"a10g": A10G}}), tmp_path)
    services = json.dumps([node.inputs["serviceName"] for node in graph.all("aws:ec2/vpcEndpoint:VpcEndpoint")])
    assert all(f'.{each}"' in services for each in ("ecs", "ecs-agent", "ecs-telemetry"))
