"""Pools of accelerated nodes on EKS in the real engine: what an upgrade, another size and `destroy` do, and in which order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelinfra.testing.sandbox import Sandbox
from tests.engine.test_eks import steps

pytestmark = [pytest.mark.engine, pytest.mark.slow_judge]

PROGRAM = """
import pulumi
from modelinfra import EksCluster, ServingNetwork

config = pulumi.Config()
EksCluster(
    "k8s",
    network=ServingNetwork("net"),
    version=config.require("version"),
    nodes=config.require("nodes"),
    gpu_node_pools=config.require_object("pools"),
)
"""
A100 = {
    "accelerator": {"name": "A100-40GB", "count": 8},
    "max_nodes": 2,
    "min_nodes": 1,
    "efa": {},
    "machine_image": "al2023",
}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "Pulumi.yaml").write_text("name: cluster\nruntime: python\n")
    (directory / "__main__.py").write_text(PROGRAM)
    config = {
        "aws:region": "us-west-2",
        "cluster:version": "1.34",
        "cluster:nodes": "managed",
        "cluster:pools": json.dumps({"big": A100}),
    }
    with Sandbox(
        directory, home=tmp_path / "home", stack="proof", config=config, packages=("aws", "docker-build", "kubernetes")
    ) as made:
        yield made


def test_groups_follow_the_cluster_a_new_size_comes_before_the_old_goes_and_all_go_in_order(sandbox: Sandbox) -> None:
    sandbox.up(check=True)
    assert sandbox.up(check=True).steps == []

    sandbox.config["cluster:version"] = "1.35"
    upgrade = steps(sandbox.up(check=True))
    assert {op for op, _ in upgrade} == {"update"}
    changed = [what for _, what in upgrade]
    assert changed.index("Cluster k8s-cluster") < changed.index("NodeGroup k8s-gpu-big")

    # Amazon Linux to Bottlerocket: other disks, another image, and no plugin beside the image's own.
    sandbox.config["cluster:pools"] = json.dumps({"big": {**A100, "machine_image": "bottlerocket"}})
    found = steps(sandbox.up(check=True))
    made, gone = (found.index((op, "NodeGroup k8s-gpu-big")) for op in ("create-replacement", "delete-replaced"))
    assert made < gone
    assert ("delete", "Release k8s-nvidia-device-plugin") in found

    ends = [what for op, what in steps(sandbox.destroy(check=True)) if op == "delete"]
    group = ends.index("NodeGroup k8s-gpu-big")
    # EC2 keeps a placement group as long as an instance is in it.
    assert group < ends.index("PlacementGroup k8s-gpu-big")
    assert group < ends.index("Cluster k8s-cluster")
    assert group < ends.index("Release k8s-efa-device-plugin") < ends.index("NodeGroup k8s-system")
