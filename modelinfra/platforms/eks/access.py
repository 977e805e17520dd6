"""Who may do what in a cluster, by access entries: the cluster reads no ConfigMap aws-auth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children
from modelinfra.platforms.eks.place import Place

# EKS user guide, "Review access policy permissions".
_POLICIES: Final[Mapping[str, str]] = {
    "cluster-admin": "AmazonEKSClusterAdminPolicy",
    "admin": "AmazonEKSAdminPolicy",
    "edit": "AmazonEKSEditPolicy",
    "view": "AmazonEKSViewPolicy",
}


def register_access(
    children: Children, place: Place, cluster: aws.eks.Cluster, access: Mapping[str, Any]
) -> list[pulumi.Resource]:
    """An entry for each principal, and what it may do."""
    made: list[pulumi.Resource] = []
    for name, given in access.items():
        entry = aws.eks.AccessEntry(
            children.named(f"access-{name}"),
            cluster_name=cluster.name,
            principal_arn=given.principal_arn,
            opts=children.opts("access-entry"),
        )
        made.append(
            aws.eks.AccessPolicyAssociation(
                children.named(f"access-{name}"),
                cluster_name=cluster.name,
                principal_arn=entry.principal_arn,
                policy_arn=Output.concat(
                    "arn:", place.partition, f":eks::aws:cluster-access-policy/{_POLICIES[given.permissions]}"
                ),
                access_scope=(
                    {"type": "cluster"}
                    if given.namespaces is None
                    else {"type": "namespace", "namespaces": given.namespaces}
                ),
                # With another scope it is the same to EKS: made before the old one goes, it would go with it.
                opts=children.opts("access-policy", delete_before_replace=True),
            )
        )
    return made
