"""The example of a language model on a cluster of its own: from nothing to a canary, through an upgrade, and back to nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelinfra.graph.cost import estimate
from modelinfra.graph.project import capture_project
from modelinfra.testing.plugin import require_engine
from modelinfra.testing.sandbox import Sandbox
from tests.examples.projects import ENVIRONMENT, EXAMPLES, declared
from tests.kubernetes.schemas import complaints
from tests.kubernetes.worlds import manifests

EXAMPLE = EXAMPLES / "gpu-kserve"


@pytest.mark.parametrize("preview", [True, False])
def test_it_warns_of_what_kserve_does_not_do_and_of_nothing_else(preview: bool) -> None:
    graph = capture_project(EXAMPLE, "dev", preview=preview)
    said = [each["message"] for each in graph.logs if each["severity"] == "warning"]
    assert len(said) == 4  # of the endpoint's own revision and of the candidate
    assert all("KServe calls a Deployment failed" in each or "storage initializer" in each for each in said)


def test_the_api_server_takes_what_the_endpoint_makes() -> None:
    graph = capture_project(EXAMPLE, "dev", preview=False)
    objects = [each for each in manifests(graph) if each.get("metadata", {}).get("namespace") == "dev-k8s"]
    assert len(objects) >= 6
    assert [found for each in objects for found in complaints(each)] == []


def test_the_control_plane_the_system_nodes_and_the_nodes_with_gpus_are_counted() -> None:
    found = estimate(capture_project(EXAMPLE, "dev", preview=True), default_region="us-east-1")
    counted = {each.what: (each.quantity_min, each.quantity_max) for each in found.items}
    assert counted["EKS cluster"] == (1, 1)
    assert counted["EC2 m6i.large (or m5.large)"] == (2, 2)
    assert counted["EC2 spot g5.2xlarge (or g5.4xlarge)"] == (0, 4)


def changed(steps: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """(operation, type and name) of every step that did something, components and providers aside."""
    found = [(op, urn.split("::")[2].rpartition("$")[2], urn.rpartition("::")[2]) for op, urn in steps if op != "same"]
    return [
        (op, f"{token.rpartition(':')[2]} {name}")
        for op, token, name in found
        if not token.startswith(("modelinfra:", "pulumi:"))
    ]


ORDER_OF_DESTROY = [
    "HTTPRoute dev-chat-http-route",
    "InferenceService dev-chat-inference-service",
    "Namespace dev-k8s-namespace",
    "Gateway dev-k8s-kserve-gateway",
    "Release dev-k8s-kserve-envoy-gateway",
    "Namespace dev-k8s-kserve-envoy-gateway-namespace",
    "NodePool dev-k8s-eks-node-pool-a10g",
    "EC2NodeClass dev-k8s-eks-node-class-a10g",
    "Release dev-k8s-eks-karpenter",
    "NodeGroup dev-k8s-eks-system",
    "Addon dev-k8s-eks-vpc-cni",
    "Cluster dev-k8s-eks-cluster",
    "Subnet dev-network-private-a",
    "Vpc dev-network-vpc",
]
"""What owns resources of the cloud goes before its controller, controllers before nodes, nodes before the cluster."""


@pytest.mark.slow_judge
@pytest.mark.engine
def test_it_is_deployed_upgraded_changed_promoted_and_destroyed_in_order(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    require_engine(request)
    environment = declared(EXAMPLE)
    platform = environment["platforms"]["k8s"]
    eks, chat = platform["cluster"]["eks"], environment["endpoints"]["chat"]
    config = {"aws:region": "us-west-2", ENVIRONMENT: environment}
    packages = ("aws", "docker-build", "kubernetes")
    with Sandbox(EXAMPLE, home=tmp_path / "home", stack="dev", config=config, packages=packages) as sandbox:

        def up() -> list[tuple[str, str]]:
            return changed(sandbox.up(check=True).steps)

        # A webhook that does not answer yet fails one `up`; the next one goes on from there.
        sandbox.cloud.fail(op="create", urn="::dev-k8s-kserve-controller$", message="context deadline exceeded")
        assert not sandbox.up().ok
        assert not [each for each in sandbox.cloud.things if each.type.endswith(":InferenceService")]
        up()
        assert sandbox.outputs["predictUrls"] == {"chat": "http://models.acme.ai/chat/v1/chat/completions"}
        assert "get-token" in sandbox.outputs["kubeconfig"]
        assert up() == [], "a second up changes nothing"

        # A minor version of Kubernetes: nothing is replaced, and nothing of KServe or of the endpoint is touched.
        eks["version"] = "1.35"
        steps = up()
        assert {op for op, _ in steps} == {"update"}
        assert steps[0][1] == "Cluster dev-k8s-eks-cluster"
        assert {what.split()[0] for _, what in steps} == {"Cluster", "Addon", "NodeGroup"}

        # Other instances for the endpoint: the pool alone is told, and Karpenter exchanges the nodes that run one at a time.
        environment["gpuNodePools"]["a10g"]["instanceTypes"] = ["g5.4xlarge"]
        assert up() == [("update", "NodePool dev-k8s-eks-node-pool-a10g")]

        # Other system nodes: the new ones are there before the old ones go.
        eks["systemNodes"] = {"instanceTypes": ["m7g.large"]}
        other = [op for op, what in up() if what == "NodeGroup dev-k8s-eks-system"]
        assert other == ["create-replacement", "replace", "delete-replaced"]

        # Another version of the model: its InferenceService alone, in place.
        chat["revisions"]["candidate"]["model"]["uri"] = f"hf://acme/qwen2.5-7b-support@{'b' * 40}"
        assert up() == [("update", "InferenceService dev-chat--candidate-inference-service")]
        chat["traffic"] = {"candidate": 100}
        assert up() == [("update", "HTTPRoute dev-chat-http-route")]

        # KServe goes when its endpoints are gone; the cluster stays as it is.
        gone = environment.pop("endpoints")
        platform["kserve"] = False
        steps = up()
        assert {op for op, _ in steps} == {"delete"}
        assert not [what for _, what in steps if "dev-k8s-eks" in what or "dev-network" in what]
        order = [
            each for each in ORDER_OF_DESTROY if each.startswith(("HTTP", "Inf", "Gateway", "Release dev-k8s-kserve"))
        ]
        assert places(steps, order) == sorted(places(steps, order))

        platform["kserve"] = {"gateway": {"host": "models.acme.ai"}}
        environment["endpoints"] = gone
        up()
        steps = changed(sandbox.destroy(check=True).steps)
        assert places(steps, ORDER_OF_DESTROY) == sorted(places(steps, ORDER_OF_DESTROY))
        assert sandbox.cloud.things == []


def places(steps: list[tuple[str, str]], order: list[str]) -> list[int]:
    """When each of these was deleted."""
    deleted: list[Any] = [what for op, what in steps if op == "delete"]
    return [deleted.index(each) for each in order]
