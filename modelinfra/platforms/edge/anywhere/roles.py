"""Who a device is to AWS, and what the containers on it may do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.platforms.ecs.node_role import agent_policy
from modelinfra.platforms.ecs.roles import execution_policy
from modelinfra.platforms.iam import document
from modelinfra.platforms.trusted import trusted


def register_execution_role(
    children: Children, options: Any, log_group_arn: Input[str], repositories: Sequence[Input[str]]
) -> tuple[aws.iam.Role, pulumi.Resource]:
    """The role with which a device fetches images and secrets and writes logs, and its policy. repositories: ARNs; empty where not in ECR."""
    role = aws.iam.Role(
        children.named("execution", "role"),
        assume_role_policy=trusted(children, "ecs-tasks.amazonaws.com"),
        opts=children.opts("execution-role"),
    )
    secrets: dict[str, Input[str]] = dict(options.secrets or {})
    policy = aws.iam.RolePolicy(
        children.named("execution", "role policy"),
        role=role.name,
        policy=Output.all(
            repositories=list(repositories), log_group=log_group_arn, secrets=list(secrets.values()), key=None
        ).apply(lambda found: execution_policy(**found)),
        opts=children.opts("execution-policy"),
    )
    return role, policy


def register_task_role(children: Children) -> aws.iam.Role:
    """The role that the server of a ring runs with. It may do nothing."""
    return aws.iam.Role(
        children.named("task", "role"),
        assume_role_policy=trusted(children, "ecs-tasks.amazonaws.com"),
        opts=children.opts("task-role"),
    )


def register_device_role(children: Children, cluster_arn: Output[str]) -> tuple[aws.iam.Role, pulumi.Resource]:
    """The role that the agents on a ring's devices have, and its policy. All devices of the ring share it: Systems Manager gives a role to
    an activation, and not to a device."""
    role = aws.iam.Role(
        children.named("device", "role"),
        assume_role_policy=trusted(children, "ssm.amazonaws.com"),
        opts=children.opts("device-role"),
    )
    policy = aws.iam.RolePolicy(
        children.named("device", "role policy"),
        role=role.name,
        policy=cluster_arn.apply(device_policy),
        opts=children.opts("device-policy"),
    )
    return role, policy


def device_policy(cluster_arn: str) -> str:
    """What the ECS agent needs in this cluster, and what the agent of Systems Manager needs to be a managed node and to open sessions.

    AWS's own AmazonSSMManagedInstanceCore lets a node read every parameter of the account as well; a device that somebody carries away
    must not.
    """
    _, partition, _, region, *_ = cluster_arn.split(":")
    within = f"arn:{partition}:ssm:{region}:*"
    agent: dict[str, Any] = json.loads(agent_policy(cluster_arn, cluster_arn.rpartition("/")[2]))
    return document(
        *agent["Statement"],
        # AWS's own documents have no account.
        {
            "Effect": "Allow",
            "Action": [
                "ssm:DescribeDocument",
                "ssm:GetDocument",
                "ssm:UpdateAssociationStatus",
                "ssm:UpdateInstanceAssociationStatus",
            ],
            "Resource": [f"{within}:association/*", f"{within}:document/*", f"{within}:managed-instance/*"],
        },
        # These know no resource (service authorization reference, Systems Manager, Message Delivery Service and Message Gateway Service).
        {
            "Effect": "Allow",
            "Action": [
                "ec2messages:AcknowledgeMessage",
                "ec2messages:DeleteMessage",
                "ec2messages:FailMessage",
                "ec2messages:GetEndpoint",
                "ec2messages:GetMessages",
                "ec2messages:SendReply",
                "ssm:DescribeAssociation",
                "ssm:GetDeployablePatchSnapshotForInstance",
                "ssm:GetManifest",
                "ssm:ListAssociations",
                "ssm:ListInstanceAssociations",
                "ssm:PutComplianceItems",
                "ssm:PutConfigurePackageResult",
                "ssm:PutInventory",
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "Resource": "*",
        },
    )
