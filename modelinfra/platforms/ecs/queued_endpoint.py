"""Registers an asynchronous endpoint on ECS: a queue instead of a load balancer, and workers that come when there is work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from modelinfra.platforms.base import EndpointOutputs, EndpointRequest
from modelinfra.platforms.ecs.collector import register_collector
from modelinfra.platforms.ecs.gpu_signals import gpus_of, register_gpu_alarm
from modelinfra.platforms.ecs.hops import register_hops
from modelinfra.platforms.ecs.log_group import register_log_group
from modelinfra.platforms.ecs.objectives import register_deployment_watch
from modelinfra.platforms.ecs.planner import EcsEndpointPlan
from modelinfra.platforms.ecs.queue import register_queue
from modelinfra.platforms.ecs.queue_alarms import register_queue_alarms, register_queue_watch
from modelinfra.platforms.ecs.queue_dashboard import register_queue_dashboard
from modelinfra.platforms.ecs.queue_scaling import register_queue_scaling
from modelinfra.platforms.ecs.roles import register_roles
from modelinfra.platforms.ecs.service import register_service
from modelinfra.platforms.ecs.shifting import Shifting
from modelinfra.platforms.ecs.task import register_task_definition
from modelinfra.platforms.ecs.worker import client_policy

if TYPE_CHECKING:
    from modelinfra.platforms.ecs.cluster import EcsCluster


def register_queued_endpoint(cluster: EcsCluster, plan: EcsEndpointPlan, request: EndpointRequest) -> EndpointOutputs:
    """Everything of one asynchronous endpoint: queue, bucket, log, roles, security group, task, alarms, service, scaling."""
    sizing, placement = plan.own.sizing, plan.own.placement
    queue = register_queue(request, longest_request=sizing.longest_request, production=cluster.production)
    log_group = register_log_group(request.children, request.options.logs)
    roles = register_roles(
        request,
        log_group.arn,
        trust=cluster.task_trust,
        exec_enabled=cluster.options.exec,
        cluster_arn=cluster.arn,
        queue=queue,
    )
    hops = register_hops(request, cluster.network, None)
    collector = register_collector(request, roles.task)
    if collector is not None:
        roles = roles.with_rights(collector.policies)
    task = register_task_definition(
        request,
        sizing,
        log_group,
        roles,
        placement=placement,
        cluster_arn=cluster.arn,
        collector=collector,
        queue=queue,
    )
    alarms = register_queue_alarms(request, queue, sizing)
    service = register_service(
        request,
        cluster,
        sizing,
        placement=placement,
        task=task,
        hops=hops,
        traffic=None,
        alarms=alarms,
        roles=roles,
        shifting=Shifting(needs=queue.needs),
    )
    gpus = gpus_of(cluster, placement)
    told = [*alarms, *register_queue_watch(request, queue), *register_gpu_alarm(request, cluster, service, gpus)]
    register_deployment_watch(request, service)
    register_queue_scaling(request, cluster.cluster_name, service, queue, sizing, plan.own.scaling)
    # Whoever waits for the address waits for an endpoint that works the queue off.
    queue_url = Output.all(queue.queue.url, service.id, *(each.id for each in queue.needs)).apply(
        lambda found: found[0]
    )
    return EndpointOutputs(
        log_group=log_group.name,
        task_role_arn=Output.from_input(roles.task_arn),
        security_group_id=Output.from_input(hops.group_id),
        signals=register_queue_dashboard(request, cluster, queue, service, told, gpus),
        queue_url=queue_url,
        dead_letter_queue_url=queue.dead.url,
        store_uri=queue.store_uri,
        client_policy=client_policy(queue),
    )
