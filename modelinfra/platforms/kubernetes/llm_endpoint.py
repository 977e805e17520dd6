"""Registers an endpoint as LLMInferenceServices of KServe, below its component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi
from pulumi import Input, Output

from modelinfra import naming
from modelinfra.options.revisions import STABLE
from modelinfra.platforms.base import EndpointOutputs, EndpointRequest
from modelinfra.platforms.kubernetes.autoscaling import Autoscaling
from modelinfra.platforms.kubernetes.keda import scaled_object
from modelinfra.platforms.kubernetes.llm import LONGEST_NAME, deployment, llm_inference_service, llm_route, selected
from modelinfra.platforms.kubernetes.measured import Measured
from modelinfra.platforms.kubernetes.objects import (
    UNTIL_READY,
    custom_resource,
    disruption_budget,
    service_account,
)
from modelinfra.platforms.kubernetes.planner import KubernetesEndpointPlan, Replicas
from modelinfra.platforms.kubernetes.pod import scraped

if TYPE_CHECKING:
    from modelinfra.platforms.kubernetes.objects import Place


def register_llm(platform: Place, plan: KubernetesEndpointPlan, request: EndpointRequest) -> EndpointOutputs:
    """One LLMInferenceService for every revision, each with its route; the stable one's, which divides traffic, comes last."""
    names = {STABLE: _named(request), **{key: _named(each) for key, each in request.revisions.items()}}
    account = service_account(platform, request, names[STABLE])

    def made(
        revision: str, of: Replicas, asked: EndpointRequest, after: Sequence[pulumi.Resource]
    ) -> pulumi.CustomResource:
        gateway = platform.options.gateway
        route = llm_route(request.options, plan.path, gateway, names, revision, plan.longest_request)
        return _replicas(platform, of, asked, names[revision], account, route, after)

    others = [made(key, plan.revisions[key], each, ()) for key, each in request.revisions.items()]
    own = made(STABLE, plan.own, request, others)
    url = Output.all(platform.options.gateway.url, own.id).apply(lambda found: f"{found[0].rstrip('/')}{plan.path}")
    return EndpointOutputs(
        url=url,
        predict_url=url.apply(lambda known: known + request.served.predict_path),
        health_url=url.apply(lambda known: known + request.served.health_path),
    )


def _replicas(
    platform: Place,
    plan: Replicas,
    request: EndpointRequest,
    name: str,
    account: Input[str],
    route: Mapping[str, object],
    after: Sequence[pulumi.Resource],
) -> pulumi.CustomResource:
    scaling, options = plan.scaling, request.options
    assert isinstance(scaling, Autoscaling)
    found = Output.all(
        image=request.image,
        environment={**request.served.server.environment, **(options.environment or {})},
        secrets=options.secrets or {},
        service_account=account,
    )
    replicas = None if scaling.varies else scaling.least
    spec = found.apply(
        lambda known: llm_inference_service(
            name, options, platform.options, request.served, plan.sizing, known, replicas, route
        )
    )
    role, api, kind = "llm-inference-service", "serving.kserve.io/v1alpha2", "LLMInferenceService"
    serving = custom_resource(
        platform,
        request,
        role,
        api,
        kind,
        name,
        spec,
        after,
        # KServe hands those of Prometheus on to the pods.
        annotations={**UNTIL_READY, **scraped(request.served.server)},
        minutes=plan.sizing.ready_minutes,
    )
    if scaling.by_keda:
        pods = f'namespace="{platform.namespace}",pod=~"{deployment(name)}-.*"'
        scaled = scaled_object(deployment(name), scaling, Measured(name, platform.namespace, ()), pods)
        role, api, kind = "scaled-object", "keda.sh/v1alpha1", "ScaledObject"
        custom_resource(platform, request, role, api, kind, name, scaled, [serving])
    if scaling.least > 1:
        disruption_budget(platform, request, name, selected(name))
    return serving


def _named(request: EndpointRequest) -> str:
    return naming.shortened(request.name, LONGEST_NAME)
