"""NVIDIA's DCGM exporter on each node of a pool, and a collector beside it that passes on what it tells.

ECS gives a GPU to one container, and the exporter must see all of them and reserve none. So it asks for no GPU, and nodes have NVIDIA's
runtime as Docker's default (ECS developer guide, "Amazon ECS task definitions for GPU workloads", Share GPUs): that one shows a container
the GPUs that `NVIDIA_VISIBLE_DEVICES` names. A container without the variable sees none, and where GPUs are reserved the agent sets it.

Nodes that started before carry neither the runtime nor the attribute by which the service finds its nodes: it leaves them alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra import naming
from modelinfra.catalog.gpu_telemetry import EXPORTER_CPU, EXPORTER_IMAGE, EXPORTER_MEMORY_MIB, EXPORTER_PORT, NAMES
from modelinfra.children import Children
from modelinfra.options.gpu_metrics import DEFAULT_INTERVAL
from modelinfra.options.problems import Problem
from modelinfra.options.sources import repository_arn_of
from modelinfra.platforms.collector_config import Scraped, Source, collector_config
from modelinfra.platforms.ecs import collector, fetch
from modelinfra.platforms.ecs.containers import logged
from modelinfra.platforms.iam import document
from modelinfra.platforms.trusted import trusted

ATTRIBUTE: Final = "modelinfra.gpu-metrics"
"""Of a container instance: the pool whose exporter runs there."""

_EXPORTER: Final = "exporter"

# What is written here has become a metric within minutes; CloudWatch keeps that for 15 months by itself.
_RETENTION_DAYS: Final = 1

ROOM: Final = (EXPORTER_CPU + collector.CPU_SHARES, EXPORTER_MEMORY_MIB + collector.MEMORY_MIB)
"""CPU units and MiB that it takes of each node."""

DOCKER: Final = (
    "cat > /etc/sysconfig/docker <<'EOF'",
    'OPTIONS="--default-ulimit nofile=32768:65536 --default-runtime nvidia"',
    "EOF",
    "systemctl restart docker",
)
"""Lines of a node's user data that make NVIDIA's runtime the default one, as AWS writes them."""


def attribute_of(pool: str) -> str:
    """The attribute's value for a pool, by the component's name."""
    return naming.shortened(pool, naming.LIMITS["attribute"])


def source_of(pool: str) -> Source:
    """How the metrics of a pool are called in CloudWatch. pool: the component's name."""
    return Source(f"modelinfra/{pulumi.get_project()}", pulumi.get_stack(), pool, "Pool")


def unreachable(metrics: Any, *, internet: bool) -> Iterator[Problem]:
    """What of it lies where a network without a way to the internet does not lead. metrics: what the pool says of them."""
    if internet:
        return
    for key, image in (("exporter_image", EXPORTER_IMAGE), ("collector_image", collector.IMAGE)):
        if getattr(metrics, key) is None:
            remedy = "Copy it to ECR and name it there by digest, or let the network have NAT."
            reason = f"{image} is on the internet, to which the network has no way"
            yield Problem(f"gpu_metrics.{key}", reason, remedy)


