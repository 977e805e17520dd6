"""Pools of accelerated nodes as Karpenter and EKS Auto Mode read them. Pure data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from modelinfra.catalog.eks_gpu_images import GpuImage, gpu_image
from modelinfra.catalog.gpu_sharing import MPS, SHARED
from modelinfra.options.eks_gpu_nodes import BOTTLEROCKET, image_of
from modelinfra.options.gpu_node_pool import types_of
from modelinfra.platforms.eks.gpu_settings import PARALLEL_IOPS, PARALLEL_THROUGHPUT, user_data
from modelinfra.platforms.eks.gpu_way import POOL_LABEL, EksGpuNodes, device_of
from modelinfra.platforms.eks.node_pool import EXPIRY_NEVER, node_class

PLUGIN_LABEL: Final = "modelinfra.dev/device-plugin"
EFA_LABEL: Final = "modelinfra.dev/efa"
WHOLE: Final = "whole"
"""The plugin's configuration of nodes whose GPUs have one pod each; no pool is called so where others share."""
_CONFIG_LABEL: Final = "nvidia.com/device-plugin.config"

# Auto Mode ends a node after 21 days at the latest (EKS user guide, "Create a node pool"), and its default is 14.
_AUTO_MODE_EXPIRY: Final = "480h"


def labels(way: EksGpuNodes, pool: Any) -> dict[str, str]:
    """Labels of a pool's nodes: what pods choose it by, and what device plugins that are installed read."""
    found = {POOL_LABEL: way.name}
    if pool.efa is not None:
        found[EFA_LABEL] = "true"
    image = image_for(pool)
    if image.plugin is not None:
        found[PLUGIN_LABEL] = image.plugin
    if image.plugin == "nvidia":
        # Which of the plugin's configurations these nodes have, and that its MPS daemon belongs there (k8s-device-plugin 0.20).
        found["nvidia.com/gpu.present"] = "true"
        found[_CONFIG_LABEL] = way.name if pool.sharing is not None else WHOLE
        if pool.sharing is not None and pool.sharing.way == MPS:
            found["nvidia.com/mps.capable"] = "true"
    return found


def image_for(pool: Any) -> GpuImage:
    """The machine image of a validated pool's nodes."""
    found = gpu_image(image_of(pool), device_of(pool).vendor, types_of(pool)[0].architecture)
    assert found is not None, "pools without an image are refused"
    return found


def disk(pool: Any) -> dict[str, Any]:
    """What is said of the disk that holds images, beside its size."""
    fast = {"iops": PARALLEL_IOPS, "throughput": PARALLEL_THROUGHPUT} if pool.parallel_pull else {}
    return fast | ({"snapshotID": pool.image_snapshot_id} if pool.image_snapshot_id is not None else {})


def subnets(pool: Any, all_of_them: Sequence[Any]) -> list[Any]:
    """Those in which a pool's nodes stand: all, or the one of its placement group."""
    return list(all_of_them) if pool.efa is None else [all_of_them[pool.efa.subnet]]


def gpu_node_class(
    pool: Any,
    *,
    subnet_ids: list[str],
    security_group_id: str,
    profile: str,
    tags: Mapping[str, str],
    placement_group: str | None = None,
) -> dict[str, Any]:
    """Spec of the EC2NodeClass. An image of the user's own is taken for one of the family that the pool has."""
    image = image_for(pool)
    spec = node_class(
        pool.disk, image.alias, subnet_ids=subnets(pool, subnet_ids), security_group_id=security_group_id, profile=profile, tags=tags
    )  # fmt: skip
    spec["blockDeviceMappings"][0]["ebs"] |= disk(pool)
    if pool.ami_id is not None:
        family = "Bottlerocket" if image_of(pool) == BOTTLEROCKET else "AL2023"
        spec |= {"amiSelectorTerms": [{"id": pool.ami_id}], "amiFamily": family}
    told = user_data(pool, own_disks=False)
    if told is not None:
        spec["userData"] = told
    if pool.instance_store:
        spec["instanceStorePolicy"] = "RAID0"
    if placement_group is not None:
        spec["placementGroupSelector"] = {"name": placement_group}
    return spec | _reserved(pool)


