"""What the replicas of a tenant may do in AWS, on a cluster of Amazon EKS: read the tenant's own models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import pulumi

from modelinfra.options.tenants import TAG
from modelinfra.platforms.kubernetes.tenant_space import NAME, Space

if TYPE_CHECKING:
    from modelinfra.platforms.eks.cluster import EksCluster


def reading(prefix: str, partition: str) -> str:
    """A policy of who reads the models below a prefix (`s3://bucket/models/`), and no others."""
    name, _, below = prefix.removeprefix("s3://").partition("/")
    bucket = f"arn:{partition}:s3:::{name}"
    listed = {"Condition": {"StringLike": {"s3:prefix": f"{below}*"}}} if below else {}
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket}/{below}*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket, **listed},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _policy(prefix: str, cluster_arn: str) -> str:
    return reading(prefix, cluster_arn.split(":")[1])


def tenant_roles(
    cluster: EksCluster, platform: str, spaces: Mapping[str, Space], namespaces: Mapping[str, str]
) -> Iterator[tuple[str, list[pulumi.Resource]]]:
    """A role for each tenant that says where its models lie (`model_prefix`), by EKS Pod Identity: of no pods but those of its namespace
    and service account. platform: its name. Yields the tenant, and what must be there before its pods start."""
    for tenant, space in spaces.items():
        if space.model_prefix is None:
            continue
        policy = cluster.arn.apply(partial(_policy, space.model_prefix))
        identity = cluster.give_role(
            f"{platform}-{tenant}",
            namespace=namespaces[tenant],
            service_account=NAME,
            policy=policy,
            tags={TAG: tenant},
        )
        yield tenant, list(identity.ready)
