"""Endpoints on the nodes with GPUs of a cluster that the stack file makes: which pool, how many, and how a deployment goes there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelinfra import KubernetesPlatform, ModelEndpoint, ServingNetwork
from modelinfra.graph.values import plain
from tests.kubernetes.whole import CHAT, EKS, IRIS, POOL, environment, whole, whole_refusal
from tests.kubernetes.worlds import predictor
from tests.making import captured

LARGE = {"accelerator": {"name": "A10G", "count": 4}, "max_nodes": 2}


def of_two(**chat: Any) -> dict[str, Any]:
    return environment({"eks": EKS}, {"chat": {**CHAT, **chat}}, {"a10g": POOL, "large": LARGE})


def test_replicas_go_to_the_nodes_of_the_pool_that_has_their_accelerator(tmp_path: Path) -> None:
    graph = whole(tmp_path, environment({"eks": EKS}, {"chat": CHAT, "iris": IRIS}, {"a10g": POOL}))
    chat = predictor(graph, "dev-chat-inference-service")
    pool = plain(graph.one("kubernetes:karpenter.sh/v1:NodePool", "dev-k8s-eks-node-pool-a10g").inputs)["spec"]
    assert chat["nodeSelector"].items() >= pool["template"]["metadata"]["labels"].items()
    assert {each["key"] for each in pool["template"]["spec"]["taints"]} <= {each["key"] for each in chat["tolerations"]}
    assert "tolerations" not in predictor(graph, "dev-iris-inference-service")


def test_of_several_pools_the_endpoint_names_one(tmp_path: Path) -> None:
    graph = whole(tmp_path, of_two(node_pool="large"))
    assert predictor(graph)["nodeSelector"]["modelinfra.dev/node-pool"] == "large"
    assert whole_refusal(tmp_path, of_two()) == [
        "endpoints.chat.node_pool: several pools have the accelerator. Write one of: a10g, large."
    ]
    assert whole_refusal(tmp_path, of_two(node_pool="larg")) == [
        "endpoints.chat.node_pool (given: 'larg'): the platform has no such pool. Did you mean 'large'?"
    ]


def test_more_of_an_accelerator_than_a_small_node_has_are_on_the_large_ones(tmp_path: Path) -> None:
    graph = whole(tmp_path, of_two(accelerator={"name": "A10G", "count": 2}))
    assert predictor(graph)["nodeSelector"]["modelinfra.dev/node-pool"] == "large"
    assert predictor(graph)["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "2"


def test_nodes_that_the_platform_describes_come_before_those_of_pools(tmp_path: Path) -> None:
    described = {"accelerators": {"A10G": {"node_selector": {"gpu": "own"}}}}
    graph = whole(tmp_path, environment({"eks": EKS}, {"chat": CHAT}, {"a10g": POOL}, platform=described))
    assert predictor(graph)["nodeSelector"]["gpu"] == "own"


@pytest.mark.parametrize(
    ("chat", "said"),
    [
        (
            {"accelerator": {"name": "L4"}},
            (
                "endpoints.chat.accelerator.name (given: 'L4'): no pool of the platform has 1 of it a node: there is 'a10g' (1 of A10G a node). "
                "Add one to `gpu_node_pools` with `accelerator`: {name: L4, count: 1}."
            ),
        ),
        (
            {"scaling": {"min": 5}},
            (
                "endpoints.chat.scaling.min (given: 5): the pool 'a10g', with 4 nodes at most, has room for 4 such replicas. Raise the pool's "
                "`max_nodes`, or write a smaller number."
            ),
        ),
        (
            {"architecture": "arm64"},
            "endpoints.chat.architecture (given: 'arm64'): the nodes of the pool 'a10g' are x86_64. Write x86_64.",
        ),
        (
            {"model": {**CHAT["model"], "size": "40GiB"}, "memory": "20GiB"},
            (
                "endpoints.chat.accelerator (given: '1 x A10G'): the weights alone take 40 GiB, and the memory of 1 x A10G is 22.4 GiB. Take "
                "more accelerators a replica, larger ones, or a smaller (quantised) model."
            ),
        ),
        (
            {"memory": "60GiB"},
            (
                "endpoints.chat.memory (given: '60 GiB'): no type of the pool 'a10g' (g5.xlarge, g5.2xlarge, g5.4xlarge) has more than 59.2 GiB "
                "for its pods. Write less, or name larger `instance_types` of the pool 'a10g'."
            ),
        ),
        (
            {"cpu": 16},
            (
                "endpoints.chat.cpu (given: 16): no type of the pool 'a10g' (g5.xlarge, g5.2xlarge, g5.4xlarge) has more than 16 vCPU, of "
                "which the node itself takes some. Write less, or name larger `instance_types` of the pool 'a10g'."
            ),
        ),
    ],
)
def test_what_no_node_of_the_pool_can_take_is_refused(chat: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert whole_refusal(tmp_path, environment({"eks": EKS}, {"chat": {**CHAT, **chat}}, {"a10g": POOL})) == [said]


SHARED = {**POOL, "instance_types": ["g5.4xlarge"], "sharing": {"way": "mps", "replicas": 2}}


def test_a_pool_whose_gpus_are_shared_has_room_for_as_many_as_it_has_parts(tmp_path: Path) -> None:
    chat = {**CHAT, "memory": "8GiB", "cpu": 2, "model": {**CHAT["model"], "size": "4GiB"}}
    most = POOL["max_nodes"] * 2
    graph = whole(tmp_path, environment({"eks": EKS}, {"chat": {**chat, "scaling": {"min": most}}}, {"a10g": SHARED}))
    pod = predictor(graph)
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu.shared"] == "1"
    assert pod["tolerations"][0]["key"] == "nvidia.com/gpu.shared"
    assert pod["annotations"]["modelinfra.dev/accelerator-memory"] == "11444Mi"
    assert any("shares a GPU, whose memory nothing divides" in each["message"] for each in graph.logs)
    more = {"chat": {**chat, "scaling": {"min": most + 1}}}
    (said,) = whole_refusal(tmp_path, environment({"eks": EKS}, more, {"a10g": SHARED}))
    assert f"has room for {most} such replicas" in said


def test_of_a_part_of_a_gpu_the_memory_of_the_part_counts_and_several_are_no_larger_one(tmp_path: Path) -> None:
    large = {**CHAT, "model": {**CHAT["model"], "size": "14GiB"}, "memory": "20GiB"}
    (said,) = whole_refusal(tmp_path, environment({"eks": EKS}, {"chat": large}, {"a10g": SHARED}))
    assert "the weights alone take 14 GiB, and the memory of a part of A10G is 11.2 GiB" in said
    two = {**CHAT, "accelerator": {"name": "A10G", "count": 2}}
    pool = {**SHARED, "accelerator": {"name": "A10G", "count": 4}, "instance_types": ["g5.12xlarge"]}
    (said,) = whole_refusal(tmp_path, environment({"eks": EKS}, {"chat": two}, {"a10g": pool}))
    assert said.startswith("endpoints.chat.accelerator.count (given: 2): there are parts of it")


MANAGED = {"eks": {**EKS, "nodes": "managed"}}
ROOMY = {**POOL, "instance_types": ["g5.2xlarge", "g5.4xlarge"]}


def test_a_replica_fits_on_whichever_of_its_types_a_managed_group_starts(tmp_path: Path) -> None:
    (said,) = whole_refusal(tmp_path, environment(MANAGED, {"chat": CHAT}, {"a10g": {**POOL, "min_nodes": 4}}))
    assert said == (
        "endpoints.chat.memory: a replica needs 23.4 GiB, and any type of the pool 'a10g' may come (g5.xlarge, g5.2xlarge, g5.4xlarge), and the "
        "smallest has no more than 14.8 GiB for its pods. Write less, or `instance_types: [g5.2xlarge, g5.4xlarge]` of the pool 'a10g'."
    )
    assert whole(tmp_path, environment(MANAGED, {"chat": CHAT}, {"a10g": {**ROOMY, "min_nodes": 4}}))


def test_where_no_node_comes_for_pods_a_replica_fits_on_the_system_nodes(tmp_path: Path) -> None:
    large = {"iris": {**IRIS, "memory": "12GiB", "cpu": 3}}
    which = "any type of `system_nodes` may come (m6i.large, m5.large), and the smallest has no more than"
    remedy = "Write less, or larger types as `cluster.eks.system_nodes.instance_types` of the platform, or `nodes: karpenter` there."
    assert whole_refusal(tmp_path, environment(MANAGED, large, {})) == [
        f"endpoints.iris.cpu (given: 3): {which} 2 vCPU, of which the node itself takes some. {remedy}",
        f"endpoints.iris.memory (given: '12 GiB'): {which} 7.4 GiB for its pods. {remedy}",
    ]
    larger = {"eks": {**MANAGED["eks"], "system_nodes": {"instance_types": ["m7i.xlarge"]}}}
    assert whole(tmp_path, environment(larger, large, {}))
    assert whole(tmp_path, environment({"eks": {**EKS, "nodes": "karpenter"}}, large, {}))


def test_replicas_beyond_the_nodes_of_a_managed_group_are_warned_of(tmp_path: Path) -> None:
    graph = whole(
        tmp_path, environment(MANAGED, {"chat": {**CHAT, "scaling": {"min": 2}}}, {"a10g": {**ROOMY, "min_nodes": 1}})
    )
    said = [each["message"] for each in graph.logs if "an autoscaler of your own" in each["message"]]
    assert len(said) == 1
    assert "its most replicas take 2 nodes, and the managed group of the pool 'a10g' has 1" in said[0]


def test_two_endpoints_do_not_count_on_the_same_nodes(tmp_path: Path) -> None:
    both = {"a": {**CHAT, "scaling": {"min": 3}}, "b": {**CHAT, "scaling": {"min": 2}}}
    (said,) = whole_refusal(tmp_path, environment({"eks": EKS}, both, {"a10g": POOL}))
    assert said.startswith(
        "endpoints.b.scaling.min (given: 2): the pool 'a10g', with 4 nodes at most, has room for 1 such"
    )


def strategy(tmp_path: Path, replicas: int) -> dict[str, int]:
    chat = {"chat": {**CHAT, "scaling": {"min": replicas}}}
    found: dict[str, int] = predictor(whole(tmp_path, environment({"eks": EKS}, chat, {"a10g": POOL})))[
        "deploymentStrategy"
    ]["rollingUpdate"]
    return found


def test_a_new_replica_comes_before_an_old_one_goes_unless_no_node_more_may_come(tmp_path: Path) -> None:
    assert strategy(tmp_path, 3) == {"maxSurge": 1, "maxUnavailable": 0}
    assert strategy(tmp_path, 4) == {"maxSurge": 0, "maxUnavailable": 1}


def test_a_program_that_makes_one_endpoint_after_the_other_keeps_the_room_to_deploy_the_first(tmp_path: Path) -> None:
    said: list[str] = []

    def program() -> None:
        platform = KubernetesPlatform(
            "k8s", cluster={"eks": EKS}, network=ServingNetwork("net"), gpu_node_pools={"a10g": POOL}
        )
        ModelEndpoint("a", {**CHAT, "scaling": {"min": 2}, "platform": platform})
        try:
            ModelEndpoint("b", {**CHAT, "scaling": {"min": 2}, "platform": platform})
        except Exception as error:
            said.append(str(error))

    captured(program, tmp_path)
    assert "has room for 1 such replicas beside a, and one node to deploy them" in said[0]


OF_EKS = {"eks": EKS}


@pytest.mark.parametrize(
    ("cluster", "pool", "said"),
    [
        (
            {"context": "models"},
            {},
            (
                "gpu_node_pools.a10g: nodes are added to clusters that are made here, and this one is its owner's. Remove it, and say with "
                "`accelerators` of the platform which nodes replicas take."
            ),
        ),
        (
            {"eks": {"cluster_name": "theirs"}},
            {},
            (
                "gpu_node_pools.a10g: nodes are added to clusters that are made here, and this one is its owner's. Remove it, and say with "
                "`accelerators` of the platform which nodes replicas take."
            ),
        ),
        (
            {"eks": {"version": "1.34"}},
            {},
            (
                "gpu_node_pools.a10g.min_nodes: nothing starts nodes of a managed group for pods that wait. Write how many there are; 0 where an "
                "autoscaler of your own starts them, up to `max_nodes`."
            ),
        ),
        (
            OF_EKS,
            {"min_nodes": 1},
            "gpu_node_pools.a10g.min_nodes: nodes are started for pods that wait, and none is kept without. Remove it.",
        ),
        (
            OF_EKS,
            {"transforms": {"auto-scaling-group": {}}},
            "gpu_node_pools.a10g.transforms: the cluster's own `transforms` adjust it, by roles that begin with gpu. Remove it.",
        ),
    ],
)
def test_what_of_a_pool_means_nothing_there_is_refused(
    cluster: dict[str, Any], pool: dict[str, Any], said: str, tmp_path: Path
) -> None:
    assert whole_refusal(tmp_path, environment(cluster, {}, {"a10g": {**POOL, **pool}})) == [said]
