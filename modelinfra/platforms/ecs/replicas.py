"""The replicas of one revision: what they run, the service that keeps them running, what watches and what scales them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.alarms import register_alarms
from modelinfra.platforms.ecs.capture import Capture
from modelinfra.platforms.ecs.checks import register_checks
from modelinfra.platforms.ecs.collector import register_collector
from modelinfra.platforms.ecs.gpu_signals import gpus_of, register_gpu_alarm
from modelinfra.platforms.ecs.hops import Hops
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.log_group import LogGroup
from modelinfra.platforms.ecs.objectives import register_objectives
from modelinfra.platforms.ecs.planner import EcsReplicas
from modelinfra.platforms.ecs.roles import TaskRoles
from modelinfra.platforms.ecs.scaling import register_scaling
from modelinfra.platforms.ecs.service import register_service
from modelinfra.platforms.ecs.shifting import register_shifting
from modelinfra.platforms.ecs.task import register_task_definition
from modelinfra.platforms.ecs.traffic import Reached, Traffic

if TYPE_CHECKING:
    from modelinfra.platforms.ecs.cluster import EcsCluster


@dataclass(frozen=True)
class Ground:
    """What the revisions of an endpoint share. prefix: of their paths at the load balancer."""

    cluster: EcsCluster
    balancer: LoadBalancerReference
    log_group: LogGroup
    roles: TaskRoles
    hops: Hops
    prefix: str
    capture: Capture | None


def register_replicas(request: EndpointRequest, ground: Ground, replicas: EcsReplicas, traffic: Traffic) -> Reached:
    """Task definition, alarms, service, objectives and scaling of one revision."""
    cluster, balancer, sizing = ground.cluster, ground.balancer, replicas.sizing
    collector = register_collector(request, ground.roles.task)
    roles = ground.roles.with_rights(collector.policies if collector is not None else ())
    task = register_task_definition(
        request,
        sizing,
        ground.log_group,
        roles,
        placement=replicas.placement,
        cluster_arn=cluster.arn,
        collector=collector,
        capture=ground.capture,
    )
    alarms = register_alarms(request, balancer, traffic, sizing)
    checks = register_checks(request, cluster.network, balancer, ground.prefix)
    shifting = register_shifting(request, traffic, checks)
    service = register_service(
        request,
        cluster,
        sizing,
        placement=replicas.placement,
        task=task,
        hops=ground.hops,
        traffic=traffic,
        alarms=alarms,
        roles=roles,
        shifting=shifting,
        checked_in=checks.log_group if checks is not None else None,
    )
    gpus = gpus_of(cluster, replicas.placement)
    told = [
        *alarms,
        *register_objectives(request, balancer, traffic, service),
        *register_gpu_alarm(request, cluster, service, gpus),
    ]
    register_scaling(request, cluster.cluster_name, service, balancer, traffic, sizing, replicas.scaling)
    return Reached(traffic, service, told, collector.metrics if collector is not None else (), gpus)
