"""Roles that pods take by EKS Pod Identity, each for the pods of one service account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.platforms.iam import document


@dataclass(frozen=True)
class PodIdentity:
    """A role that pods have. ready: what must be there before they start, since a pod that runs does not look again."""

    role_arn: Output[str]
    ready: Sequence[pulumi.Resource]


def register_pod_role(
    children: Children,
    cluster_arn: Output[str],
    suffix: str,
    namespace: str,
    service_account: Input[str],
    tags: Mapping[str, str] | None = None,
) -> aws.iam.Role:
    """A role that the pods of one service account of this cluster may take, and nobody else."""
    return aws.iam.Role(
        children.named(suffix, "role"),
        assume_role_policy=Output.all(cluster_arn, namespace, service_account).apply(lambda found: _trust(*found)),
        tags=tags,
        opts=children.opts("pod-role"),
    )


def associate(
    children: Children,
    cluster_name: Input[str],
    suffix: str,
    namespace: str,
    service_account: Input[str],
    role: aws.iam.Role,
    rights: list[pulumi.Resource],
) -> aws.eks.PodIdentityAssociation:
    """Give the pods the role. It must be there before they start, since a pod that runs does not look again."""
    return aws.eks.PodIdentityAssociation(
        children.named(suffix),
        cluster_name=cluster_name,
        namespace=namespace,
        service_account=service_account,
        role_arn=role.arn,
        opts=children.opts("pod-identity", depends_on=rights),
    )


def _trust(cluster_arn: str, namespace: str, service_account: str) -> str:
    """The tags are EKS's own, so that they say truly who asks (EKS user guide, "Create IAM role with trust policy required by EKS Pod Identity")."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {
                    "aws:RequestTag/eks-cluster-arn": cluster_arn,
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                }
            },
        }
    )


def bucket_reading(buckets: list[Input[str]]) -> Output[str]:
    """What reads these buckets: a policy document."""
    return Output.all(*buckets).apply(
        lambda arns: document(
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arns},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"{arn}/*" for arn in arns]},
        )
    )
