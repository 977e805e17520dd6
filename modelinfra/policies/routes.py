"""Routes of the Gateway API: at which hosts they answer, who reaches their gateway, and what asks clients who they are.

What asks is a SecurityPolicy of Envoy Gateway; that of a route takes the place of the gateway's. Other implementations have policies of their own,
which are not looked into: of their routes nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown, has_unknown
from modelinfra.policies.readiness.kubernetes import (
    each_of,
    labels_of,
    name_of,
    namespace_of,
    same,
    selects,
)
from modelinfra.policies.view import View, listed, mapping

GROUP: Final = "gateway.networking.k8s.io"
ENVOY: Final = "gateway.envoyproxy.io"
KINDS: Final = ("HTTPRoute", "GRPCRoute")

PUBLIC_LABEL: Final = "modelinfra/public"
"""What endpoints of modelinfra write on routes that the internet reaches: their gateway need not be in the graph."""

PROOFS: Final[Mapping[str, str]] = {
    "jwt": "tokens",
    "apiKeyAuth": "API keys",
    "oidc": "a log-in",
    "basicAuth": "passwords",
    "extAuth": "what a service of yours asks for",
}
"""Part of a SecurityPolicy that asks clients who they are -> what it asks for."""

_INTERNAL: Final[Mapping[str, tuple[str, ...]]] = {
    "service.beta.kubernetes.io/aws-load-balancer-scheme": ("internal",),
    "service.beta.kubernetes.io/aws-load-balancer-internal": ("true",),
    "networking.gke.io/load-balancer-type": ("Internal",),
    "cloud.google.com/load-balancer-type": ("Internal",),
    "service.beta.kubernetes.io/azure-load-balancer-internal": ("true",),
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": ("intranet",),
}
"""Annotations of Services by which clouds make a load balancer internal (the table of docs/kserve.md, and their older words)."""


@dataclass(frozen=True)
class Route:
    """public: whether the internet reaches it; None where nobody knows. policy: the spec of what holds for it; empty where nothing does, Unknown
    where that is not known. gateways: namespace/name of its parents."""

    node: Node
    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    public: bool | None
    policy: Any

    @property
    def proofs(self) -> frozenset[str]:
        """What clients are asked for, as keys of PROOFS."""
        return frozenset(key for key in PROOFS if mapping(self.policy).get(key) is not None)

    @property
    def narrowed(self) -> bool:
        """Whether addresses, claims or anything else of a request decide."""
        return mapping(self.policy).get("authorization") is not None

    @property
    def where(self) -> str:
        """The hosts in words."""
        return ", ".join(self.hosts) if self.hosts else "every host of its gateway"


def routes(view: View) -> Iterator[Route]:
    """Those whose objects are in the graph."""
    for kind in KINDS:
        for node, given in each_of(view, GROUP, kind):
            spec = mapping(given.get("spec"))
            parents = [_gateway(view, node, mapping(each)) for each in listed(spec.get("parentRefs"))]
            gateways = [each for each in parents if each is not None]
            yield Route(
                node,
                tuple(str(each) for each in listed(spec.get("hostnames")) if each is not Unknown),
                tuple(f"{namespace}/{name}" for namespace, name in gateways),
                _public(view, node, gateways),
                _policy(view, node, kind, gateways),
            )


def plain_listeners(view: View, route: Route) -> Iterator[str]:
    """Names of listeners of gateways in the graph that take the route without TLS."""
    for reference in listed(mapping(view.inputs(route.node).get("spec")).get("parentRefs")):
        ref = mapping(reference)
        found = _object(view, GROUP, str(ref.get("kind", "Gateway")), *_place(view, route.node, ref))
        for each in listed(mapping(view.inputs(found).get("spec")).get("listeners")) if found is not None else ():
            listener = mapping(each)
            taken = ref.get("sectionName") in (None, listener.get("name")) and ref.get("port") in (
                None,
                listener.get("port"),
            )
            if taken and listener.get("protocol") == "HTTP":
                yield str(listener.get("name"))


def _place(view: View, node: Node, reference: Mapping[str, Any]) -> tuple[Any, Any]:
    return reference.get("namespace") or namespace_of(view, node), reference.get("name")


def _object(view: View, group: str, kind: str, namespace: Any, name: Any) -> Node | None:
    for node, _ in each_of(view, group, kind):
        if same(name_of(view, node), name) and same(namespace_of(view, node), namespace):
            return node
    return None


def _gateway(view: View, node: Node, reference: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """Namespace and name of the Gateway behind a parent, which may be a set of listeners of it."""
    kind = reference.get("kind", "Gateway")
    namespace, name = _place(view, node, reference)
    if kind == "Gateway":
        return namespace, name
    found = _object(view, GROUP, "ListenerSet", namespace, name) if kind == "ListenerSet" else None
    if found is None:
        return None
    parent = mapping(mapping(view.inputs(found).get("spec")).get("parentRef"))
    return _place(view, found, parent)


def _public(view: View, node: Node, gateways: list[tuple[Any, Any]]) -> bool | None:
    labels = labels_of(view, node)
    if labels is not Unknown and mapping(labels).get(PUBLIC_LABEL) == "true":
        return True
    reach = [_faces_internet(view, namespace, name) for namespace, name in gateways]
    return True if True in reach else False if reach and None not in reach else None


def _faces_internet(view: View, namespace: Any, name: Any) -> bool | None:
    """Whether the load balancer of a gateway does. Only of Envoy Gateway's that say how they are reached."""
    gateway = _object(view, GROUP, "Gateway", namespace, name)
    if gateway is None:
        return None
    infrastructure = mapping(mapping(view.inputs(gateway).get("spec")).get("infrastructure"))
    parameters = mapping(infrastructure.get("parametersRef"))
    if parameters.get("kind") != "EnvoyProxy":
        return None
    proxy = _object(view, ENVOY, "EnvoyProxy", namespace_of(view, gateway), parameters.get("name"))
    if proxy is None:
        return None
    provider = mapping(mapping(view.inputs(proxy).get("spec")).get("provider"))
    service = mapping(mapping(provider.get("kubernetes")).get("envoyService"))
    if has_unknown(service):
        return None
    kind = service.get("type", "LoadBalancer")  # Envoy Gateway's own
    if kind != "LoadBalancer":
        return False if kind == "ClusterIP" else None
    said = {**mapping(infrastructure.get("annotations")), **mapping(service.get("annotations"))}
    return not any(said.get(key) in values for key, values in _INTERNAL.items())


