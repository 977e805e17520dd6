"""The children of a cluster on EKS by what they are for; child_roles.py says what a role is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from modelinfra.catalog.child_roles import ChildRole, table

EKS_NODE_ROLES: Final = table(
    node_role=("pulumi_aws.iam.Role", "the role of the nodes"),
    launch_template=("pulumi_aws.ec2.LaunchTemplate", "how a node starts"),
    node_group=("pulumi_aws.eks.NodeGroup", "the nodes on which the cluster's own pods run"),
)
"""Of an EKS cluster outside Auto Mode."""

EKS_AUTO_MODE_ROLES: Final = table(
    auto_mode_node_role=("pulumi_aws.iam.Role", "the role of the nodes that Auto Mode starts"),
)

EKS_KARPENTER_ROLES: Final = table(
    karpenter_policy=("pulumi_aws.iam.RolePolicy", "what Karpenter's controller may do"),
    karpenter_node_role=("pulumi_aws.iam.Role", "the role of the nodes that it starts"),
    karpenter_profile=("pulumi_aws.iam.InstanceProfile", "that those nodes have it"),
    karpenter_entry=("pulumi_aws.eks.AccessEntry", "that they may join the cluster"),
    interruption_queue=("pulumi_aws.sqs.Queue", "what EC2 says of instances that it will take away"),
    interruption_policy=("pulumi_aws.sqs.QueuePolicy", "that EventBridge alone writes there"),
    interruption_rule=("pulumi_aws.cloudwatch.EventRule", "which events go there"),
    interruption_target=("pulumi_aws.cloudwatch.EventTarget", "where they go"),
    karpenter_crds=("pulumi_kubernetes.helm.v3.Release", "the kinds of objects that Karpenter reads"),
    karpenter_release=("pulumi_kubernetes.helm.v3.Release", "Karpenter's controller"),
    node_class=("pulumi_kubernetes.apiextensions.CustomResource", "how its nodes look"),
    node_pool=("pulumi_kubernetes.apiextensions.CustomResource", "which nodes it may start"),
)

EKS_GPU_ROLES: Final = table(
    kubernetes_provider=(
        "pulumi_kubernetes.Provider",
        "with which Karpenter, and what accelerated nodes need, is installed",
    ),
    gpu_node_class=(
        "pulumi_kubernetes.apiextensions.CustomResource",
        "how nodes with accelerators look, one for each pool",
    ),
    gpu_node_pool=("pulumi_kubernetes.apiextensions.CustomResource", "pools of nodes with accelerators"),
    gpu_node_overlay=(
        "pulumi_kubernetes.apiextensions.CustomResource",
        "that Karpenter's nodes of a pool will have shares of GPUs",
    ),
    gpu_launch_template=("pulumi_aws.ec2.LaunchTemplate", "how a node of a managed group with accelerators starts"),
    gpu_node_group=("pulumi_aws.eks.NodeGroup", "pools of nodes with accelerators as managed node groups"),
    placement_group=("pulumi_aws.ec2.PlacementGroup", "that the nodes of a pool with EFA stand close to each other"),
    device_plugin=("pulumi_kubernetes.helm.v3.Release", "what tells the cluster of accelerators, and of EFA"),
    gpu_exporter=("pulumi_kubernetes.helm.v3.Release", "NVIDIA's exporter on the nodes of a pool"),
)
"""Of a cluster with `gpu_node_pools`; the provider of one with Karpenter, too."""

EKS_ROLES: Final[Mapping[str, ChildRole]] = MappingProxyType(
    {
        **table(
            cluster=("pulumi_aws.eks.Cluster", "the control plane"),
            cluster_role=("pulumi_aws.iam.Role", "the role of the control plane"),
            cluster_policy=(
                "pulumi_aws.iam.RolePolicy",
                "what that role may do with the key of secrets, and may not do",
            ),
            role_attachment=("pulumi_aws.iam.RolePolicyAttachment", "AWS's own policies of every role"),
            secrets_key=("pulumi_aws.kms.Key", "the key that encrypts what the cluster stores"),
            log_group=("pulumi_aws.cloudwatch.LogGroup", "the control plane's log"),
            access_entry=("pulumi_aws.eks.AccessEntry", "who may enter the cluster, one for each of `access`"),
            access_policy=("pulumi_aws.eks.AccessPolicyAssociation", "what they may do there"),
            addon=("pulumi_aws.eks.Addon", "the add-ons"),
            pod_role=("pulumi_aws.iam.Role", "roles of pods: those of add-ons, Karpenter, and whom `give_role` names"),
            pod_policy=(
                "pulumi_aws.iam.RolePolicy",
                "which buckets the driver of S3 may read, and what `give_role` says",
            ),
            pod_identity=("pulumi_aws.eks.PodIdentityAssociation", "which pods have which role"),
        ),
        **EKS_NODE_ROLES,
        **EKS_AUTO_MODE_ROLES,
        **EKS_KARPENTER_ROLES,
        **EKS_GPU_ROLES,
    }
)
"""Of a cluster on EKS."""
