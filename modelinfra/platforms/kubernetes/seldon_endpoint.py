"""Registers an endpoint on Seldon Core v2, below its component."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pulumi
from pulumi import Output

from modelinfra import naming
from modelinfra.options.revisions import STABLE
from modelinfra.platforms.base import EndpointOutputs, EndpointRequest
from modelinfra.platforms.kubernetes.objects import UNTIL_READY, custom_resource, disruption_budget
from modelinfra.platforms.kubernetes.planner import KubernetesEndpointPlan, Replicas
from modelinfra.platforms.kubernetes.pod import environment_of
from modelinfra.platforms.kubernetes.seldon import (
    LABEL,
    LONGEST_NAME,
    MESH,
    SeldonScaling,
    experiment,
    seldon_http_route,
    seldon_model,
    seldon_server,
)

if TYPE_CHECKING:
    from modelinfra.platforms.kubernetes.objects import Place

_API = "mlops.seldon.io/v1alpha1"


def register_on_seldon(platform: Place, plan: KubernetesEndpointPlan, request: EndpointRequest) -> EndpointOutputs:
    """A Server and a Model for every revision, and the way to them."""
    name, options = _named(request), request.options
    others = [_replicas(platform, plan.revisions[key], each) for key, each in request.revisions.items()]
    ready: Sequence[pulumi.CustomResource] = [_replicas(platform, plan.own, request), *others]
    names = {STABLE: name, **{key: _named(each) for key, each in request.revisions.items()}}
    divided = experiment(options, names)
    if divided is not None:
        kind, role = "Experiment", "seldon-experiment"
        ready = [
            *ready,
            custom_resource(platform, request, role, _API, kind, name, divided, ready, annotations=UNTIL_READY),
        ]
    gateway = platform.options.gateway
    if gateway is not None:
        spec = seldon_http_route(options, plan.path, gateway, names, plan.longest_request)
        api = "gateway.networking.k8s.io/v1"
        ready = [custom_resource(platform, request, "http-route", api, "HTTPRoute", name, spec, ready)]
    base = f"http://{MESH}.{platform.namespace}.svc.cluster.local"
    url = Output.all(gateway.url if gateway is not None else base, *(each.id for each in ready)).apply(
        lambda found: f"{found[0].rstrip('/')}{plan.path}"
    )
    server = request.served.server
    return EndpointOutputs(
        url=url,
        # Where no header names the model, Seldon's mesh takes the name from the path.
        predict_url=url.apply(lambda known: known + server.predict_path(name)),
        health_url=url.apply(lambda known: known + server.model_readiness_path(name)),
    )


def _replicas(platform: Place, plan: Replicas, request: EndpointRequest) -> pulumi.CustomResource:
    """One Server, and the Model on it. Returns what waits until it serves."""
    scaling = plan.scaling
    assert isinstance(scaling, SeldonScaling)
    name, options, served, minutes = _named(request), request.options, request.served, plan.sizing.ready_minutes
    found = Output.all(environment=options.environment or {}, secrets=options.secrets or {})
    spec = found.apply(
        lambda known: seldon_server(
            name,
            options,
            platform.options,
            served,
            plan.sizing,
            scaling,
            environment_of(known["environment"], known["secrets"]),
        )
    )

    def made(kind: str, role: str, of: object, after: Sequence[pulumi.Resource]) -> pulumi.CustomResource:
        return custom_resource(
            platform, request, role, _API, kind, name, of, after, annotations=UNTIL_READY, minutes=minutes
        )

    server = made("Server", "seldon-server", spec, ())
    if scaling.least > 1:
        disruption_budget(platform, request, name, {LABEL: name})
    return made("Model", "seldon-model", seldon_model(name, served, scaling), [server])


def _named(request: EndpointRequest) -> str:
    return naming.shortened(request.name, LONGEST_NAME)
