"""A cluster on EKS in the real engine: what a second `up`, an upgrade, other nodes and `destroy` do, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelinfra.testing.sandbox import Result, Sandbox

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi
from modelinfra import EksCluster, ServingNetwork

config = pulumi.Config()
system_nodes = config.get_object("systemNodes")
cluster = EksCluster(
    "k8s",
    network=ServingNetwork("net"),
    version=config.require("version"),
    nodes=config.require("nodes"),
    access={"ci": {"principal_arn": "arn:aws:iam::123456789012:role/ci", "permissions": "cluster-admin"}},
    **({"system_nodes": system_nodes} if system_nodes else {}),
)
pulumi.export("kubeconfig", cluster.kubeconfig)
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "Pulumi.yaml").write_text("name: cluster\nruntime: python\n")
    (directory / "__main__.py").write_text(PROGRAM)
    config = {"aws:region": "us-west-2", "cluster:version": "1.34", "cluster:nodes": "karpenter"}
    with Sandbox(
        directory, home=tmp_path / "home", stack="proof", config=config, packages=("aws", "docker-build", "kubernetes")
    ) as made:
        yield made


def steps(result: Result) -> list[tuple[str, str]]:
    """(operation, type and name) of every step."""
    return [(op, f"{urn.split('::')[2].rpartition(':')[2]} {urn.rpartition('::')[2]}") for op, urn in result.steps]


def test_a_cluster_with_karpenter_is_made_upgraded_in_place_given_other_nodes_and_destroyed_in_order(
    sandbox: Sandbox,
) -> None:
    # Definitions that are not there yet: the same command again mends it.
    sandbox.cloud.fail(type="NodePool$", message='no matches for kind "NodePool" in version "karpenter.sh/v1"')
    assert not sandbox.up().ok
    sandbox.up(check=True)
    assert "get-token" in sandbox.outputs["kubeconfig"]
    assert sandbox.up(check=True).steps == []

    sandbox.config["cluster:version"] = "1.35"
    upgrade = steps(sandbox.up(check=True))
    assert {op for op, _ in upgrade} == {"update"}
    changed = [what for _, what in upgrade]
    # The control plane, what nodes need, the nodes, and the rest.
    assert changed[0] == "Cluster k8s-cluster"
    nodes = changed.index("NodeGroup k8s-system")
    assert set(changed[1:nodes]) == {
        f"Addon k8s-{each}" for each in ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")
    }
    assert all(each.startswith("Addon ") for each in changed[nodes + 1 :])

    sandbox.config["cluster:systemNodes"] = {"instance_types": ["m7g.large"]}
    other = [what for what in steps(sandbox.up(check=True)) if what[1] == "NodeGroup k8s-system"]
    # The new nodes are there before the old ones go.
    assert [op for op, _ in other] == ["create-replacement", "replace", "delete-replaced"]

    gone = [what for op, what in steps(sandbox.destroy(check=True)) if op == "delete"]
    order = [
        "NodePool k8s-node-pool",
        "EC2NodeClass k8s-node-class",
        "Release k8s-karpenter",
        "PodIdentityAssociation k8s-karpenter",
        "NodeGroup k8s-system",
        "Addon k8s-vpc-cni",
        "Cluster k8s-cluster",
        "LogGroup k8s-cluster",
    ]
    places = [gone.index(each) for each in order if not each.startswith("PodIdentity")]
    assert places == sorted(places)
    assert gone.index("Release k8s-karpenter") < gone.index(order[3]) < gone.index("Cluster k8s-cluster")
    assert sandbox.cloud.things == []


def test_auto_mode_is_switched_on_without_a_new_cluster(sandbox: Sandbox) -> None:
    sandbox.config["cluster:nodes"] = "managed"
    sandbox.up(check=True)
    sandbox.config["cluster:nodes"] = "auto-mode"
    switched = steps(sandbox.up(check=True))
    assert ("update", "Cluster k8s-cluster") in switched
    assert ("delete", "NodeGroup k8s-system") in switched
    assert {op for op, _ in switched} == {"create", "update", "delete"}
