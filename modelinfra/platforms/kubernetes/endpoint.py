"""Registers an endpoint on Kubernetes, below its component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import Input, Output

from modelinfra.options.revisions import STABLE
from modelinfra.platforms.base import EndpointOutputs, EndpointRequest, Within
from modelinfra.platforms.kubernetes.agent import AGENT_PORT, has_agent
from modelinfra.platforms.kubernetes.autoscaling import ANNOTATIONS, Autoscaling, pod_autoscaler
from modelinfra.platforms.kubernetes.beside import (
    EXPLAINER,
    PORT,
    TRANSFORMER,
    Beside,
    component,
    explain_path,
)
from modelinfra.platforms.kubernetes.entrance import address_of, register_entrance
from modelinfra.platforms.kubernetes.keda import scaled_object
from modelinfra.platforms.kubernetes.knative import (
    LABEL,
    VISIBILITY,
    knative_http_route,
    knative_predictor,
    ports_of,
    shared_name,
    shared_route,
)
from modelinfra.platforms.kubernetes.knative_scaling import KnativeScaling
from modelinfra.platforms.kubernetes.measured import Measured
from modelinfra.platforms.kubernetes.model_access import with_access
from modelinfra.platforms.kubernetes.objects import (
    UNTIL_READY,
    Objects,
    Place,
    custom_resource,
    disruption_budget,
    opts_of,
    reached,
    service_account,
)
from modelinfra.platforms.kubernetes.planner import KubernetesEndpointPlan, Replicas
from modelinfra.platforms.kubernetes.pod import app, files_beside, files_name, named, predictor, service
from modelinfra.platforms.kubernetes.policy import asked
from modelinfra.platforms.kubernetes.servings import KNATIVE
from modelinfra.platforms.kubernetes.watch import measured_by, own_scope, register_alarms, register_dashboard

_MODE = "serving.kserve.io/deploymentMode"
"""KServe refuses another one for an InferenceService that there is: it is replaced."""

_ROUTES = "gateway.networking.k8s.io/v1"


def register_endpoint(platform: Place, plan: KubernetesEndpointPlan, request: EndpointRequest) -> EndpointOutputs:
    """The replicas of every revision, and the way to them."""
    name = named(request)
    account = with_access(platform, request, service_account(platform, request, name, plan.storage_secrets))
    # What the gateway counts is of all revisions together: alarms of the endpoint's own, but no autoscaling of one of them.
    alone = not request.revisions
    found = {STABLE: measured_by(platform, request, route=True)}
    found |= {key: measured_by(platform, each, route=False) for key, each in request.revisions.items()}
    scaled = found[STABLE] if alone else measured_by(platform, request, route=False)
    revisions = {
        key: _replicas(platform, plan.revisions[key], each, account, plan.storage_secrets, found[key])
        for key, each in request.revisions.items()
    }
    own = _replicas(platform, plan.own, request, account, plan.storage_secrets, scaled)
    for key, each in {STABLE: request, **request.revisions}.items():
        planned = plan.own if key == STABLE else plan.revisions[key]
        register_alarms(platform, each, found[key], request.name, planned.sizing.startup)
    register_dashboard(platform, request, found)
    base = _inside(platform, _entry(plan.own, name))
    ready: Sequence[pulumi.CustomResource] = [own, *revisions.values()]
    gateway = platform.options.gateway
    keys: Mapping[str, Mapping[str, str]] = {}
    address: Input[str] = base
    explained = _explained(plan.own, name)
    if plan.routed:
        ready, keys = _entrance(platform, plan, request, ready, explained)
        address = address_of(gateway, request.options.exposure.domain)
    url = Output.all(address, *(each.id for each in ready)).apply(lambda found: f"{found[0].rstrip('/')}{plan.path}")
    explain_url: Output[str] | None = None
    if explained is not None:
        # Without a gateway each of them has an address of its own.
        of_explainer = url if plan.routed else own.id.apply(lambda _: _inside(platform, explained[1]))
        explain_url = of_explainer.apply(lambda known: known + explained[0])
    health = _health_path(request)
    served = request.served
    paths = served.predict_paths
    return EndpointOutputs(
        api_key_secrets=Output.from_input(keys),
        within=Within(base, [own]),
        url=url,
        predict_url=None if served.several else url.apply(lambda known: known + served.predict_path),
        predict_urls=url.apply(lambda known: {each: known + path for each, path in paths.items()})
        if served.several
        else None,
        health_url=url.apply(lambda known: known + health),
        explain_url=explain_url,
    )


def _entrance(
    platform: Place,
    plan: KubernetesEndpointPlan,
    request: EndpointRequest,
    ready: Sequence[pulumi.CustomResource],
    explained: tuple[str, str] | None,
) -> tuple[Sequence[pulumi.CustomResource], Mapping[str, Mapping[str, str]]]:
    """The way from the gateway: what is ready when it is, and the keys of clients."""
    name = named(request)
    if platform.options.serving == KNATIVE:
        services = {STABLE: name, **{key: named(each) for key, each in request.revisions.items()}}
        after = [*ready, *_shared(platform, request, services, ready)]
        seconds = plan.longest_request + plan.wake_seconds
        spec = knative_http_route(request.options, plan.path, platform.options, platform.namespace, services, seconds)
        return [Objects(platform, request).custom("http-route", _ROUTES, "HTTPRoute", name, spec, after)], {}
    others = {key: _entry(plan.revisions[key], named(each)) for key, each in request.revisions.items()}
    services = {STABLE: _entry(plan.own, name), **others}
    route, keys = register_entrance(Objects(platform, request), name, plan, services, ready, explained)
    return [route], keys


def _inside(platform: Place, service_name: str) -> str:
    return f"http://{service_name}.{platform.namespace}.svc.cluster.local"


def _entry(plan: Replicas, name: str) -> str:
    """The Service that requests go to: the transformer's, where there is one. name: of the InferenceService."""
    transformer = plan.beside.get(TRANSFORMER)
    return transformer.service(name) if transformer is not None else service(name)


