"""`GpuNodePool`: nodes with accelerators of an ECS cluster, and how ECS adds and removes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra import naming
from modelinfra.children import Adjustments, Children
from modelinfra.platforms.base import NetworkReference
from modelinfra.platforms.ecs.gpu_exporter import ATTRIBUTE, DOCKER, attribute_of, register_exporter
from modelinfra.platforms.ecs.managed_instances import register_managed_instances
from modelinfra.platforms.ecs.node_pools import PlannedPool
from modelinfra.platforms.ecs.node_role import register_node_profile
from modelinfra.platforms.ecs.ways_out import ways_out

_ROOT_DEVICE = "/dev/xvda"  # of Amazon Linux 2023 (aws/amazon-ecs-ami)

# Instances with accelerators take minutes to end, the large ones ten (EC2's own account of bare metal and P instances is longer still).
_DELETE_MINUTES = 30


class GpuNodePool(pulumi.ComponentResource):
    """Nodes with accelerators that ECS starts when replicas need them. `EcsCluster` makes it, from `gpu_node_pools`.

    The cluster makes its pools, and is not joined by them later, since a cluster has one list of capacity providers with one writer
    (`ClusterCapacityProviders`): a pool that added itself would be a second one. That also gives the order in which things go, and in
    which nothing waits for what waits for it: the service, then the list without the capacity provider (AWS deletes none that is in
    it), the capacity provider, the group with its instances (by force: they are protected from everything else), the cluster (AWS
    deletes none with instances).
    """

    name: str
    """The component's name, by which its metrics are told."""

    capacity_provider_name: Output[str]
    """Name of the capacity provider that services take."""

    capacity_provider_names: Sequence[Output[str]]
    """Names of all that are in the cluster's list: with managed instances there is one of each kind of capacity."""

    auto_scaling_group_name: Output[str | None]
    """Name of the auto scaling group; None where ECS starts the nodes itself."""

    node_role_name: Output[str]
    """Name of the role of the nodes; what replicas may do is not in it."""

    security_group_id: Output[str]
    """Id of the nodes' security group; replicas have their own."""

    def __init__(
        self,
        name: str,
        plan: PlannedPool,
        image: str | None,
        *,
        cluster: aws.ecs.Cluster,
        network: NetworkReference,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("modelinfra:index:GpuNodePool", name, None, opts)
        self.name = name
        children = Children(self, name, Adjustments.of(plan.options))
        profile, role = register_node_profile(children, cluster, managed=plan.managed)
        group_id, rules = _security_group(children, network)
        if plan.managed:
            on_demand, spare = register_managed_instances(
                children,
                plan,
                cluster=cluster,
                network=network,
                node_role=role,
                profile=profile,
                group_id=group_id,
                rules=rules,
            )
            self.capacity_provider_name = (spare if plan.options.spot else on_demand).name
            self.capacity_provider_names = [on_demand.name, spare.name]
            self.auto_scaling_group_name = Output.from_input(None)
        else:
            assert image is not None, "looked up before anything is registered"
            template = _launch_template(
                children, plan, image, cluster_name=cluster.name, profile_arn=profile.arn, security_group_id=group_id
            )
            group = _auto_scaling_group(children, plan, template, network, rules)
            self.capacity_provider_name = _capacity_provider(children, group).name
            self.capacity_provider_names = [self.capacity_provider_name]
            self.auto_scaling_group_name = group.name
            if plan.options.gpu_metrics is not None:
                register_exporter(children, plan.options.gpu_metrics, cluster=cluster, nodes=[group])
        self.node_role_name = role.name
        self.security_group_id = group_id
        children.tell_unmet()
        self.register_outputs(
            {
                "capacity_provider_name": self.capacity_provider_name,
                "auto_scaling_group_name": self.auto_scaling_group_name,
                "node_role_name": self.node_role_name,
                "security_group_id": self.security_group_id,
            }
        )


def _security_group(children: Children, network: NetworkReference) -> tuple[Output[str], list[pulumi.Resource]]:
    """Nothing comes in: replicas have network interfaces and security groups of their own."""
    group = aws.ec2.SecurityGroup(
        children.named("nodes", "security group"),
        vpc_id=network.vpc_id,
        description=f"Nodes of pool {children.name}",
        opts=children.opts("node-security-group"),
    )
    wanted = "ECS, images, logs"
    return group.id, list(ways_out(children, network, group.id, of="nodes", role="node-egress", wanted=wanted))


def _launch_template(
    children: Children,
    plan: PlannedPool,
    image: str,
    *,
    cluster_name: Output[str],
    profile_arn: Output[str],
    security_group_id: Output[str],
) -> aws.ec2.LaunchTemplate:
    tags = {**children.adjustments.tags, "Name": children.name}
    return aws.ec2.LaunchTemplate(
        children.named("node", "launch template"),
        image_id=image,
        instance_type=plan.types[0].name,
        update_default_version=True,
        iam_instance_profile={"arn": profile_arn},
        vpc_security_group_ids=[security_group_id],
        # A token, and no further than the node itself.
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
        block_device_mappings=[
            {
                "device_name": _ROOT_DEVICE,
                "ebs": {
                    "volume_type": "gp3",
                    "volume_size": -(-plan.options.disk // 2**30),
                    "encrypted": "true",
                    "delete_on_termination": "true",
                },
            }
        ],
        tag_specifications=[
            {"resource_type": each, "tags": tags} for each in ("instance", "volume", "network-interface")
        ],
        user_data=cluster_name.apply(lambda name: _user_data(name, plan, children.name)),
        opts=children.opts("launch-template"),
    )


def _user_data(cluster: str, plan: PlannedPool, pool: str) -> str:
    """Configuration of the ECS agent (aws/amazon-ecs-agent, README), and of Docker where an exporter is to see the GPUs."""
    settings = {
        "ECS_CLUSTER": cluster,
        # Replicas take their rights from their own role, never the node's.
        "ECS_AWSVPC_BLOCK_IMDS": "true",
        "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE": "true",
        "ECS_ENABLE_SPOT_INSTANCE_DRAINING": "true",
        # An image is named by its digest: one that is there is the right one.
        "ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached",
        # Models that replicas fetched go with them, not three hours later.
        "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION": "10m",
    }
    if plan.accelerator.vendor == "NVIDIA":
        settings["ECS_ENABLE_GPU_SUPPORT"] = "true"
    if plan.options.warm_nodes:
        # A stopped node must not take replicas before it is started for good.
        settings["ECS_WARM_POOLS_CHECK"] = "true"
    docker: Sequence[str] = ()
    if plan.options.gpu_metrics is not None:
        settings["ECS_INSTANCE_ATTRIBUTES"] = json.dumps({ATTRIBUTE: attribute_of(pool)}, separators=(",", ":"))
        docker = DOCKER
    lines = [f"{key}={value}" for key, value in sorted(settings.items())]
    script = "\n".join(["#!/bin/bash", "cat >> /etc/ecs/ecs.config <<'EOF'", *lines, "EOF", *docker, ""])
    return base64.b64encode(script.encode()).decode()


def _auto_scaling_group(
    children: Children,
    plan: PlannedPool,
    template: aws.ec2.LaunchTemplate,
    network: NetworkReference,
    rules: list[pulumi.Resource],
) -> aws.autoscaling.Group:
    options = plan.options
    version = template.latest_version.apply(str)
    warm = options.warm_nodes
    return aws.autoscaling.Group(
        children.named("nodes", "auto scaling group"),
        min_size=options.min_nodes,
        max_size=options.max_nodes,
        vpc_zone_identifiers=list(network.task_subnet_ids),
        # A warm pool goes with one instance type alone (Auto Scaling API, PutWarmPool).
        launch_template={"id": template.id, "version": version} if warm else None,
        warm_pool={"min_size": warm, "max_group_prepared_capacity": warm, "pool_state": "Stopped"} if warm else None,
        force_delete_warm_pool=True if warm else None,
        mixed_instances_policy=None if warm else _mixed(plan, template.id, version),
        health_check_type="EC2",
        # ECS lifts it from nodes without replicas, and from no others (managed termination protection).
        protect_from_scale_in=True,
        # With protected instances any other way of deleting waits for somebody to take the protection off.
        force_delete=True,
        # An empty pool is one that works; the service waits for its replicas itself.
        wait_for_capacity_timeout="0",
        tags=[
            # ECS would write it itself, and the next preview would take it away.
            {"key": "AmazonECSManaged", "value": "true", "propagate_at_launch": True},
            {"key": "Name", "value": children.name, "propagate_at_launch": True},
        ],
        opts=children.opts(
            "auto-scaling-group",
            # ECS writes it.
            ignore_changes=["desiredCapacity"],
            # A node that cannot reach ECS never joins.
            depends_on=[*rules, *network.ways_out],
            custom_timeouts=pulumi.CustomTimeouts(delete=f"{_DELETE_MINUTES}m"),
        ),
    )


def _mixed(
    plan: PlannedPool, template_id: Output[str], version: Output[str]
) -> aws.autoscaling.GroupMixedInstancesPolicyArgsDict:
    options = plan.options
    return {
        "instances_distribution": {
            "on_demand_allocation_strategy": "prioritized",
            "on_demand_base_capacity": options.on_demand_base or 0,
            "on_demand_percentage_above_base_capacity": 0 if options.spot else 100,
            "spot_allocation_strategy": "price-capacity-optimized",
        },
        "launch_template": {
            "launch_template_specification": {"launch_template_id": template_id, "version": version},
            "overrides": [{"instance_type": each.name} for each in plan.types],
        },
    }


def _capacity_provider(children: Children, group: aws.autoscaling.Group) -> aws.ecs.CapacityProvider:
    """No property is an option: most edits would replace it, and AWS takes one capacity provider a group."""
    return aws.ecs.CapacityProvider(
        naming.capacity_provider(children.name),
        auto_scaling_group_provider={
            "auto_scaling_group_arn": group.arn,
            "managed_draining": "ENABLED",
            "managed_termination_protection": "ENABLED",
            "managed_scaling": {"status": "ENABLED", "target_capacity": 100},
        },
        opts=children.opts("capacity-provider"),
    )
