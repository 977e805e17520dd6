"""Registers an endpoint on Kubernetes, below its component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import Input, Output

from modelinfra import naming
from modelinfra.options.revisions import STABLE
from modelinfra.platforms.base import EndpointOutputs, EndpointRequest
from modelinfra.platforms.kubernetes.autoscaling import pod_autoscaler, scaled_object
from modelinfra.platforms.kubernetes.planner import KubernetesEndpointPlan, Replicas
from modelinfra.platforms.kubernetes.pod import app, predictor, service
from modelinfra.platforms.kubernetes.route import http_route

if TYPE_CHECKING:
    from modelinfra.platforms.kubernetes.platform import KubernetesPlatform

_LONGEST_NAME = 63 - len("isvc.-predictor")
"""KServe makes a Service of the InferenceService's name and an ending, and a label of its pods of both; either has 63 characters at most."""


def register_endpoint(
    platform: KubernetesPlatform, plan: KubernetesEndpointPlan, request: EndpointRequest
) -> EndpointOutputs:
    """The replicas of every revision, and the way to them."""
    name = _named(request)
    account = _service_account(platform, request)
    revisions = {
        key: _replicas(platform, plan.revisions[key], each, account) for key, each in request.revisions.items()
    }
    own = _replicas(platform, plan.own, request, account)
    base = f"http://{service(name)}.{platform.namespace}.svc.cluster.local"
    ready: Sequence[pulumi.CustomResource] = [own, *revisions.values()]
    gateway = platform.options.gateway
    if gateway is not None:
        services = {STABLE: name, **{key: _named(each) for key, each in request.revisions.items()}}
        spec = http_route(request.options, plan.path, gateway, services, plan.longest_request)
        route = _custom(platform, request, "http-route", "gateway.networking.k8s.io/v1", "HTTPRoute", name, spec, ready)
        ready = [route]
    url = Output.all(gateway.url if gateway is not None else base, *(each.id for each in ready)).apply(
        lambda found: f"{found[0].rstrip('/')}{plan.path}"
    )
    return EndpointOutputs(
        url=url,
        predict_url=url.apply(lambda known: known + request.served.predict_path),
        health_url=url.apply(lambda known: known + request.served.health_path),
    )


def _replicas(
    platform: KubernetesPlatform, plan: Replicas, request: EndpointRequest, account: Input[str]
) -> pulumi.CustomResource:
    """One InferenceService, and what stands beside it. Returns what waits until its replicas serve."""
    name, options = _named(request), request.options
    found = Output.all(
        image=request.image,
        environment={**request.served.server.environment, **(options.environment or {})},
        secrets=options.secrets or {},
        service_account=account,
    )
    spec: Output[dict[str, Any]] = found.apply(
        lambda known: {
            "predictor": predictor(name, options, request.served, plan.sizing, platform.options, known)
            | ({} if plan.scaling.varies else {"minReplicas": plan.scaling.least, "maxReplicas": plan.scaling.least})
        }
    )
    policy = kubernetes.networking.v1.NetworkPolicy(
        request.children.named("network-policy"),
        metadata={"name": name, "namespace": platform.namespace},
        spec=_network_policy(name, request),
        opts=_opts(platform, request, "network-policy"),
    )
    serving = _custom(
        platform,
        request,
        "inference-service",
        "serving.kserve.io/v1beta1",
        "InferenceService",
        name,
        spec,
        [policy],
        annotations={
            "serving.kserve.io/deploymentMode": "Standard",
            # A number of replicas has one writer: KServe where it is fixed, else the autoscaler below.
            "serving.kserve.io/autoscalerClass": "external" if plan.scaling.varies else "none",
            # Pulumi waits until it serves, and tells the condition that it is in where it does not.
            "pulumi.com/waitFor": "condition=Ready",
        },
        # In the cluster alone: without the label KServe makes a way in of its own.
        labels={"networking.kserve.io/visibility": "cluster-local"},
        minutes=plan.sizing.ready_minutes,
    )
    _autoscaler(platform, plan, request, name, serving)
    if plan.scaling.least > 1:
        kubernetes.policy.v1.PodDisruptionBudget(
            request.children.named("disruption-budget"),
            metadata={"name": name, "namespace": platform.namespace},
            spec={"max_unavailable": 1, "selector": {"match_labels": {"app": app(name)}}},
            opts=_opts(platform, request, "disruption-budget"),
        )
    return serving


def _service_account(platform: KubernetesPlatform, request: EndpointRequest) -> Input[str]:
    """What the replicas of all revisions run as: without rights, unless one is handed in."""
    given: Input[str] | None = request.options.service_account
    if given is not None:
        return given
    account = kubernetes.core.v1.ServiceAccount(
        request.children.named("service-account"),
        metadata={"name": _named(request), "namespace": platform.namespace},
        automount_service_account_token=False,
        opts=_opts(platform, request, "service-account"),
    )
    return account.metadata.apply(lambda found: found["name"])


def _autoscaler(
    platform: KubernetesPlatform, plan: Replicas, request: EndpointRequest, name: str, serving: pulumi.Resource
) -> None:
    scaling = plan.scaling
    if scaling.by_prometheus:
        spec = scaled_object(name, platform.namespace, scaling)
        _custom(platform, request, "scaled-object", "keda.sh/v1alpha1", "ScaledObject", name, spec, [serving])
    elif scaling.varies:
        kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            request.children.named("autoscaler"),
            metadata={"name": name, "namespace": platform.namespace},
            spec=pod_autoscaler(name, scaling),
            opts=_opts(platform, request, "pod-autoscaler", [serving]),
        )


def _network_policy(name: str, request: EndpointRequest) -> Any:
    """The server's ports of predictions and metrics, from the whole cluster; none of those for its operator."""
    return {
        "podSelector": {"matchLabels": {"app": app(name)}},
        "policyTypes": ["Ingress"],
        "ingress": [
            {"ports": [{"protocol": "TCP", "port": port} for port in sorted(set(request.served.server.ports.values()))]}
        ],
    }


def _custom(
    platform: KubernetesPlatform,
    request: EndpointRequest,
    role: str,
    api_version: str,
    kind: str,
    name: str,
    spec: Any,
    after: Sequence[pulumi.Resource],
    *,
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    minutes: int | None = None,
) -> pulumi.CustomResource:
    timeouts = pulumi.CustomTimeouts(create=f"{minutes}m", update=f"{minutes}m") if minutes else None
    metadata: dict[str, Any] = {"name": name, "namespace": platform.namespace}
    metadata |= {"annotations": dict(annotations)} if annotations else {}
    metadata |= {"labels": dict(labels)} if labels else {}
    return kubernetes.apiextensions.CustomResource(
        request.children.named(role),
        api_version=api_version,
        kind=kind,
        metadata=metadata,
        spec=spec,
        opts=pulumi.ResourceOptions.merge(
            _opts(platform, request, role, after), pulumi.ResourceOptions(custom_timeouts=timeouts)
        ),
    )


def _opts(
    platform: KubernetesPlatform, request: EndpointRequest, role: str, after: Sequence[pulumi.Resource] = ()
) -> pulumi.ResourceOptions:
    return request.children.opts(role, provider=platform.kubernetes_provider, depends_on=[*platform.ready, *after])


def _named(request: EndpointRequest) -> str:
    return naming.shortened(request.name, _LONGEST_NAME)
