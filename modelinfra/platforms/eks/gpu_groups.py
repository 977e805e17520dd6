"""Pools of accelerated nodes as managed node groups: how many there are is said, and EKS repairs and updates them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input

from modelinfra.catalog.eks_gpu_images import efa_interfaces
from modelinfra.children import Children
from modelinfra.options.gpu_node_pool import types_of
from modelinfra.platforms.base import NetworkReference
from modelinfra.platforms.eks.gpu_settings import user_data
from modelinfra.platforms.eks.gpu_specs import disk, image_for, labels, subnets
from modelinfra.platforms.eks.gpu_way import EksGpuNodes
from modelinfra.platforms.eks.system_nodes import NodeRole

# A node that is replaced takes 3 minutes and, with pods that are slow to leave, 15 (facts readiness.md section 2 rows 14 and 15).
_MINUTES_PER_NODE = 15


def register_gpu_group(
    children: Children,
    cluster: aws.eks.Cluster,
    way: EksGpuNodes,
    pool: Any,
    network: NetworkReference,
    role: NodeRole,
    *,
    placement_group: Input[str] | None,
    after: Sequence[pulumi.Resource],
) -> aws.eks.NodeGroup:
    """The node group of a validated pool. after: what its nodes need to be ready, and what tells of their accelerators."""
    template = _launch_template(children, cluster, way, pool, placement_group)
    types = [each.name for each in types_of(pool)]
    return aws.eks.NodeGroup(
        children.named(f"gpu-{way.name}", "node group"),
        cluster_name=cluster.name,
        node_role_arn=role.role.arn,
        subnet_ids=subnets(pool, network.task_subnet_ids),
        ami_type=image_for(pool).ami_type,
        instance_types=None if _block(pool) else types,
        capacity_type="CAPACITY_BLOCK" if _block(pool) else "SPOT" if pool.spot else "ON_DEMAND",
        # The cluster's own, so that nodes follow when it is upgraded, and not before.
        version=cluster.version,
        scaling_config={"min_size": pool.min_nodes, "desired_size": pool.min_nodes, "max_size": pool.max_nodes},
        # New nodes come before old ones go, up to twice as many as there are zones (facts readiness.md section 2 row 13): where they are not
        # to be had, the update fails and the old ones serve on. Of reserved capacity there is no more: there one goes first.
        update_config={"max_unavailable": 1, "update_strategy": "DEFAULT" if pool.reservation is None else "MINIMAL"},
        node_repair_config={"enabled": True},
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        labels=labels(way, pool),
        taints=[{"key": way.resource, "value": "present", "effect": "NO_SCHEDULE"}],
        tags={**children.adjustments.tags, **(pool.tags or {})} or None,
        opts=children.opts(
            "gpu-node-group",
            # An autoscaler of the user's own writes it.
            ignore_changes=["scalingConfig.desiredSize"],
            depends_on=[*after, *role.rights, *network.ways_out],
            custom_timeouts=pulumi.CustomTimeouts(
                create="60m", update=f"{60 + _MINUTES_PER_NODE * pool.max_nodes}m", delete="60m"
            ),
        ),
    )


def _block(pool: Any) -> bool:
    return pool.reservation is not None and pool.reservation.kind == "capacity-block"


def _launch_template(
    children: Children, cluster: aws.eks.Cluster, way: EksGpuNodes, pool: Any, placement_group: Input[str] | None
) -> aws.ec2.LaunchTemplate:
    """Without a machine image: EKS adds its own, and tells it which cluster it is to join."""
    tags = {**children.adjustments.tags, **(pool.tags or {}), "Name": children.named(f"gpu-{way.name}")}
    told = user_data(pool, own_disks=True)
    placement: aws.ec2.LaunchTemplatePlacementArgsDict | None = (
        {"group_name": placement_group} if placement_group is not None else None
    )
    return aws.ec2.LaunchTemplate(
        children.named(f"gpu-{way.name}", "launch template"),
        update_default_version=True,
        # Only a Capacity Block's type stands here: a node group has its own list.
        instance_type=types_of(pool)[0].name if _block(pool) else None,
        instance_market_options=_market(pool),
        capacity_reservation_specification=_reserved(pool),
        placement=placement,
        network_interfaces=_interfaces(cluster, pool),
        # A token, and no further than the node itself: pods have roles of their own.
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
        block_device_mappings=_disk(pool),
        tag_specifications=[
            {"resource_type": each, "tags": tags} for each in ("instance", "volume", "network-interface")
        ],
        user_data=base64.b64encode(told.encode()).decode() if told is not None else None,
        opts=children.opts("gpu-launch-template"),
    )


def _market(pool: Any) -> aws.ec2.LaunchTemplateInstanceMarketOptionsArgsDict | None:
    return {"market_type": "capacity-block"} if _block(pool) else None


def _disk(pool: Any) -> list[aws.ec2.LaunchTemplateBlockDeviceMappingArgsDict]:
    said = disk(pool)
    ebs: aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgsDict = {
        "volume_type": "gp3",
        "volume_size": -(-pool.disk // 2**30),
        "encrypted": "true",
        "delete_on_termination": "true",
    }
    if "throughput" in said:
        ebs |= {"iops": said["iops"], "throughput": said["throughput"]}
    if "snapshotID" in said:
        ebs |= {"snapshot_id": said["snapshotID"]}
    return [{"device_name": image_for(pool).disk, "ebs": ebs}]


def _reserved(pool: Any) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgsDict | None:
    if pool.reservation is None:
        return None
    return {"capacity_reservation_target": {"capacity_reservation_id": pool.reservation.ids[0]}}


def _interfaces(cluster: aws.eks.Cluster, pool: Any) -> list[aws.ec2.LaunchTemplateNetworkInterfaceArgsDict] | None:
    """One for each network card: the first takes addresses, the others speak EFA alone. EKS adds its security group to none that is said."""
    if pool.efa is None:
        return None
    group = cluster.vpc_config.cluster_security_group_id
    return [
        {
            "network_card_index": card,
            "device_index": 0 if card == 0 else 1,
            "interface_type": "efa" if card == 0 else "efa-only",
            "security_groups": [group],
            "delete_on_termination": "true",
        }
        for card in range(efa_interfaces(types_of(pool)[0]))
    ]
