"""Pools of nodes with GPUs, which Karpenter starts for pods that ask for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.catalog.accelerators import accelerator
from modelinfra.options.gpu_node_pool import types_of
from modelinfra.options.problems import Problem
from modelinfra.platforms.eks.node_pool import EXPIRY_NEVER, node_class

GPU: Final = "nvidia.com/gpu"
"""The resource that a pod asks for, and the taint that keeps all others out."""

POOL_LABEL: Final = "modelinfra.dev/node-pool"

# Bottlerocket's image for GPUs has NVIDIA's driver, toolkit and device plugin, so that none is installed beside it (facts serving.md
# section 3a). Karpenter takes that one for types with GPUs by itself.
_IMAGES = "bottlerocket@latest"


@dataclass(frozen=True)
class EksGpuNodes:
    """How a pod gets onto the nodes of a pool. Both sides of the taint are written from here."""

    name: str

    @property
    def node_selector(self) -> dict[str, str]:
        """The pod's `nodeSelector`."""
        return {POOL_LABEL: self.name}

    @property
    def tolerations(self) -> list[dict[str, str]]:
        """The pod's `tolerations`."""
        return [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}]

    @property
    def resource(self) -> str:
        """What the pod asks for in `resources.limits`."""
        return GPU


# What Karpenter has no word for: (option, whether it is said, why).
_WITHOUT = (
    ("min_nodes", lambda pool: pool.min_nodes > 0, "Karpenter starts nodes for pods that wait, and keeps none without"),
    ("warm_nodes", lambda pool: pool.warm_nodes is not None, "Karpenter keeps no stopped nodes"),
    (
        "on_demand_base",
        lambda pool: pool.on_demand_base is not None,
        "Karpenter takes spare capacity where there is some, and else nodes on demand; it holds no number of these",
    ),
    (
        "permissions_boundary",
        lambda pool: pool.permissions_boundary is not None,
        "the nodes of all pools have one role, and the cluster's own boundary bounds it",
    ),
    (
        "transforms",
        lambda pool: pool.transforms is not None,
        "the cluster's own `transforms` adjust it, by the roles gpu-node-class and gpu-node-pool",
    ),
)


def pool_problems(pools: Mapping[str, Any], cluster: Any) -> Iterator[Problem]:
    """What is wrong with validated pools on a cluster of these options."""
    for name, pool in pools.items():
        where = f"gpu_node_pools.{name}"
        if cluster.nodes != "karpenter":
            reason = f"`nodes` is {cluster.nodes}, and Karpenter starts the nodes of pools"
            yield Problem(where, reason, "Remove it, or write nodes: karpenter.")
            continue
        found = accelerator(pool.accelerator.name)
        assert found is not None, "the options' rules know the names"
        if found.vendor != "NVIDIA":
            reason = "nodes with Neuron devices need a device plugin, which is not installed on EKS here yet"
            remedy = "Write an accelerator of NVIDIA's, or run the pool on ECS."
            yield Problem(f"{where}.accelerator.name", reason, remedy, pool.accelerator.name)
        for key, said, reason in _WITHOUT:
            if said(pool):
                yield Problem(f"{where}.{key}", reason, "Remove it.")


def gpu_node_class(
    pool: Any, *, subnet_ids: list[str], security_group_id: str, profile: str, tags: Mapping[str, str]
) -> dict[str, Any]:
    """Spec of the EC2NodeClass. An image of the user's own is taken for one of Bottlerocket, too."""
    spec = node_class(
        pool.disk, _IMAGES, subnet_ids=subnet_ids, security_group_id=security_group_id, profile=profile, tags=tags
    )
    if pool.ami_id is not None:
        spec |= {"amiSelectorTerms": [{"id": pool.ami_id}], "amiFamily": "Bottlerocket"}
    return spec


def gpu_node_pool(name: str, pool: Any, node_class_name: str) -> dict[str, Any]:
    """Spec of the NodePool: nodes for those that ask for a GPU, taken away when they are empty, and never moved to save money."""
    types = types_of(pool)
    architecture = "arm64" if types[0].architecture == "arm64" else "amd64"
    return {
        "template": {
            "metadata": {"labels": {POOL_LABEL: name}},
            "spec": {
                "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": node_class_name},
                "requirements": [
                    {"key": "kubernetes.io/arch", "operator": "In", "values": [architecture]},
                    {
                        "key": "node.kubernetes.io/instance-type",
                        "operator": "In",
                        "values": [each.name for each in types],
                    },
                    {
                        "key": "karpenter.sh/capacity-type",
                        "operator": "In",
                        "values": ["spot", "on-demand"] if pool.spot else ["on-demand"],
                    },
                ],
                "taints": [{"key": GPU, "value": "present", "effect": "NoSchedule"}],
                # An answer that takes long is not cut off because a node is old.
                "expireAfter": EXPIRY_NEVER,
            },
        },
        # Every type has as many: this many nodes, and no more.
        "limits": {GPU: str(pool.max_nodes * pool.accelerator.count)},
        "disruption": {
            "consolidationPolicy": "WhenEmpty",
            "consolidateAfter": "10m",
            "budgets": [{"nodes": "1"}],
        },
    }
