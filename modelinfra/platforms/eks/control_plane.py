"""The control plane of a cluster: its role, key and log, and the cluster itself."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children
from modelinfra.platforms.base import NetworkReference
from modelinfra.platforms.eks.place import NODE_TRUST, Place, attach
from modelinfra.platforms.iam import document

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")

# What AWS asks of the role, EKS user guide, "Amazon EKS cluster IAM role" and "EKS Auto Mode cluster IAM role".
_POLICIES = ("AmazonEKSClusterPolicy",)
_AUTO_MODE_POLICIES = (
    "AmazonEKSComputePolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
)
_AUTO_MODE_NODE_POLICIES = ("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly")


def register_control_plane(
    children: Children, place: Place, options: Any, network: NetworkReference, *, production: bool
) -> aws.eks.Cluster:
    """The cluster, which waits for all that it needs; what runs in it waits for it."""
    auto_mode = options.nodes == "auto-mode"
    role = aws.iam.Role(
        children.named("cluster", "role"),
        assume_role_policy=place.account.apply(lambda account: _trust(account, auto_mode)),
        opts=children.opts("cluster-role"),
    )
    policies = (*_POLICIES, *(_AUTO_MODE_POLICIES if auto_mode else ()))
    needed: list[pulumi.Resource] = [*attach(children, place, "cluster", role, *policies)]
    key_arn = options.secrets_key_arn or _key(children, place, production=production).arn
    needed.append(
        aws.iam.RolePolicy(
            children.named("cluster", "role policy"),
            role=role.name,
            policy=Output.from_input(key_arn).apply(_rights),
            opts=children.opts("cluster-policy"),
        )
    )
    # Made before EKS would make one of its own, which would be kept for ever.
    log_group = aws.cloudwatch.LogGroup(
        children.named("cluster", "log group"),
        name=f"/aws/eks/{place.cluster_name}/cluster",
        retention_in_days=options.log_retention_days,
        opts=children.opts("log-group"),
    )
    node_role = _auto_mode_node_role(children, place) if auto_mode else None
    return aws.eks.Cluster(
        children.named("cluster"),
        name=place.cluster_name,
        version=options.version,
        role_arn=role.arn,
        access_config={
            "authentication_mode": "API",
            "bootstrap_cluster_creator_admin_permissions": not options.access,
        },
        bootstrap_self_managed_addons=False,
        vpc_config={
            "subnet_ids": list(network.load_balancer_subnet_ids),
            "endpoint_private_access": True,
            "endpoint_public_access": options.public_access_cidrs is not None,
            "public_access_cidrs": options.public_access_cidrs,
        },
        encryption_config={"provider": {"key_arn": key_arn}, "resources": ["secrets"]},
        enabled_cluster_log_types=list(LOG_TYPES),
        upgrade_policy={"support_type": options.support.upper()},
        deletion_protection=production,
        # The three go together, and are said also where they are off: so Auto Mode can be switched on and off in place.
        compute_config=_compute(node_role),
        kubernetes_network_config={"elastic_load_balancing": {"enabled": auto_mode}},
        storage_config={"block_storage": {"enabled": auto_mode}},
        opts=children.opts(
            "cluster",
            protect=production or None,
            depends_on=[*needed, log_group],
            # They mean something at creation only, and another value would replace the cluster.
            ignore_changes=[
                "accessConfig.bootstrapClusterCreatorAdminPermissions",
                "bootstrapSelfManagedAddons",
            ],
            # Clusters were seen to take 38 minutes (facts readiness.md section 3 row 25); an upgrade has the provider's hour.
            custom_timeouts=pulumi.CustomTimeouts(create="60m", update="60m", delete="30m"),
        ),
    )


def _trust(account: str, auto_mode: bool) -> str:
    actions = ["sts:AssumeRole", "sts:TagSession"] if auto_mode else "sts:AssumeRole"
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "eks.amazonaws.com"},
            "Action": actions,
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
    )


def _key(children: Children, place: Place, *, production: bool) -> aws.kms.Key:
    return aws.kms.Key(
        children.named("secrets"),
        description=f"What the EKS cluster {place.cluster_name} stores",
        enable_key_rotation=True,
        deletion_window_in_days=30,
        # The account decides by IAM who may use it: without this nobody ever could.
        policy=Output.all(place.partition, place.account).apply(
            lambda found: document(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:{found[0]}:iam::{found[1]}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            )
        ),
        opts=children.opts("secrets-key", protect=production or None),
    )


def _rights(key_arn: str) -> str:
    """The key, and no log group: one that EKS made anew while the cluster goes would stay behind."""
    actions = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"]
    return document(
        {"Effect": "Allow", "Action": actions, "Resource": key_arn},
        {"Effect": "Deny", "Action": "logs:CreateLogGroup", "Resource": "*"},
    )


def _compute(node_role: tuple[aws.iam.Role, list[aws.iam.RolePolicyAttachment]] | None) -> Any:
    if node_role is None:
        return {"enabled": False}
    role, attached = node_role
    # A node that starts before its role may do anything does not join.
    arn = Output.all(role.arn, *(each.id for each in attached)).apply(lambda found: found[0])
    return {"enabled": True, "node_pools": ["general-purpose", "system"], "node_role_arn": arn}


def _auto_mode_node_role(children: Children, place: Place) -> tuple[aws.iam.Role, list[aws.iam.RolePolicyAttachment]]:
    role = aws.iam.Role(
        children.named("auto-node", "role"), assume_role_policy=NODE_TRUST, opts=children.opts("auto-mode-node-role")
    )
    return role, attach(children, place, "auto-node", role, *_AUTO_MODE_NODE_POLICIES)