def _explained(plan: Replicas, name: str) -> tuple[str, str] | None:
    """Path of explanations at the explainer, and its Service."""
    explainer = plan.beside.get(EXPLAINER)
    return (explain_path(explainer.model), explainer.service(name)) if explainer is not None else None


def _health_path(request: EndpointRequest) -> str:
    transformer = request.options.transformer
    return str(transformer.health_path) if transformer is not None else request.served.open_health_path


def _replicas(
    platform: Place,
    plan: Replicas,
    request: EndpointRequest,
    account: Input[str],
    storage_secrets: Sequence[str],
    found: Measured,
) -> pulumi.CustomResource:
    """One InferenceService, and what stands beside it. Returns what waits until its replicas serve."""
    name, options = named(request), request.options
    values = Output.all(
        image=request.image,
        environment={**request.served.server.environment, **(options.environment or {})},
        secrets=options.secrets or {},
        service_account=account,
        storage_secrets=",".join(storage_secrets),
        beside={
            kind: {"image": each.options.image, "environment": each.options.environment}
            for kind, each in plan.beside.items()
        },
    )
    pull = platform.options.image_pull_secrets
    spec: Output[dict[str, Any]] = values.apply(
        lambda known: {
            "predictor": _scaled(
                name, predictor(name, options, request.served, plan.sizing, platform.options, known), plan
            ),
            **{
                kind: component(each, name, known["beside"][kind], pull=pull, varies=plan.varies)
                for kind, each in plan.beside.items()
            },
        }
    )
    selected = _selected(name, plan)
    policy = kubernetes.networking.v1.NetworkPolicy(
        request.children.named("network-policy"),
        metadata={"name": name, "namespace": platform.namespace},
        spec=_network_policy(platform, selected, request, plan),
        opts=opts_of(platform, request, "network-policy"),
    )
    before: list[pulumi.Resource] = [policy]
    files = files_beside(request.served)
    if files:
        before.append(
            kubernetes.core.v1.ConfigMap(
                request.children.named("served-models"),
                metadata={"name": files_name(name, request.served), "namespace": platform.namespace},
                data={PurePosixPath(path).name: text for path, text in files.items()},
                opts=opts_of(platform, request, "served-models"),
            )
        )
    serving = custom_resource(
        platform,
        request,
        "inference-service",
        "serving.kserve.io/v1beta1",
        "InferenceService",
        name,
        spec,
        before,
        annotations={
            **_mode(plan),
            **UNTIL_READY,
        },
        # In the cluster alone: without the label KServe makes a way in of its own.
        labels=VISIBILITY if plan.by_knative else {"networking.kserve.io/visibility": "cluster-local"},
        minutes=plan.sizing.ready_minutes,
        replaced_with=_mode(plan)[_MODE],
    )
    _autoscaler(platform, plan, request, serving, found)
    if plan.scaling.least > 1:
        disruption_budget(platform, request, name, selected)
    for kind, each in plan.beside.items():
        _beside(platform, request, each, kind, serving, varies=plan.varies)
    return serving