def register_exporter(
    children: Children, metrics: Any, *, cluster: aws.ecs.Cluster, nodes: Sequence[pulumi.Resource]
) -> None:
    """A service that runs once on each node of the pool. nodes: what must outlive it."""
    group = aws.cloudwatch.LogGroup(
        children.named("gpu-metrics", "log group"),
        retention_in_days=_RETENTION_DAYS,
        opts=children.opts("gpu-metrics-log-group"),
    )
    images: list[Input[str]] = [metrics.exporter_image or EXPORTER_IMAGE, metrics.collector_image or collector.IMAGE]
    execution, task_role, policies = _roles(children, metrics, group, images)
    region = cluster.arn.apply(lambda arn: arn.split(":")[3])
    task = aws.ecs.TaskDefinition(
        children.named("gpu-metrics", "task definition"),
        family=children.named("gpu-metrics", "task definition"),
        requires_compatibilities=["EC2"],
        # Neither a network interface of its own, of which small nodes have few, nor the node's, behind which its role can be asked for.
        network_mode="bridge",
        execution_role_arn=execution.arn,
        task_role_arn=task_role.arn,
        container_definitions=Output.all(
            images=images, group=group.name, region=region, workspace=metrics.workspace_arn
        ).apply(
            lambda found: json.dumps(_containers(source_of(children.name), metrics.interval or DEFAULT_INTERVAL, found))
        ),
        opts=children.opts("gpu-metrics-task"),
    )
    aws.ecs.Service(
        children.named("gpu-metrics", "service"),
        cluster=cluster.arn,
        task_definition=task.arn,
        launch_type="EC2",
        scheduling_strategy="DAEMON",
        placement_constraints=[
            {"type": "memberOf", "expression": f"attribute:{ATTRIBUTE} == {attribute_of(children.name)}"}
        ],
        availability_zone_rebalancing="DISABLED",
        enable_ecs_managed_tags=True,
        propagate_tags="SERVICE",
        opts=children.opts("gpu-metrics-service", depends_on=[*policies, *nodes]),
    )


def _containers(source: Source, interval: int, found: dict[str, Any]) -> list[dict[str, Any]]:
    scraped = Scraped(EXPORTER_PORT, "/metrics", interval, NAMES, found["group"], found["workspace"], _EXPORTER)

    return [
        {
            "name": _EXPORTER,
            "image": found["images"][0],
            "essential": True,
            "cpu": EXPORTER_CPU,
            "memoryReservation": EXPORTER_MEMORY_MIB,
            "environment": [
                {"name": "NVIDIA_DRIVER_CAPABILITIES", "value": "compute,utility"},
                {"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"},
            ],
            "logConfiguration": logged(found["group"], found["region"], _EXPORTER),
        },
        {
            "name": collector.CONTAINER_NAME,
            "image": found["images"][1],
            "essential": True,
            "cpu": collector.CPU_SHARES,
            "memory": collector.MEMORY_MIB,
            "links": [_EXPORTER],
            "environment": [
                {
                    "name": "AOT_CONFIG_CONTENT",
                    "value": collector_config(source, found["region"], scraped, None),
                }
            ],
            "logConfiguration": logged(found["group"], found["region"], collector.CONTAINER_NAME),
        },
    ]


def _roles(
    children: Children, metrics: Any, group: aws.cloudwatch.LogGroup, images: Sequence[Input[str]]
) -> tuple[aws.iam.Role, aws.iam.Role, list[pulumi.Resource]]:
    tasks = trusted(children, "ecs-tasks.amazonaws.com")
    execution = aws.iam.Role(
        children.named("gpu-metrics-execution", "role"),
        assume_role_policy=tasks,
        opts=children.opts("gpu-metrics-execution-role"),
    )
    may_start = aws.iam.RolePolicy(
        children.named("gpu-metrics-execution", "role policy"),
        role=execution.name,
        policy=Output.all(group=group.arn, images=images).apply(lambda found: _may_start(**found)),
        opts=children.opts("gpu-metrics-execution-policy"),
    )
    role = aws.iam.Role(
        children.named("gpu-metrics", "role"), assume_role_policy=tasks, opts=children.opts("gpu-metrics-role")
    )
    may_pass_on = aws.iam.RolePolicy(
        children.named("gpu-metrics", "role policy"),
        role=role.name,
        policy=Output.all(group=group.arn, workspace=metrics.workspace_arn).apply(
            lambda found: collector.may_pass_on(**found, traced=False)
        ),
        opts=children.opts("gpu-metrics-policy"),
    )
    return execution, role, [may_start, may_pass_on]


def _may_start(group: str, images: Sequence[str]) -> str:
    repositories = [arn for image in images if (arn := repository_arn_of(image))]
    written = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{group}:*"}
    return document(written, *(fetch.pull_statements(repositories) if repositories else ()))
