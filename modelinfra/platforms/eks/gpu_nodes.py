"""Pools of accelerated nodes, registered the way the cluster has its nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.platforms.base import NetworkReference
from modelinfra.platforms.eks.custom_pools import AUTO_MODE_CLASS, CustomPools
from modelinfra.platforms.eks.device_plugins import register_charts
from modelinfra.platforms.eks.gpu_groups import register_gpu_group
from modelinfra.platforms.eks.gpu_specs import (
    auto_mode_node_class,
    gpu_node_class,
    gpu_node_pool,
    needs_overlay,
    node_overlay,
)
from modelinfra.platforms.eks.gpu_way import EksGpuNodes
from modelinfra.platforms.eks.system_nodes import NodeRole


@dataclass(frozen=True)
class GpuNodes:
    """The pools of one cluster, and what they stand on. provider: by which things are installed in it, None where nothing is."""

    children: Children
    cluster: aws.eks.Cluster
    network: NetworkReference
    pools: Mapping[str, Any]
    ways: Mapping[str, EksGpuNodes]
    provider: kubernetes.Provider | None

    def in_groups(self, role: NodeRole, after: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """As managed node groups with this role. after: the add-ons without which no node is ready."""
        charts = self._charts(after, auto_mode=False)
        return [
            *charts,
            *(
                register_gpu_group(
                    self.children,
                    self.cluster,
                    self.ways[name],
                    pool,
                    self.network,
                    role,
                    placement_group=self._placement_group(name, pool),
                    after=[*after, *charts],
                )
                for name, pool in self.pools.items()
            ),
        ]

    def of_karpenter(self, pools: CustomPools, after: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """As NodePools of Karpenter. after: the nodes on which charts are installed."""
        charts = self._charts(after, auto_mode=False)
        placed = CustomPools(
            pools.children, pools.provider, pools.of_class, pools.place_of_nodes, [*pools.after, *charts]
        )
        made: list[pulumi.Resource] = []
        for name, pool in self.pools.items():
            way, group = self.ways[name], self._placement_group(name, pool)
            made.append(
                placed.register(
                    name,
                    "gpu-",
                    partial(gpu_node_class, pool),
                    gpu_node_pool(way, pool),
                    self._tags(pool),
                    more={"placement_group": group} if group is not None else None,
                    overlay=node_overlay(way) if needs_overlay(way) else None,
                )
            )
        return [*charts, *made]

    def of_auto_mode(self, after: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """As NodePools of EKS Auto Mode, with the role of its other nodes."""
        assert self.provider is not None, "pools are objects of the cluster"
        charts = self._charts(after, auto_mode=True)
        placed = CustomPools(
            self.children,
            self.provider,
            AUTO_MODE_CLASS,
            {
                "subnet_ids": Output.all(*self.network.task_subnet_ids),
                "security_group_id": self.cluster.vpc_config.cluster_security_group_id,
                "role": self.cluster.compute_config.node_role_arn.apply(lambda arn: str(arn).rpartition("/")[2]),
            },
            [*after, *charts],
        )
        return [
            *charts,
            *(
                placed.register(
                    name,
                    "gpu-",
                    partial(auto_mode_node_class, pool),
                    gpu_node_pool(self.ways[name], pool, auto_mode=True),
                    self._tags(pool),
                )
                for name, pool in self.pools.items()
            ),
        ]

    def _charts(self, after: Sequence[pulumi.Resource], *, auto_mode: bool) -> list[pulumi.Resource]:
        if self.provider is None:
            return []
        return register_charts(self.children, self.provider, self.pools, self.ways, auto_mode=auto_mode, after=after)

    def _tags(self, pool: Any) -> dict[str, Input[str]]:
        return {**self.children.adjustments.tags, **(pool.tags or {})}

    def _placement_group(self, name: str, pool: Any) -> Output[str] | None:
        """Nodes that serve a model together stand close to each other, where the network is fast."""
        if pool.efa is None:
            return None
        group = aws.ec2.PlacementGroup(
            self.children.named(f"gpu-{name}", "placement group"),
            strategy="cluster",
            tags=self._tags(pool) or None,
            opts=self.children.opts("placement-group"),
        )
        return group.name


def in_cluster(children: Children, cluster: aws.eks.Cluster, kubeconfig: Output[str]) -> kubernetes.Provider:
    """The provider by which things are installed in the cluster."""
    return kubernetes.Provider(
        children.named("kubernetes"),
        kubeconfig=kubeconfig,
        # The cluster is the same whatever its address or certificate: what is in it is not made anew.
        cluster_identifier=cluster.arn,
        enable_server_side_apply=True,
        opts=children.opts("kubernetes-provider"),
    )