def _policy(view: View, node: Node, kind: str, gateways: list[tuple[Any, Any]]) -> Any:
    own = _targeting(view, kind, namespace_of(view, node), name_of(view, node), labels_of(view, node))
    if own != {}:
        return own
    for namespace, name in gateways:
        gateway = _object(view, GROUP, "Gateway", namespace, name)
        labels = labels_of(view, gateway) if gateway is not None else Unknown
        found = _targeting(view, "Gateway", namespace, name, labels)
        if found != {}:
            return found
    return {}


def _targeting(view: View, kind: str, namespace: Any, name: Any, labels: Any) -> Any:
    """The spec of the policy for an object, and Unknown where one may be; empty without one."""
    perhaps = False
    for node, given in each_of(view, ENVOY, "SecurityPolicy"):
        spec = given.get("spec")
        if same(namespace_of(view, node), namespace) is False:
            continue
        found = _aims(spec, kind, name, labels)
        if found and namespace_of(view, node) is not Unknown and namespace is not Unknown:
            return spec
        perhaps = perhaps or found is not False
    return Unknown if perhaps else {}


def _aims(spec: Any, kind: str, name: Any, labels: Any) -> bool | None:
    if spec is Unknown:
        return None
    policy = mapping(spec)
    references = [*listed(policy.get("targetRefs")), *([policy["targetRef"]] if "targetRef" in policy else [])]
    found = [
        None if each is Unknown else mapping(each).get("kind") == kind and same(mapping(each).get("name"), name)
        for each in references
    ]
    found += [
        mapping(each).get("kind") == kind and selects(_selector(mapping(each)), labels)
        for each in listed(policy.get("targetSelectors"))
    ]
    if Unknown in (policy.get("targetRefs"), policy.get("targetSelectors")):
        found.append(None)
    return True if True in found else None if None in found else False


def _selector(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: given[key] for key in ("matchLabels", "matchExpressions") if key in given}