def auto_mode_node_class(
    pool: Any, *, subnet_ids: list[str], security_group_id: str, role: str, tags: Mapping[str, str]
) -> dict[str, Any]:
    """Spec of Auto Mode's NodeClass."""
    return {
        "role": role,
        "subnetSelectorTerms": [{"id": each} for each in subnet_ids],
        "securityGroupSelectorTerms": [{"id": security_group_id}],
        "ephemeralStorage": {"size": f"{-(-pool.disk // 2**30)}Gi"},
        **({"tags": dict(tags)} if tags else {}),
        **_reserved(pool),
    }


def gpu_node_pool(way: EksGpuNodes, pool: Any, *, auto_mode: bool = False) -> dict[str, Any]:
    """Spec of the NodePool: nodes for those that ask for an accelerator, taken away when they are empty, and never moved to save money."""
    types = types_of(pool)
    group, kind = ("eks.amazonaws.com", "NodeClass") if auto_mode else ("karpenter.k8s.aws", "EC2NodeClass")
    return {
        "template": {
            "metadata": {"labels": {POOL_LABEL: way.name} if auto_mode else labels(way, pool)},
            "spec": {
                "nodeClassRef": {"group": group, "kind": kind, "name": way.name},
                "requirements": [
                    _one_of("kubernetes.io/arch", ["arm64" if types[0].architecture == "arm64" else "amd64"]),
                    _one_of("node.kubernetes.io/instance-type", [each.name for each in types]),
                    _one_of("karpenter.sh/capacity-type", _capacity(pool)),
                ],
                "taints": [{"key": way.resource, "value": "present", "effect": "NoSchedule"}],
                # An answer that takes long is not cut off because a node is old. Nor by a `terminationGracePeriod`: without one a node that
                # is replaced waits until its pods have left, within their own grace periods.
                "expireAfter": _AUTO_MODE_EXPIRY if auto_mode else EXPIRY_NEVER,
            },
        },
        "limits": _limits(way, pool),
        "disruption": {
            "consolidationPolicy": "WhenEmpty",
            "consolidateAfter": "10m",
            "budgets": [{"nodes": "1"}],
        },
    }


def node_overlay(way: EksGpuNodes) -> dict[str, Any]:
    """Spec of a NodeOverlay: that nodes of the pool will have shares, which EC2 knows nothing of, so that Karpenter starts one for a pod
    that asks for a share."""
    return {
        "requirements": [_one_of("karpenter.sh/nodepool", [way.name])],
        "capacity": {way.resource: str(way.per_node)},
    }


def needs_overlay(way: EksGpuNodes) -> bool:
    """Whether Karpenter must be told what its nodes will have."""
    return way.resource == SHARED


def _limits(way: EksGpuNodes, pool: Any) -> dict[str, str]:
    """This many nodes, and no more."""
    if pool.sharing is not None:
        # EC2 counts GPUs, and nodes count shares or slices: of processors both have the same number, and so has every type of the pool.
        return {"cpu": str(pool.max_nodes * types_of(pool)[0].vcpus)}
    return {way.resource: str(pool.max_nodes * way.per_node)}


def _capacity(pool: Any) -> list[str]:
    """Karpenter takes what is reserved first, then spare capacity, and nodes on demand last."""
    if pool.reservation is not None and pool.reservation.kind == "capacity-block":
        return ["reserved"]
    return [
        *(["reserved"] if pool.reservation is not None else []),
        *(["spot"] if pool.spot else []),
        "on-demand",
    ]


def _reserved(pool: Any) -> dict[str, Any]:
    reservation = pool.reservation
    return {} if reservation is None else {"capacityReservationSelectorTerms": [{"id": each} for each in reservation.ids]}  # fmt: skip


def _one_of(key: str, values: list[str]) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": values}
