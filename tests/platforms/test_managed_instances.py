"""Pools whose nodes ECS starts, patches and ends itself (`capacity: managed-instances`)."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pulumi
import pytest

from modelinfra import EcsCluster
from modelinfra.graph.cost import counted
from modelinfra.graph.cost_view import CostView, Unclear, Use
from modelinfra.graph.model import Graph
from modelinfra.platforms.ecs import managed_instances
from tests.making import captured, document, inputs
from tests.platforms.test_gpu_endpoint import MODEL, READY, container, warnings
from tests.platforms.test_gpu_node_pool import CLUSTER, IMAGE_OF, NODES, PROVIDER, PROVIDERS, TEMPLATE
from tests.platforms.worlds import NETWORK, POLICY, ROLE, SERVICE, TASK, deployed

ATTACHED = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
MANAGED: dict[str, Any] = {"accelerator": {"name": "A10G"}, "capacity": "managed-instances"}


def pool(root: Path, **options: Any) -> Graph:
    pools = {"a10g": {**MANAGED, **options}}
    return captured(lambda: EcsCluster("web", network=NETWORK, gpu_node_pools=pools), root)


def on_pool(root: Path, endpoint: Any = None, **options: Any) -> Graph:
    pools = {"a10g": {**MANAGED, **options}}
    given = {"server": "triton", "image": READY, "model": MODEL, "accelerator": {"name": "A10G"}}
    return deployed(root, cluster={"gpu_node_pools": pools}, load_balancer="own", **{**given, **(endpoint or {})})


def launched(graph: Graph, kind: str = "ON_DEMAND") -> dict[str, Any]:
    found = [node.inputs["managedInstancesProvider"]["instanceLaunchTemplate"] for node in graph.all(PROVIDER)]
    (one,) = [each for each in found if each["capacityOptionType"] == kind]
    return dict(one)


def test_ecs_is_told_which_instances_and_where_and_no_group_is_made(tmp_path: Path) -> None:
    graph = pool(tmp_path, disk="300GiB")
    found = launched(graph)
    assert found["instanceRequirements"]["allowedInstanceTypes"] == ["g5.xlarge", "g5.2xlarge", "g5.4xlarge"]
    assert found["instanceRequirements"]["vcpuCount"] == {"min": 4}
    assert found["instanceRequirements"]["memoryMib"] == {"min": 16384}
    assert found["networkConfiguration"]["subnets"] == ["subnet-3", "subnet-4"]
    assert found["storageConfiguration"] == {"storageSizeGib": 300}
    assert [graph.all(each) for each in (NODES, TEMPLATE)] == [[], []]


def test_no_type_that_was_chosen_is_left_out_for_its_price(tmp_path: Path) -> None:
    found = launched(pool(tmp_path))["instanceRequirements"]
    assert (
        found["onDemandMaxPricePercentageOverLowestPrice"] == found["spotMaxPricePercentageOverLowestPrice"] == 999999
    )


def test_nodes_that_fail_are_replaced_and_have_the_pools_tags(tmp_path: Path) -> None:
    for provider in pool(tmp_path, tags={"team": "vision"}).all(PROVIDER):
        managed = provider.inputs["managedInstancesProvider"]
        assert managed["autoRepairConfiguration"] == {"actionsStatus": "ENABLED"}
        assert managed["propagateTags"] == "CAPACITY_PROVIDER"
        assert provider.inputs["tags"] == {"team": "vision"}


def test_no_machine_image_is_looked_up(tmp_path: Path) -> None:
    def answer(call: Any) -> dict[str, Any]:
        raise AssertionError(call)

    pools = {"t4g": {**MANAGED, "accelerator": {"name": "T4g"}}}
    captured(lambda: EcsCluster("web", network=NETWORK, gpu_node_pools=pools), tmp_path, invokes={IMAGE_OF: answer})


def test_spare_capacity_is_another_provider_that_stands_already(tmp_path: Path) -> None:
    plain, spare = on_pool(tmp_path), on_pool(tmp_path, spot=True)
    names = {
        node.inputs["managedInstancesProvider"]["instanceLaunchTemplate"]["capacityOptionType"]: node
        for node in plain.all(PROVIDER)
    }
    assert {node.urn for node in plain.all(PROVIDER)} == {node.urn for node in spare.all(PROVIDER)}

    def taken(graph: Graph) -> list[str]:
        return [each["capacityProvider"] for each in inputs(graph, SERVICE)["capacityProviderStrategies"]]

    listed = inputs(plain, PROVIDERS)["capacityProviders"]
    assert listed == ["FARGATE", "FARGATE_SPOT", names["ON_DEMAND"].outputs["name"], names["SPOT"].outputs["name"]]
    assert taken(plain) == [names["ON_DEMAND"].outputs["name"]]
    assert taken(spare) != taken(plain)
    assert taken(spare)[0] in [node.outputs["name"] for node in spare.all(PROVIDER)]


def test_ecs_may_start_instances_with_the_pools_role_and_no_other(tmp_path: Path) -> None:
    graph = pool(tmp_path)
    (passing,) = document(inputs(graph, POLICY, "web-a10g-infrastructure")["policy"])
    assert passing["Action"] == "iam:PassRole"
    assert passing["Resource"] == graph.one(ROLE, "web-a10g-node").outputs["arn"]
    assert passing["Condition"] == {"StringLike": {"iam:PassedToService": "ec2.*"}}
    assert inputs(graph, ATTACHED)["policyArn"].endswith(":policy/AmazonECSInfrastructureRolePolicyForManagedInstances")
    (trust,) = document(inputs(graph, ROLE, "web-a10g-infrastructure")["assumeRolePolicy"])
    assert trust["Principal"] == {"Service": "ecs.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_agent_may_write_its_systems_log_where_ecs_runs_the_system(tmp_path: Path) -> None:
    said = [each["Action"] for each in document(inputs(pool(tmp_path), POLICY, "web-a10g-node")["policy"])]
    assert "ecs:PutSystemLogEvents" in said[-1]


def test_a_destroy_waits_for_nothing_that_waits_for_it_and_the_role_outlives_the_nodes(tmp_path: Path) -> None:
    graph = on_pool(tmp_path)

    def needs(urn: str) -> set[str]:
        node = graph[urn]
        return {*node.depends_on, *(each for found in node.property_deps.values() for each in found)}

    for provider in graph.all(PROVIDER):
        order = [graph.one(SERVICE).urn, graph.one(PROVIDERS).urn, provider.urn, graph.one(CLUSTER).urn]
        for user, used in itertools.pairwise(order):
            assert used in needs(user), "what depends goes first"
        nodes_ways = [node.urn for node in graph.all(RULE) if node.name.startswith("web-a10g")]
        kept = [graph.one(ATTACHED).urn, graph.one(POLICY, "web-a10g-infrastructure").urn, *nodes_ways]
        assert nodes_ways
        assert set(kept) <= needs(provider.urn)


def test_a_task_is_written_for_managed_instances_with_its_gpus_and_without_what_these_refuse(tmp_path: Path) -> None:
    graph = on_pool(tmp_path)
    task = inputs(graph, TASK)
    assert task["requiresCompatibilities"] == ["MANAGED_INSTANCES"]
    assert task["networkMode"] == "awsvpc"
    server = container(graph)
    assert server["resourceRequirements"] == [{"type": "GPU", "value": "1"}]
    assert server["linuxParameters"] == {"initProcessEnabled": True}
    assert "orderedPlacementStrategies" not in inputs(graph, SERVICE)


def test_neuron_devices_are_asked_for_all_together(tmp_path: Path) -> None:
    own = {
        "image": "registry.example/own:1.2",
        "port": 8000,
        "health_path": "/health",
        "predict_path": "/predict",
    }
    endpoint = {"server": own, "accelerator": {"name": "Inferentia2"}}
    server = container(on_pool(tmp_path, endpoint, accelerator={"name": "Inferentia2"}))
    assert server["resourceRequirements"] == [{"type": "NeuronDevice", "value": "ALL"}]
    assert "devices" not in server["linuxParameters"]


def test_there_is_always_room_for_one_replica_more(tmp_path: Path) -> None:
    found = inputs(on_pool(tmp_path, {"scaling": {"min": 40}}), SERVICE)
    assert (found["deploymentMinimumHealthyPercent"], found["deploymentMaximumPercent"]) == (100, 200)


def test_the_preview_says_what_bounds_the_nodes_and_how_long_they_last(tmp_path: Path) -> None:
    graph = on_pool(tmp_path, {"scaling": {"min": 3}})
    assert warnings(graph) == [
        (
            "endpoint 'digits': Triton goes without the 2 GiB of shared memory that its documentation gives it: tasks on ECS Managed "
            "Instances have no setting for /dev/shm"
        )
    ]
    (said,) = [each["message"] for each in graph.logs if "nothing limits the nodes" in each["message"]]
    assert "this one takes 3" in said
    assert "two to three weeks" in said


@pytest.mark.parametrize("option", [{"capacity": "managed-instances"}, {"max_nodes": 2}])
def test_a_cluster_may_have_both_kinds_of_pools(tmp_path: Path, option: dict[str, Any]) -> None:
    pools = {
        "own": {"accelerator": {"name": "L4"}, "max_nodes": 2},
        "other": {"accelerator": {"name": "A10G"}, **option},
    }
    graph = captured(lambda: EcsCluster("web", network=NETWORK, gpu_node_pools=pools), tmp_path)
    assert len(inputs(graph, PROVIDERS)["capacityProviders"]) == 2 + len(graph.all(PROVIDER))


def paid(graph: Graph) -> list[Use | Unclear]:
    return [use for node, use in counted(CostView(graph, None)) if node.type == SERVICE]


@pytest.mark.parametrize(("count", "nodes"), [(1, (2, 5)), (4, (1, 2))])
def test_nodes_are_counted_by_the_replicas_that_share_one(tmp_path: Path, count: int, nodes: tuple[int, int]) -> None:
    scaling = {"min": 2, "max": 5, "requests_per_second_per_replica": 1}
    found = paid(on_pool(tmp_path, {"scaling": scaling}, accelerator={"name": "A10G", "count": count}))
    (use,) = [each for each in found if isinstance(each, Use)]
    assert (use.least, use.most) == nodes
    assert [each.reason for each in found if isinstance(each, Unclear)] == [
        "what AWS adds to the price of each instance is not in the table"
    ]


def test_spare_instances_are_counted_at_their_ceiling(tmp_path: Path) -> None:
    (use, _fee) = paid(on_pool(tmp_path, spot=True))
    assert isinstance(use, Use)
    assert (use.what, use.item, use.ceiling) == (
        "EC2 spot g5.xlarge (or g5.2xlarge, g5.4xlarge)",
        "ec2.g5.xlarge",
        True,
    )


def failed(*errors: str) -> pulumi.ErrorHookArgs:
    return pulumi.ErrorHookArgs("urn", "", "web-capacity", PROVIDERS, failed_operation="create", errors=list(errors))


def test_the_list_waits_until_a_new_provider_is_active_and_for_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(managed_instances, "_SECONDS", 0)
    creating = "InvalidParameterException: The specified capacity provider 'x' is not in an ACTIVE state."
    answers = [
        asyncio.run(managed_instances._once_more(failed(*errors)))
        for errors in ([creating], [creating] * 30, [creating] * 31, ["AccessDenied"], ["AccessDenied", creating])
    ]
    assert answers == [True, True, False, False, False]
    assert pool(tmp_path).one(PROVIDERS).hooks == {"onError": ["web-capacity-until-active"]}


def test_a_cluster_without_managed_instances_asks_for_no_such_engine(tmp_path: Path) -> None:
    pools = {"a10g": {"accelerator": {"name": "A10G"}, "max_nodes": 2}}
    graph = captured(lambda: EcsCluster("web", network=NETWORK, gpu_node_pools=pools), tmp_path)
    assert graph.one(PROVIDERS).hooks == {}
