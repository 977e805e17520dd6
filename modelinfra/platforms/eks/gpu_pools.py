"""What a pool of accelerated nodes cannot be, with each of the three ways of nodes on EKS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from modelinfra.catalog.eks_gpu_images import efa_interfaces, gpu_image, has_instance_store
from modelinfra.catalog.instance_types import with_accelerators
from modelinfra.options.eks_gpu_nodes import image_of
from modelinfra.options.gpu_node_pool import types_of
from modelinfra.options.managed_instances import MANAGED
from modelinfra.options.problems import Problem
from modelinfra.platforms.base import NetworkReference
from modelinfra.platforms.eks.gpu_way import device_of
from modelinfra.platforms.eks.node_pool import POOL

_Row = tuple[str, Callable[[Any], bool], str]


def _said(key: str) -> Callable[[Any], bool]:
    return lambda pool: bool(getattr(pool, key))


# What no way of nodes has a word for: (option, whether it is said, why).
_NOWHERE: Final[tuple[_Row, ...]] = (
    ("capacity", lambda pool: pool.capacity == MANAGED, "managed instances are those of ECS"),
    ("warm_nodes", _said("warm_nodes"), "no stopped nodes are kept on EKS"),
    ("permissions_boundary", _said("permissions_boundary"), "the nodes of all pools have one role, and the cluster's own boundary bounds it"),
    ("transforms", _said("transforms"), "the cluster's own `transforms` adjust it, by roles that begin with gpu"),
)  # fmt: skip

_FOR_PODS: Final = "nodes are started for pods that wait, and none is kept without"
_NO_BASE: Final = "spare capacity is taken where there is some, and else nodes on demand; no number of these is held"
_EKS_CHOOSES: Final = "with Auto Mode the machine image and its settings are EKS's own"

_WITH: Final[Mapping[str, tuple[_Row, ...]]] = {
    "karpenter": (
        ("min_nodes", _said("min_nodes"), _FOR_PODS),
        ("on_demand_base", _said("on_demand_base"), _NO_BASE),
    ),
    "auto-mode": (
        ("min_nodes", _said("min_nodes"), _FOR_PODS),
        ("on_demand_base", _said("on_demand_base"), _NO_BASE),
        ("ami_id", _said("ami_id"), _EKS_CHOOSES),
        ("machine_image", _said("machine_image"), _EKS_CHOOSES),
        ("sharing", _said("sharing"), "with Auto Mode the device plugin is EKS's own, and gives whole GPUs"),
        ("instance_store", _said("instance_store"), _EKS_CHOOSES),
        ("parallel_pull", _said("parallel_pull"), _EKS_CHOOSES),
        ("image_snapshot_id", _said("image_snapshot_id"), _EKS_CHOOSES),
        (
            "efa",
            _said("efa"),
            "with Auto Mode EKS attaches EFA for pods that ask for vpc.amazonaws.com/efa, and has no word for a placement group",
        ),
    ),
    "managed": (
        ("on_demand_base", _said("on_demand_base"), "a node group has one kind of capacity: have a second pool on demand"),
        ("ami_id", _said("ami_id"), "EKS tells an image of your own nothing of the cluster that it is to join"),
    ),
}  # fmt: skip


def pool_problems(pools: Mapping[str, Any], cluster: Any, network: NetworkReference | None = None) -> Iterator[Problem]:
    """What is wrong with validated pools on a cluster of these options. network: where it stands, where that is known."""
    for name, pool in pools.items():
        where = f"gpu_node_pools.{name}"
        if name == POOL:
            yield Problem(where, "Karpenter's pool for pods without GPUs has this name", "Write another.")
        if cluster.cluster_name is not None:
            reason = "an existing cluster (`cluster_name`) is not changed"
            yield Problem(where, reason, "Remove it, or remove `cluster_name` to have a cluster made.")
            continue
        for key, said, reason in (*_NOWHERE, *_WITH[cluster.nodes]):
            if said(pool):
                yield Problem(f"{where}.{key}", reason, "Remove it.")
        for problem in (*_unfit(pool, cluster.nodes), *_unseen(pool, cluster)):
            yield problem.below(where)
        if pool.efa is not None and network is not None and pool.efa.subnet >= len(network.task_subnet_ids):
            reason = f"the network has {len(network.task_subnet_ids)} private subnets, counted from 0"
            yield Problem(f"{where}.efa.subnet", reason, "Write a smaller number.", pool.efa.subnet)


def _unfit(pool: Any, nodes: str) -> Iterator[Problem]:
    """What its instance types, its image, and the way of nodes make impossible."""
    types, device = types_of(pool), device_of(pool)
    if nodes != "auto-mode" and gpu_image(image_of(pool), device.vendor, types[0].architecture) is None:
        reason = f"EKS publishes no machine image with its driver for {types[0].architecture}"
        yield Problem("accelerator.name", reason, "Take another accelerator.", device.name)
    if pool.instance_store and not all(map(has_instance_store, types)):
        yield Problem("instance_store", f"{types[0].name} has no disks of its own", "Remove it.", True)
    if pool.efa is not None:
        yield from _without_efa(pool, nodes)
    if nodes == "managed":
        yield from _unfit_for_a_group(pool)
    elif nodes == "karpenter" and pool.sharing is not None and len({each.vcpus for each in types}) > 1:
        # EC2 counts GPUs, and nodes count shares: processors alone bound how many nodes there are.
        reason = (
            "with `sharing` Karpenter's limit is reckoned in processors, and these types have different numbers of them"
        )
        yield Problem("instance_types", reason, f"Name one, for example {types[0].name}.")


def _without_efa(pool: Any, nodes: str) -> Iterator[Problem]:
    types = types_of(pool)
    lacking = [each.name for each in types if not efa_interfaces(each)]
    having = [each.name for each in with_accelerators(device_of(pool), pool.accelerator.count) if efa_interfaces(each)]
    if lacking:
        remedy = f"Name those with it in `instance_types`: {', '.join(having)}." if having else "Take another count or accelerator."  # fmt: skip
        yield Problem("efa", f"{', '.join(lacking)} has no EFA", remedy)
    elif nodes == "managed" and len({efa_interfaces(each) for each in types}) > 1:
        reason = (
            "a node group attaches as many interfaces to every node, and these types have different numbers of them"
        )
        yield Problem("instance_types", reason, f"Name one, for example {types[0].name}.")


def _unfit_for_a_group(pool: Any) -> Iterator[Problem]:
    if "min_nodes" not in pool.model_fields_set:
        reason = "nothing starts nodes of a managed group for pods that wait"
        remedy = "Write how many there are; 0 where an autoscaler of your own starts them, up to `max_nodes`."
        yield Problem("min_nodes", reason, remedy)
    if pool.reservation is None:
        return
    if len(pool.reservation.ids) > 1:
        reason = "a node group takes from one reservation"
        yield Problem("reservation.ids", reason, "Name one here, and have a pool for each of the others.", list(pool.reservation.ids))  # fmt: skip
    if pool.spot:
        yield Problem("spot", "a node group has one kind of capacity, and reserved capacity is on demand", "Remove it.", True)  # fmt: skip
    if pool.reservation.kind == "capacity-block" and len(types_of(pool)) > 1:
        reason = "a node group with a Capacity Block has the one instance type that was bought"
        yield Problem("instance_types", reason, f"Name it, for example {types_of(pool)[0].name}.")


def _unseen(pool: Any, cluster: Any) -> Iterator[Problem]:
    """Why there would be no metrics of a pool's GPUs, or twice."""
    metrics = pool.gpu_metrics
    if metrics is None:
        return
    if cluster.container_insights == "enhanced":
        reason = "with `container_insights`: enhanced the add-on runs NVIDIA's exporter already, and tells CloudWatch"
        yield Problem("gpu_metrics", reason, "Remove it.")
    for key in ("workspace_arn", "collector_image"):
        if getattr(metrics, key) is not None:
            reason = "on EKS no collector is made: a Prometheus of the cluster scrapes the exporter"
            yield Problem(f"gpu_metrics.{key}", reason, "Remove it.")
