"""The nodes on which a cluster's own pods run: a managed node group of a fixed size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from modelinfra.catalog.instance_types import instance_type
from modelinfra.children import Children
from modelinfra.options.eks_nodes import DEFAULT_SYSTEM_TYPES
from modelinfra.platforms.base import NetworkReference
from modelinfra.platforms.eks.place import NODE_TRUST, Place, attach

_ROOT_DEVICE = "/dev/xvda"  # of Amazon Linux 2023
_NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")

# A node that is replaced takes 3 minutes and, with pods that are slow to leave, 15 (facts readiness.md section 2 rows 14 and 15).
_MINUTES_PER_NODE = 15


@dataclass(frozen=True)
class NodeRole:
    """The role of a cluster's nodes, and its rights, without which no node joins. What the network's pods need is not in it: they have
    a role of their own."""

    role: aws.iam.Role
    rights: Sequence[pulumi.Resource]


def register_node_role(children: Children, place: Place, suffix: str = "node", role: str = "node-role") -> NodeRole:
    """The role of a kind of nodes. suffix, role: of the child.

    Each kind has its own: EKS itself makes the access entry of a node group's role, and there is one entry for a role.
    """
    made = aws.iam.Role(children.named(suffix, "role"), assume_role_policy=NODE_TRUST, opts=children.opts(role))
    return NodeRole(made, attach(children, place, suffix, made, *_NODE_POLICIES))


def register_system_nodes(
    children: Children,
    cluster: aws.eks.Cluster,
    options: Any,
    network: NetworkReference,
    role: NodeRole,
    after: Sequence[pulumi.Resource],
) -> aws.eks.NodeGroup:
    """The node group. after: the add-ons without which its nodes are never ready."""
    template = _launch_template(children, options)
    types = list(options.instance_types or DEFAULT_SYSTEM_TYPES)
    return aws.eks.NodeGroup(
        children.named("system", "node group"),
        cluster_name=cluster.name,
        node_role_arn=role.role.arn,
        # With a second range of the network, nodes and pods take their addresses from it.
        subnet_ids=list(network.task_subnet_ids),
        ami_type=_ami_type(types[0]),
        instance_types=types,
        capacity_type="ON_DEMAND",
        # The cluster's own, so that nodes follow when it is upgraded, and not before.
        version=cluster.version,
        release_version=options.release_version,
        scaling_config={"min_size": options.count, "desired_size": options.count, "max_size": options.count},
        update_config={"max_unavailable": 1},
        node_repair_config={"enabled": True},
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        labels={"modelinfra.dev/nodes": "system"},
        opts=children.opts(
            "node-group",
            depends_on=[*after, *role.rights, *network.ways_out],
            custom_timeouts=pulumi.CustomTimeouts(
                create="60m", update=f"{60 + _MINUTES_PER_NODE * options.count}m", delete="60m"
            ),
        ),
    )


def _ami_type(name: str) -> str:
    known = instance_type(name)
    assert known is not None, "the options' rules know the types"
    return "AL2023_ARM_64_STANDARD" if known.architecture == "arm64" else "AL2023_x86_64_STANDARD"


def _launch_template(children: Children, options: Any) -> aws.ec2.LaunchTemplate:
    """Without a machine image and without security groups: EKS adds its own, and knows how many pods a node takes."""
    tags = {**children.adjustments.tags, "Name": children.named("system")}
    return aws.ec2.LaunchTemplate(
        children.named("system", "launch template"),
        update_default_version=True,
        # A token, and no further than the node itself: pods have roles of their own.
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
        block_device_mappings=[
            {
                "device_name": _ROOT_DEVICE,
                "ebs": {
                    "volume_type": "gp3",
                    "volume_size": -(-options.disk // 2**30),
                    "encrypted": "true",
                    "delete_on_termination": "true",
                },
            }
        ],
        tag_specifications=[
            {"resource_type": each, "tags": tags} for each in ("instance", "volume", "network-interface")
        ],
        opts=children.opts("launch-template"),
    )
