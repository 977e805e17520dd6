"""What Karpenter's controller may do: start and end instances that carry the tag of its cluster, and no others.

By the template of Karpenter 1.14's getting-started guide (aws/karpenter-provider-aws@1d92708), for one cluster, and without the making of
instance profiles: the profile of its nodes is made here.
"""

from __future__ import annotations

from modelinfra.platforms.iam import document

_MADE = ("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request")
_USED = ("security-group", "subnet", "capacity-reservation", "placement-group")
_LOOKED_UP = (
    "CapacityReservations",
    "Images",
    "InstanceStatus",
    "InstanceTypeOfferings",
    "InstanceTypes",
    "Instances",
    "LaunchTemplates",
    "PlacementGroups",
    "SecurityGroups",
    "SpotPriceHistory",
    "Subnets",
)


def controller_policy(
    *, partition: str, region: str, account: str, cluster: str, cluster_arn: str, node_role: str, queue: str
) -> str:
    """The policy document. node_role, queue: their ARNs; cluster: the cluster's name."""
    ec2 = f"arn:{partition}:ec2:{region}"
    owned = {f"aws:ResourceTag/kubernetes.io/cluster/{cluster}": "owned"}
    in_a_pool = {"aws:ResourceTag/karpenter.sh/nodepool": "*"}
    asked = {
        f"aws:RequestTag/kubernetes.io/cluster/{cluster}": "owned",
        "aws:RequestTag/eks:eks-cluster-name": cluster,
    }
    asked_for_a_pool = {"aws:RequestTag/karpenter.sh/nodepool": "*"}
    made = [f"{ec2}:{account}:{each}/*" for each in _MADE]
    template = f"{ec2}:{account}:launch-template/*"
    instance = f"{ec2}:{account}:instance/*"
    return document(
        # What instances are started from belongs to others, too (machine images have no account), and carries no tag of the cluster.
        {
            "Effect": "Allow",
            "Action": ["ec2:CreateFleet", "ec2:RunInstances"],
            "Resource": [
                f"{ec2}::image/*",
                f"{ec2}::snapshot/*",
                *(f"{ec2}:*:{each}/*" for each in _USED),
            ],
        },
        {
            "Effect": "Allow",
            "Action": ["ec2:CreateFleet", "ec2:RunInstances"],
            "Resource": template,
            "Condition": {"StringEquals": owned, "StringLike": in_a_pool},
        },
        {
            "Effect": "Allow",
            "Action": ["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:RunInstances"],
            "Resource": made,
            "Condition": {"StringEquals": asked, "StringLike": asked_for_a_pool},
        },
        {
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": made,
            "Condition": {
                "StringEquals": {
                    **asked,
                    "ec2:CreateAction": ["CreateFleet", "CreateLaunchTemplate", "RunInstances"],
                },
                "StringLike": asked_for_a_pool,
            },
        },
        {
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": instance,
            "Condition": {
                "StringEquals": owned,
                "StringLike": in_a_pool,
                "StringEqualsIfExists": {"aws:RequestTag/eks:eks-cluster-name": cluster},
                "ForAllValues:StringEquals": {
                    "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"]
                },
            },
        },
        {
            "Effect": "Allow",
            "Action": ["ec2:DeleteLaunchTemplate", "ec2:TerminateInstances"],
            "Resource": [instance, template],
            "Condition": {"StringEquals": owned, "StringLike": in_a_pool},
        },
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": node_role,
            "Condition": {"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]}},
        },
        {"Effect": "Allow", "Action": "eks:DescribeCluster", "Resource": cluster_arn},
        {
            "Effect": "Allow",
            "Action": ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"],
            "Resource": queue,
        },
        # These look-ups know no resource (service authorization reference, Amazon EC2).
        {
            "Effect": "Allow",
            "Action": [f"ec2:Describe{each}" for each in _LOOKED_UP],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": region}},
        },
        {
            "Effect": "Allow",
            "Action": "ssm:GetParameter",
            "Resource": f"arn:{partition}:ssm:{region}::parameter/aws/service/*",
        },
        {"Effect": "Allow", "Action": ["iam:ListInstanceProfiles", "pricing:GetProducts"], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "iam:GetInstanceProfile",
            "Resource": f"arn:{partition}:iam::{account}:instance-profile/*",
        },
    )
