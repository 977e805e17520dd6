"""What of a Kubernetes cluster is drawn: services, the nodes that are started for them, and the gateway before them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.graph.model import Node
from modelinfra.graph.values import listed, mapping
from modelinfra.policies.view import View
from modelinfra.review.render.outline import Arrow, Box
from modelinfra.review.render.words import kind, said

INFERENCE_SERVICE: Final = "kubernetes:serving.kserve.io/v1beta1:InferenceService"
INFERENCE_GRAPH: Final = "kubernetes:serving.kserve.io/v1alpha1:InferenceGraph"
LLM_SERVICE: Final = "kubernetes:serving.kserve.io/v1alpha2:LLMInferenceService"
SELDON_MODEL: Final = "kubernetes:mlops.seldon.io/v1alpha1:Model"
NODE_POOL: Final = "kubernetes:karpenter.sh/v1:NodePool"
GATEWAY: Final = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
DAEMON: Final = "kubernetes:apps/v1:DaemonSet"

SERVED: Final = (
    "kubernetes:apps/v1:Deployment",
    DAEMON,
    INFERENCE_SERVICE,
    INFERENCE_GRAPH,
    LLM_SERVICE,
    SELDON_MODEL,
)
"""What answers requests."""

_ROUTE: Final = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
# What keeps a number of replicas -> the keys of its least and its most.
_SCALERS: Final = {
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": ("minReplicas", "maxReplicas"),
    "kubernetes:keda.sh/v1alpha1:ScaledObject": ("minReplicaCount", "maxReplicaCount"),
}
_ACCELERATOR: Final = "modelinfra.dev/accelerator"


def inference_service(view: View, node: Node) -> Iterator[str]:
    """Kind, replicas, and what each has."""
    yield kind(node.type)
    predictor = mapping(_spec(view, node).get("predictor"))
    least, most = _bounds(view, node, predictor)
    if most is not None:
        number = said(most) if least in (None, most) else f"{said(least)} to {said(most)}"
        yield f"{number} replica{'' if number == '1' else 's'}"
    (container,) = listed(predictor.get("containers"))[:1] or [{}]
    asked = mapping(mapping(mapping(container).get("resources")).get("requests"))
    each = [f"{word} {said(asked[key])}" for key, word in (("cpu", "CPU"), ("memory", "memory")) if key in asked]
    accelerator = mapping(predictor.get("annotations")).get(_ACCELERATOR)
    if accelerator:
        each.append(said(accelerator))
    if each:
        yield ", ".join(each)


def node_pool(view: View, node: Node) -> Iterator[str]:
    """Kind, types and limits."""
    yield kind(node.type)
    spec = _spec(view, node)
    template = mapping(mapping(spec.get("template")).get("spec"))
    for wanted in map(mapping, listed(template.get("requirements"))):
        if wanted.get("key") in ("node.kubernetes.io/instance-type", "karpenter.sh/capacity-type"):
            yield ", ".join(map(said, listed(wanted.get("values"))))
    limits = mapping(spec.get("limits"))
    if limits:
        yield "at most " + ", ".join(f"{said(most)} {key}" for key, most in limits.items())


def gateway(view: View, node: Node) -> Iterator[str]:
    """Kind and listeners."""
    yield kind(node.type)
    for each in map(mapping, listed(_spec(view, node).get("listeners"))):
        yield f"{said(each.get('protocol'))} {said(each.get('port'))}"


def routes(view: View) -> Iterator[tuple[Box, Arrow]]:
    """Every way from a gateway to what it leads to, with the gateway's box: its own, or that of one that is there already."""
    services = [node for token in SERVED for node in view.all(token)]
    for route in view.all(_ROUTE):
        spec = _spec(view, route)
        names = [
            said(mapping(backend).get("name"))
            for rule in map(mapping, listed(spec.get("rules")))
            for backend in listed(rule.get("backendRefs"))
        ]
        reached = [node for node in services if any(_is_of(view, node, name) for name in names)]
        for parent in map(mapping, listed(spec.get("parentRefs"))):
            door = _door(view, parent)
            for node in reached:
                yield door, Arrow(source=door.id, target=node.urn, kind="request")


def _door(view: View, parent: Mapping[str, Any]) -> Box:
    name, namespace = parent.get("name"), parent.get("namespace")
    for node, given in view.each(GATEWAY):
        metadata = mapping(given.get("metadata"))
        if (metadata.get("name"), metadata.get("namespace")) == (name, namespace):
            return Box(id=node.urn, layer="edge", title=node.name, lines=tuple(gateway(view, node)))
    title = f"{said(namespace)}/{said(name)}"
    return Box(id=f"gateway:{title}", layer="edge", title=title, lines=("Gateway that is there already",))


def _is_of(view: View, node: Node, service: str) -> bool:
    """Whether a Service is one that is made for this object: it has its name, with an ending or without."""
    name = mapping(view.inputs(node).get("metadata")).get("name")
    return isinstance(name, str) and service in (name, *(f"{name}-{end}" for end in ("predictor", "transformer")))


def _bounds(view: View, node: Node, predictor: Mapping[str, Any]) -> tuple[Any, Any]:
    for token, (least, most) in _SCALERS.items():
        for scaler, given in view.each(token):
            target = mapping(mapping(given.get("spec")).get("scaleTargetRef")).get("name")
            if scaler.parent == node.parent and isinstance(target, str) and _is_of(view, node, target):
                spec = mapping(given.get("spec"))
                return spec.get(least), spec.get(most)
    return predictor.get("minReplicas"), predictor.get("maxReplicas")


def _spec(view: View, node: Node) -> Mapping[str, Any]:
    return mapping(view.inputs(node).get("spec"))
