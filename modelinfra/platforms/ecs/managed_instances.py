"""Nodes that ECS starts, patches and ends itself (ECS Managed Instances): their capacity providers, and the role with which it does so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra import naming
from modelinfra.catalog.managed_instances import NO_PRICE_PROTECTION
from modelinfra.children import Children
from modelinfra.platforms.base import NetworkReference
from modelinfra.platforms.ecs.node_pools import PlannedPool
from modelinfra.platforms.iam import document
from modelinfra.platforms.trusted import trusted

# Amazon ECS developer guide, "Amazon ECS infrastructure IAM role": AWS's policy lets ECS give instances such roles alone whose names begin
# with `ecsInstanceRole`, so that the right for the pool's own role is added.
_POLICY = "AmazonECSInfrastructureRolePolicyForManagedInstances"

# What PutClusterCapacityProviders says, as the issues quote it; twenty seconds are not always enough (terraform-aws-modules/ecs#425).
_NOT_ACTIVE = "is not in an ACTIVE state"
_SECONDS = 10
_TRIES = 30

# Two hyphens: with one it could be the capacity provider of a pool of that name.
_KINDS = {"ON_DEMAND": "", "SPOT": "--spot"}
"""Kind of capacity -> what the name of its provider ends with."""


def register_managed_instances(
    children: Children,
    plan: PlannedPool,
    *,
    cluster: aws.ecs.Cluster,
    network: NetworkReference,
    node_role: aws.iam.Role,
    profile: aws.iam.InstanceProfile,
    group_id: Output[str],
    rules: Sequence[pulumi.Resource],
) -> tuple[aws.ecs.CapacityProvider, aws.ecs.CapacityProvider]:
    """A capacity provider on demand, and one of spare capacity.

    Both stand always, and cost nothing while no service names them. The kind of a capacity provider cannot be changed, and one that is in
    use cannot leave the cluster's list: a `spot` that made another provider would wait for the service that waits for it.
    """
    role, rights = _infrastructure(children, node_role)
    template: aws.ecs.CapacityProviderManagedInstancesProviderInstanceLaunchTemplateArgsDict = {
        "ec2_instance_profile_arn": profile.arn,
        "network_configuration": {"subnets": list(network.task_subnet_ids), "security_groups": [group_id]},
        "storage_configuration": {"storage_size_gib": -(-plan.options.disk // 2**30)},
        "instance_requirements": {
            "vcpu_count": {"min": min(each.vcpus for each in plan.types)},
            "memory_mib": {"min": min(each.memory_mib for each in plan.types)},
            "allowed_instance_types": [each.name for each in plan.types],
            # Else types that cost a fifth more than the cheapest are left out without a word.
            "on_demand_max_price_percentage_over_lowest_price": NO_PRICE_PROTECTION,
            "spot_max_price_percentage_over_lowest_price": NO_PRICE_PROTECTION,
        },
    }

    def provider(kind: str) -> aws.ecs.CapacityProvider:
        return aws.ecs.CapacityProvider(
            naming.capacity_provider(f"{children.name}{_KINDS[kind]}"),
            cluster=cluster.name,
            managed_instances_provider={
                "infrastructure_role_arn": role.arn,
                "instance_launch_template": {**template, "capacity_option_type": kind},
                # A node whose GPU or agent fails goes, and another one comes.
                "auto_repair_configuration": {"actions_status": "ENABLED"},
                "propagate_tags": "CAPACITY_PROVIDER",
            },
            opts=children.opts(
                "capacity-provider",
                # ECS starts and ends nodes with the role, and the agents on them talk to ECS until the last one is gone.
                depends_on=[*rights, *rules, *network.ways_out],
            ),
        )

    return provider("ON_DEMAND"), provider("SPOT")


def retried_until_active(name: str) -> pulumi.ResourceHookBinding:
    """For the cluster's list of capacity providers: ECS answers that one is there while it is still being created, takes it into no list
    until it is active, and the AWS provider does not wait (pulumi/pulumi-aws#6061, hashicorp/terraform-provider-aws#45693).

    name: of the hook, unique in a program.
    """
    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(name, _once_more)])


async def _once_more(failed: pulumi.ErrorHookArgs) -> bool:
    if len(failed.errors) > _TRIES or _NOT_ACTIVE not in failed.errors[0]:
        return False
    await asyncio.sleep(_SECONDS)
    return True


def _infrastructure(children: Children, node_role: aws.iam.Role) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    role = aws.iam.Role(
        children.named("infrastructure", "role"),
        assume_role_policy=trusted(children, "ecs.amazonaws.com"),
        opts=children.opts("infrastructure-role"),
    )
    policy = aws.iam.RolePolicy(
        children.named("infrastructure", "role policy"),
        role=role.name,
        policy=node_role.arn.apply(_may_pass),
        opts=children.opts("infrastructure-policy"),
    )
    partition = aws.get_partition_output(opts=children.invoke).partition
    attached = aws.iam.RolePolicyAttachment(
        children.named("infrastructure"),
        role=role.name,
        policy_arn=Output.concat("arn:", partition, ":iam::aws:policy/", _POLICY),
        opts=children.opts("infrastructure-attachment"),
    )
    return role, [policy, attached]


def _may_pass(node_role_arn: str) -> str:
    return document(
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": node_role_arn,
            # ec2.amazonaws.com, and in China ec2.amazonaws.com.cn: as AWS's own policy says it.
            "Condition": {"StringLike": {"iam:PassedToService": "ec2.*"}},
        }
    )
