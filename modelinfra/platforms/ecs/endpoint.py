"""Registers an endpoint on ECS, below its component."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pulumi
from pulumi import Output

from modelinfra.options.exposure import exposed
from modelinfra.platforms.base import EndpointOutputs, EndpointRequest
from modelinfra.platforms.ecs.alarms import register_alarms
from modelinfra.platforms.ecs.certificate import certificate_arn, register_domain
from modelinfra.platforms.ecs.collector import register_collector
from modelinfra.platforms.ecs.dashboard import register_dashboard
from modelinfra.platforms.ecs.load_balancer import ApplicationLoadBalancer, LoadBalancerReference
from modelinfra.platforms.ecs.objectives import register_objectives
from modelinfra.platforms.ecs.planner import EcsEndpointPlan
from modelinfra.platforms.ecs.roles import register_roles
from modelinfra.platforms.ecs.scaling import register_scaling
from modelinfra.platforms.ecs.service import register_service
from modelinfra.platforms.ecs.shifting import register_shifting
from modelinfra.platforms.ecs.task import register_log_group, register_task_definition
from modelinfra.platforms.ecs.traffic import register_hops, register_traffic

if TYPE_CHECKING:
    from modelinfra.platforms.ecs.cluster import EcsCluster

# An application load balancer's own default.
_LEAST_IDLE_SECONDS = 60


def register_endpoint(cluster: EcsCluster, plan: EcsEndpointPlan, request: EndpointRequest) -> EndpointOutputs:
    """Everything of one endpoint: log, roles, security group, traffic, task, alarms, service, scaling."""
    sizing, network = plan.sizing, cluster.network
    balancer = cluster.shared_load_balancer if plan.shared else _own_load_balancer(cluster, plan, request)
    assert balancer is not None, "the planner refuses a shared load balancer that is not there"
    log_group = register_log_group(request)
    roles = register_roles(request, log_group.arn, trust=cluster.task_trust, exec_enabled=cluster.options.exec)
    collector = register_collector(request, roles.task)
    if collector is not None:
        roles = replace(roles, policies=[*roles.policies, *collector.policies])
    hops = register_hops(request, network, balancer)
    traffic = register_traffic(request, network, balancer, plan, production=cluster.production)
    placement = plan.placement
    task = register_task_definition(
        request, sizing, log_group, roles, placement=placement, cluster_arn=cluster.arn, collector=collector
    )
    alarms = register_alarms(request, balancer, traffic, sizing)
    shifting = register_shifting(request, traffic)
    service = register_service(
        request,
        cluster,
        sizing,
        placement=placement,
        task=task,
        hops=hops,
        traffic=traffic,
        alarms=alarms,
        roles=roles,
        shifting=shifting,
    )
    told = [*alarms, *register_objectives(request, balancer, traffic, service)]
    signals = register_dashboard(
        request, cluster, balancer, traffic, service, told, collector.metrics if collector else ()
    )
    register_domain(request.children, balancer, service, request.options.exposure)
    register_scaling(request, cluster.cluster_name, service, balancer, traffic.target_group, sizing)
    # The address is given out when the service is steady: whoever waits for it, waits for an endpoint that answers.
    prefix = plan.path if plan.shared else ""
    url = Output.all(balancer.url, service.id).apply(lambda found: f"{found[0]}{prefix}")
    return EndpointOutputs(
        url=url,
        predict_url=url.apply(lambda base: base + request.served.predict_path),
        health_url=url.apply(lambda base: base + request.served.health_path),
        log_group=log_group.name,
        task_role_arn=Output.from_input(roles.task_arn),
        security_group_id=Output.from_input(hops.group_id),
        load_balancer_dns_name=balancer.dns_name,
        signals=signals,
    )


def _own_load_balancer(cluster: EcsCluster, plan: EcsEndpointPlan, request: EndpointRequest) -> LoadBalancerReference:
    children, exposure = request.children, request.options.exposure
    made = ApplicationLoadBalancer(
        # One that faces the internet is another one, beside which the first stays until the service has moved.
        children.named("public" if exposure.public else "own"),
        cluster.network,
        idle_timeout_seconds=max(_LEAST_IDLE_SECONDS, plan.sizing.longest_request),
        production=cluster.production,
        exposure=exposure if exposed(exposure) else None,
        certificate_arn=certificate_arn(children, exposure),
        adjustments=children.adjustments,
        opts=pulumi.ResourceOptions(parent=children.component),
    )
    return made.reference