def _beside(
    platform: Place,
    request: EndpointRequest,
    beside: Beside,
    kind: str,
    serving: pulumi.Resource,
    *,
    varies: bool,
) -> None:
    """What stands beside the pods of a transformer or an explainer, as beside those of the server."""
    name = named(request)
    kubernetes.networking.v1.NetworkPolicy(
        request.children.named(f"{kind}-network-policy"),
        metadata={"name": beside.service(name), "namespace": platform.namespace},
        spec=reached(platform, {"app": beside.app(name)}, [PORT], _callers(request, platform.options.gateway)),
        opts=opts_of(platform, request, "network-policy"),
    )
    if beside.scaling.least > 1:
        disruption_budget(platform, request, beside.service(name), {"app": beside.app(name)}, f"{kind}-")
    if varies:
        kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            request.children.named(f"{kind}-autoscaler"),
            metadata={
                "name": beside.service(name),
                "namespace": platform.namespace,
                "annotations": dict(ANNOTATIONS),
            },
            spec=pod_autoscaler(beside.service(name), beside.scaling),
            opts=opts_of(platform, request, "pod-autoscaler", [serving]),
        )


def _autoscaler(
    platform: Place, plan: Replicas, request: EndpointRequest, serving: pulumi.Resource, found: Measured
) -> None:
    scaling, name = plan.scaling, found.name
    if not isinstance(scaling, Autoscaling):
        return
    if scaling.by_keda:
        spec = scaled_object(service(name), scaling, found, own_scope(platform, request))
        custom_resource(platform, request, "scaled-object", "keda.sh/v1alpha1", "ScaledObject", name, spec, [serving])
    elif plan.varies:
        kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            request.children.named("autoscaler"),
            metadata={"name": name, "namespace": platform.namespace, "annotations": dict(ANNOTATIONS)},
            spec=pod_autoscaler(service(name), scaling),
            opts=opts_of(platform, request, "pod-autoscaler", [serving]),
        )


def _network_policy(platform: Place, selected: Mapping[str, str], request: EndpointRequest, plan: Replicas) -> Any:
    """The server's ports of predictions and metrics, and the agent's; none of those for its operator."""
    server = request.served.server
    ports = ports_of(server) if plan.by_knative else sorted(set(server.ports.values()))
    callers = _callers(request, platform.options.gateway, within=bool(plan.beside))
    return reached(platform, selected, {*ports, *([AGENT_PORT] if has_agent(request.options) else [])}, callers)


def _callers(request: EndpointRequest, gateway: Any, *, within: bool = False) -> Sequence[Any] | None:
    """Where clients are asked who they are, they come from those namespaces alone that the platform names, so that nobody passes the gateway by.
    None where the place itself says who comes.

    within: whether something in the namespace itself asks the server, such as its transformer.
    """
    admitted = gateway.admitted_namespaces if gateway is not None and asked(request.options.exposure) else None
    if not admitted:
        return None
    named = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(admitted)}
    own: list[dict[str, Any]] = [{"podSelector": {}}] if within else []
    return [{"namespaceSelector": {"matchExpressions": [named]}}, *own]


def _selected(name: str, plan: Replicas) -> dict[str, str]:
    """Labels of the pods of an InferenceService."""
    return {LABEL: name} if plan.by_knative else {"app": app(name)}


def _scaled(name: str, standard: dict[str, Any], plan: Replicas) -> dict[str, Any]:
    """The predictor with its number of replicas."""
    scaling = plan.scaling
    if isinstance(scaling, KnativeScaling):
        return knative_predictor(name, standard, scaling, plan.sizing)
    return standard | ({} if plan.varies else {"minReplicas": scaling.least, "maxReplicas": scaling.least})


def _mode(plan: Replicas) -> dict[str, str]:
    """A number of replicas has one writer: KServe where it is fixed, else the autoscaler; in Knative's mode Knative."""
    if plan.by_knative:
        return {_MODE: "Knative"}
    return {_MODE: "Standard", "serving.kserve.io/autoscalerClass": "external" if plan.varies else "none"}


def _shared(
    platform: Place,
    request: EndpointRequest,
    services: Mapping[str, str],
    after: Sequence[pulumi.Resource],
) -> Sequence[pulumi.CustomResource]:
    """What divides traffic between revisions inside Knative."""
    if not request.options.revisions:
        return ()
    return (
        custom_resource(
            platform,
            request,
            "knative-route",
            "serving.knative.dev/v1",
            "Route",
            shared_name(services[STABLE]),
            shared_route(request.options, services),
            after,
            annotations=UNTIL_READY,
            labels=VISIBILITY,
        ),
    )
