"""Endpoints on a cluster that the same program makes: what one says, the other takes, and everything goes in an order that works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelinfra import EksCluster, KubernetesPlatform, ModelEndpoint
from modelinfra.graph.model import Graph
from modelinfra.graph.values import plain
from tests.making import captured
from tests.platforms.eks import NODE_POOL, waits_for
from tests.platforms.worlds import NETWORK

SERVICE = "kubernetes:serving.kserve.io/v1beta1:InferenceService"


def chat(root: Path, **more: Any) -> Graph:
    def program() -> None:
        pools = {"a10g": {"accelerator": {"name": "A10G"}, "max_nodes": 4, **more}}
        cluster = EksCluster("k8s", network=NETWORK, version="1.34", nodes="karpenter", gpu_node_pools=pools)
        way = cluster.gpu_node_pools["a10g"]
        platform = KubernetesPlatform(
            "models",
            cluster={"kubeconfig": cluster.kubeconfig},
            accelerators={"A10G": way.accelerator},
            after=cluster.ready,
        )
        model = {"uri": f"hf://acme/chat@{'a' * 40}", "size": "10GiB"}
        ModelEndpoint("chat", platform=platform, server="vllm", model=model, accelerator={"name": "A10G"})

    return captured(program, root)


def test_replicas_with_a_gpu_get_onto_the_nodes_that_karpenter_starts_for_them(tmp_path: Path) -> None:
    graph = chat(tmp_path)
    predictor = plain(graph.one(SERVICE).inputs)["spec"]["predictor"]
    template = plain(graph.one(NODE_POOL, "k8s-node-pool-a10g").inputs)["spec"]["template"]
    said = {each["key"]: each["values"][0] for each in template["spec"]["requirements"]}
    assert predictor["nodeSelector"].items() <= {**said, **template["metadata"]["labels"]}.items()
    (taint,) = template["spec"]["taints"]
    assert taint["key"] in {each["key"] for each in predictor["tolerations"]}


def test_an_endpoint_goes_before_the_nodes_and_controllers_that_it_needs(tmp_path: Path) -> None:
    graph = chat(tmp_path)
    needed = {graph[urn].name for urn in waits_for(graph, graph.one(SERVICE).urn)}
    assert {"k8s-node-pool-a10g", "k8s-karpenter", "k8s-system", "k8s-coredns", "k8s-cluster"} <= needed


def test_a_replica_asks_for_a_share_where_the_pool_has_shares_and_says_how_much_memory_it_has(tmp_path: Path) -> None:
    shared = {"instance_types": ["g5.2xlarge"], "sharing": {"way": "mps", "replicas": 2}}
    graph = chat(tmp_path, **shared)
    predictor = plain(graph.one(SERVICE).inputs)["spec"]["predictor"]
    assert predictor["containers"][0]["resources"]["limits"]["nvidia.com/gpu.shared"] == "1"
    assert predictor["annotations"]["modelinfra.dev/accelerator"] == "A10G"
    assert predictor["annotations"]["modelinfra.dev/accelerator-memory"] == "11444Mi"
    (taint,) = plain(graph.one(NODE_POOL, "k8s-node-pool-a10g").inputs)["spec"]["template"]["spec"]["taints"]
    assert taint["key"] in {each["key"] for each in predictor["tolerations"]}
