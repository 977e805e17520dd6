"""A fleet on ECS Anywhere: a cluster that devices join, and for each ring what lets devices in and what they run."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children
from modelinfra.platforms.ecs.log_group import register_log_group
from modelinfra.platforms.edge.alarms import register_alarms
from modelinfra.platforms.edge.anywhere.ring import Shared, register_ring
from modelinfra.platforms.edge.anywhere.roles import register_execution_role
from modelinfra.platforms.edge.anywhere.task import Routed
from modelinfra.platforms.edge.anywhere.watch import register_watch
from modelinfra.platforms.edge.base import FleetOutputs, FleetRequest
from modelinfra.platforms.edge.dashboard import register_dashboard
from modelinfra.platforms.edge.router import register_samples


def register_fleet(request: FleetRequest) -> FleetOutputs:
    """Register everything but the images."""
    children, plan, production = request.children, request.plan, request.production
    cluster_arn, cluster_name = _cluster(children, plan.options, production)
    log_group = register_log_group(children, plan.options.logs)
    execution, pulls = register_execution_role(children, plan.options, log_group.arn, request.repositories)
    routed: Routed | None = None
    if request.door is not None:
        assert request.router_image is not None
        routed = Routed(request.router_image, request.door, register_samples(children, plan, production=production))
    shared = Shared(cluster_arn, log_group, execution.arn, dict(request.images), pulls, routed)
    rings = {ring.name: register_ring(children, plan, ring, shared, production=production) for ring in plan.rings}
    if plan.options.alarm_topic_arn is not None:
        services = {key: ring.service for key, ring in rings.items()}
        register_watch(children, plan.options.alarm_topic_arn, cluster_arn, services)
    region = cluster_arn.apply(lambda arn: arn.split(":")[3])
    signals = register_dashboard(children, plan, log_group.name, region, register_alarms(children, plan))
    secrets = {key: ring.activation_secret_arn for key, ring in rings.items() if ring.activation_secret_arn}
    shown: dict[str, Output[Any]] = {
        "cluster_name": cluster_name,
        "cluster_arn": cluster_arn,
        "service_names": Output.all(**{key: ring.service.name for key, ring in rings.items()}),
        "activation_secret_arns": Output.all(**secrets).apply(lambda found: dict(found or {})),
        "task_role_arns": Output.all(**{key: ring.task_role.arn for key, ring in rings.items()}),
        "log_group": log_group.name,
    }
    return FleetOutputs(
        shown,
        {
            "region": region,
            "cluster": cluster_name,
            "secrets": shown["activation_secret_arns"],
            "services": shown["service_names"],
            "roles": Output.all(**{key: ring.device_role.name for key, ring in rings.items()}),
            "expires": plan.options.activation.expires if plan.options.activation else "",
        },
        signals,
    )


def _cluster(children: Children, options: Any, production: bool) -> tuple[Output[str], Output[str]]:
    """Its ARN and its name."""
    if options.cluster_arn is not None:
        arn = Output.from_input(options.cluster_arn)
        return arn, arn.apply(lambda found: found.rpartition("/")[2])
    cluster = aws.ecs.Cluster(
        children.named("cluster", "cluster"),
        # Container Insights are asked of each task of each device, and billed by metric.
        settings=[{"name": "containerInsights", "value": "disabled"}],
        opts=children.opts("cluster", protect=production or None),
    )
    return cluster.arn, cluster.name
