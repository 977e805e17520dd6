"""Registers an endpoint on ECS, below its component."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import Output

from modelinfra.options.asynchronous import is_asynchronous
from modelinfra.options.exposure import exposed
from modelinfra.options.revisions import STABLE
from modelinfra.options.tenants import api_keys as client_keys
from modelinfra.platforms.base import EndpointOutputs, EndpointRequest
from modelinfra.platforms.ecs.api_keys import ApiKey, register_api_keys
from modelinfra.platforms.ecs.capture import register_capture
from modelinfra.platforms.ecs.certificate import certificate_arn, register_domain
from modelinfra.platforms.ecs.dashboard import register_dashboard
from modelinfra.platforms.ecs.doors import register_doors
from modelinfra.platforms.ecs.hops import register_hops
from modelinfra.platforms.ecs.load_balancer import ApplicationLoadBalancer, LoadBalancerReference
from modelinfra.platforms.ecs.log_group import register_log_group
from modelinfra.platforms.ecs.model_routes import routes_of_clients
from modelinfra.platforms.ecs.planner import EcsEndpointPlan
from modelinfra.platforms.ecs.queued_endpoint import register_queued_endpoint
from modelinfra.platforms.ecs.replicas import Ground, register_replicas
from modelinfra.platforms.ecs.revisions import register_revisions
from modelinfra.platforms.ecs.roles import register_roles
from modelinfra.platforms.ecs.traffic import register_traffic, way_of

if TYPE_CHECKING:
    from modelinfra.platforms.ecs.cluster import EcsCluster

# An application load balancer's own default.
_LEAST_IDLE_SECONDS = 60


def register_endpoint(cluster: EcsCluster, plan: EcsEndpointPlan, request: EndpointRequest) -> EndpointOutputs:
    """Log, roles and security group; then the replicas of every revision, and the traffic to them."""
    if is_asynchronous(request.options):
        return register_queued_endpoint(cluster, plan, request)
    network, served = cluster.network, request.served
    exposure = request.options.exposure
    routes = routes_of_clients(served, client_keys(request.options))
    api_keys = register_api_keys(request.children, exposure, routes, production=cluster.production)
    balancer = cluster.shared_load_balancer if plan.shared else _own_load_balancer(cluster, plan, request, api_keys)
    assert balancer is not None, "the planner refuses a shared load balancer that is not there"
    log_group = register_log_group(request.children, request.options.logs)
    roles = register_roles(
        request,
        log_group.arn,
        trust=cluster.task_trust,
        exec_enabled=cluster.options.exec,
        cluster_arn=cluster.arn,
    )
    capture = register_capture(request, roles.task, production=cluster.production)
    if capture is not None:
        roles = roles.with_rights(capture.policies)
    hops = register_hops(request, network, balancer)
    prefix = plan.path if plan.shared else ""
    ground = Ground(cluster, balancer, log_group, roles, hops, prefix, capture)
    way = way_of(request, network, balancer, plan, production=cluster.production)
    revisions = register_revisions(request, way, ground, plan)
    traffic = register_traffic(request, way, plan.own, revisions)
    own = register_replicas(request, ground, plan.own, traffic)
    service = own.service
    doors = register_doors(request, cluster, balancer, way, service, longest_request=plan.longest_request)
    signals = register_dashboard(request, cluster, balancer, {STABLE: own, **revisions}, doors)
    register_domain(request.children, balancer, service, exposure)
    # The address is given out when the service is steady: whoever waits for it, waits for an endpoint that answers.
    arns: Any = {key.client: key.arns for key in api_keys}
    url = Output.all(balancer.url, service.id).apply(lambda found: f"{found[0]}{prefix}")
    return EndpointOutputs(
        url=url,
        predict_url=None if served.several else url.apply(lambda base: base + served.predict_path),
        predict_urls=url.apply(lambda base: {name: base + path for name, path in served.predict_paths.items()})
        if served.several
        else None,
        health_url=url.apply(lambda base: base + served.open_health_path),
        log_group=log_group.name,
        task_role_arn=Output.from_input(roles.task_arn),
        security_group_id=Output.from_input(hops.group_id),
        load_balancer_dns_name=balancer.dns_name,
        api_key_secret_arns=Output.from_input(arns),
        api_key_secrets=None,
        signals=signals,
        within=None,  # nothing asks it but through its doors
        **doors.outputs,
    )


def _own_load_balancer(
    cluster: EcsCluster, plan: EcsEndpointPlan, request: EndpointRequest, api_keys: Sequence[ApiKey]
) -> LoadBalancerReference:
    children, exposure = request.children, request.options.exposure
    made = ApplicationLoadBalancer(
        # One that faces the internet is another one, beside which the first stays until the service has moved.
        children.named("public" if exposure.public else "own"),
        cluster.network,
        idle_timeout_seconds=max(_LEAST_IDLE_SECONDS, plan.longest_request),
        production=cluster.production,
        exposure=exposure if exposed(exposure) else None,
        certificate_arn=certificate_arn(children, exposure),
        api_keys=api_keys,
        adjustments=children.adjustments,
        opts=pulumi.ResourceOptions(parent=children.component),
    )
    return made.reference
