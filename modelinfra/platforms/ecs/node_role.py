"""The role of a pool's nodes: what the ECS agent needs, for one cluster, and nothing that a replica could use."""

from __future__ import annotations

import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children
from modelinfra.platforms.iam import document

# Without a condition on the account: EC2 sends none when an instance takes its role (IAM user guide, confused deputy).
_TRUST = document({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})


def register_node_profile(
    children: Children, cluster: aws.ecs.Cluster, *, managed: bool = False
) -> tuple[aws.iam.InstanceProfile, aws.iam.Role]:
    """The profile with which nodes start, and its role. It waits for the role's rights: an agent without them does not join.

    managed: whether they are ECS Managed Instances, whose agent writes its system's log to ECS.
    """
    role = aws.iam.Role(children.named("node", "role"), assume_role_policy=_TRUST, opts=children.opts("node-role"))
    policy = aws.iam.RolePolicy(
        children.named("node", "role policy"),
        role=role.name,
        policy=Output.all(cluster.arn, cluster.name).apply(lambda found: agent_policy(*found, managed=managed)),
        opts=children.opts("node-policy"),
    )
    profile = aws.iam.InstanceProfile(
        children.named("node", "instance profile"),
        role=role.name,
        opts=children.opts("node-profile", depends_on=[policy]),
    )
    return profile, role


def agent_policy(cluster_arn: str, cluster_name: str, *, managed: bool = False) -> str:
    """What AmazonEC2ContainerServiceforEC2Role has, for this cluster alone, and without images and logs: these are pulled and written
    with the execution role of each endpoint. With ecs:PutSystemLogEvents it covers AmazonECSInstanceRolePolicyForManagedInstances, too
    (terraform-aws-modules/ecs, modules/cluster, writes that one out).
    """
    instances = f"{cluster_arn.rpartition(':')[0]}:container-instance/{cluster_name}/*"
    return document(
        # It knows no resource (service authorization reference, Amazon ECS).
        {"Effect": "Allow", "Action": "ecs:DiscoverPollEndpoint", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": [
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ],
            "Resource": cluster_arn,
        },
        {
            "Effect": "Allow",
            "Action": [
                "ecs:Poll",
                *(["ecs:PutSystemLogEvents"] if managed else []),
                "ecs:StartTelemetrySession",
                "ecs:UpdateContainerInstancesState",
            ],
            "Resource": instances,
        },
    )
