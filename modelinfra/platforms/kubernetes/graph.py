"""Registers an InferenceGraph, below its component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi import Output

from modelinfra import naming
from modelinfra.children import Children
from modelinfra.platforms.base import Within
from modelinfra.platforms.kubernetes.autoscaling import pod_autoscaler
from modelinfra.platforms.kubernetes.graph_plan import GraphPlan, PlannedStep
from modelinfra.platforms.kubernetes.objects import Place, custom, opts, reached
from modelinfra.platforms.kubernetes.pod import NODE, ZONE
from modelinfra.platforms.kubernetes.route import route_of

_LONGEST_NAME = 63 - len("isvc.")
"""KServe labels the router's pods with it (constants.GetRawServiceLabel)."""

_PORT = 8080  # constants.RouterPort
_READY_MINUTES = 10


@dataclass(frozen=True)
class GraphOutputs:
    """The public outputs of an InferenceGraph."""

    url: Output[str]
    predict_url: Output[str]
    health_url: Output[str]


def register_graph(
    platform: Place, plan: GraphPlan, children: Children, endpoints: Mapping[str, Within]
) -> GraphOutputs:
    """The router, and the way to it. endpoints: those that the graph's steps name."""
    name = naming.shortened(children.name, _LONGEST_NAME)
    policy = kubernetes.networking.v1.NetworkPolicy(
        children.named("network-policy"),
        metadata={"name": name, "namespace": platform.namespace},
        spec=reached(platform, _labels(name), [_PORT]),
        opts=opts(platform, children, "network-policy"),
    )
    varies = plan.scaling.varies
    graph = custom(
        platform,
        children,
        "inference-graph",
        "serving.kserve.io/v1alpha1",
        "InferenceGraph",
        name,
        spec_of(plan, {key: each.base for key, each in endpoints.items()}, _labels(name)),
        [policy, *(ready for each in endpoints.values() for ready in each.ready)],
        annotations={
            "serving.kserve.io/deploymentMode": "Standard",
            # A number of replicas has one writer: KServe where it is fixed, else the autoscaler below.
            "serving.kserve.io/autoscalerClass": "external" if varies else "none",
            "pulumi.com/waitFor": "condition=Ready",
        },
        minutes=_READY_MINUTES,
    )
    if varies:
        kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            children.named("autoscaler"),
            metadata={"name": name, "namespace": platform.namespace},
            spec=pod_autoscaler(name, plan.scaling),
            opts=opts(platform, children, "pod-autoscaler", [graph]),
        )
    if plan.scaling.least > 1:
        kubernetes.policy.v1.PodDisruptionBudget(
            children.named("disruption-budget"),
            metadata={"name": name, "namespace": platform.namespace},
            spec={"max_unavailable": 1, "selector": {"match_labels": _labels(name)}},
            opts=opts(platform, children, "disruption-budget"),
        )
    ready: Sequence[pulumi.CustomResource] = [graph]
    gateway = platform.options.gateway
    if gateway is not None:
        spec = route_of(gateway, plan.path, name, plan.longest_request)
        route = custom(
            platform, children, "http-route", "gateway.networking.k8s.io/v1", "HTTPRoute", name, spec, [graph]
        )
        ready = [route]
    base = gateway.url if gateway is not None else f"http://{name}.{platform.namespace}.svc.cluster.local"
    url = Output.all(base, *(each.id for each in ready)).apply(lambda found: f"{found[0].rstrip('/')}{plan.path}")
    return GraphOutputs(
        url=url,
        # The router takes a request at any path, and asks every step at its own.
        predict_url=url.apply(lambda known: f"{known}/"),
        health_url=url.apply(lambda known: f"{known}/readyz"),
    )


def spec_of(plan: GraphPlan, bases: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, Any]:
    """Spec of an InferenceGraph. bases: endpoint -> address within the cluster."""
    amounts = {"cpu": f"{round(plan.cpu * 1000)}m", "memory": f"{plan.memory_mib}Mi"}
    fixed = {} if plan.scaling.varies else {"minReplicas": plan.scaling.least, "maxReplicas": plan.scaling.least}
    return {
        "nodes": {
            name: {"routerType": kind, "steps": [_step(step, bases) for step in steps]}
            for name, (kind, steps) in plan.nodes.items()
        },
        "resources": {"requests": amounts, "limits": dict(amounts)},
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "weight": weight,
                        "podAffinityTerm": {"topologyKey": key, "labelSelector": {"matchLabels": dict(labels)}},
                    }
                    for weight, key in ((100, ZONE), (50, NODE))
                ]
            }
        },
        "routerTimeouts": {
            "serverRead": plan.longest_request,
            # It counts from the request's headers to the end of the answer, so that an error can still be told.
            "serverWrite": plan.longest_request + 5,
            "serviceClient": plan.longest_step,
        },
        **fixed,
    }


def _step(step: PlannedStep, bases: Mapping[str, str]) -> dict[str, Any]:
    """An address and not the name of an InferenceService: of a name the router would ask at the path of protocol V1, since the server's own
    container says of no protocol (isvcutils.GetPredictorEndpoint)."""
    target = {"serviceUrl": f"{bases[step.endpoint]}{step.predict_path}"} if step.endpoint is not None else {}
    return {"name": step.name, **target, **step.said}


def _labels(name: str) -> dict[str, str]:
    """Of the router's pods."""
    return {"app": f"isvc.{name}"}
