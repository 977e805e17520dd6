"""Whether namespaces keep tenants apart: quotas, a closed network that is enforced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies.readiness.gpu_pods import tenant_of
from modelinfra.policies.readiness.kubernetes import (
    charts,
    each_of,
    inference_components,
    name_of,
    namespace_of,
    serving,
    workloads,
)
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping, parsed

_ADDON: Final = "aws:eks/addon:Addon"
_SWITCH: Final = "enableNetworkPolicy"
# Other networks that enforce policies by themselves.
_ENFORCERS: Final = ("cilium", "tigera-operator", "calico")


def _places(view: View, *, tenants: bool) -> list[tuple[Node, str]]:
    """Namespaces of tenants that hold workloads, or the others that serve: each with what a finding stands at, and its name."""
    named = {str(name_of(view, node)): node for node, _ in each_of(view, "core", "Namespace")}
    owned = {name for name, node in named.items() if isinstance(tenant_of(view, node), str)}
    unsure = {name for name, node in named.items() if tenant_of(view, node) is Unknown}
    inside = [each.node for each in (workloads(view) if tenants else serving(view))]
    if not tenants:
        inside += [node for node, _ in inference_components(view)]
    found: dict[str, Node] = {}
    for node in inside:
        place = namespace_of(view, node)
        if (
            isinstance(place, str)
            and not place.startswith("kube-")
            and place not in unsure
            and (place in owned) is tenants
        ):
            found.setdefault(place, named.get(place, node))
    return [(node, place) for place, node in found.items()]


def _without(
    kind: tuple[str, str], closes: Callable[[Any], bool], words: str, *, tenants: bool
) -> Callable[[View], Found]:
    def find(view: View) -> Found:
        having = [namespace_of(view, node) for node, given in each_of(view, *kind) if closes(given.get("spec"))]
        for node, place in _places(view, tenants=tenants):
            if place not in having and Unknown not in having:
                yield node, f"the namespace {place} {words}"

    return find


def _limits(spec: Any) -> bool:
    return spec is Unknown or bool(mapping(spec).get("hard"))


def _denies(spec: Any) -> bool:
    """Whether a NetworkPolicy lets nothing in that another one does not let in; also True where that is not known."""
    given = mapping(spec)
    types, selector = given.get("policyTypes"), given.get("podSelector")
    if spec is Unknown or Unknown in (types, selector, given.get("ingress")):
        return True
    chosen = any(mapping(selector).get(key) for key in ("matchLabels", "matchExpressions"))
    return not chosen and not listed(given.get("ingress")) and (types is None or "Ingress" in listed(types))


def _not_enforced(view: View) -> Found:
    policies = [node for node, _ in each_of(view, "networking.k8s.io", "NetworkPolicy")]
    others = any(chart is None or chart.startswith(_ENFORCERS) for _, chart, _ in charts(view))
    if not policies or others:
        return
    message = f"it does not enforce network policies, and there are {len(policies)}: they close nothing"
    for node, addon in view.each(_ADDON):
        if addon.get("addonName") == "vpc-cni" and _off(addon.get("configurationValues")):
            yield node, message
    for node, chart, values in charts(view):
        if chart == "aws-vpc-cni" and str(values.get(_SWITCH, "false")).casefold() == "false":
            yield node, message


def _off(values: Any) -> bool:
    """Whether the configuration of the add-on leaves enforcement off, as it is without a word. It is JSON; YAML is not judged."""
    if values is None:
        return True
    given = parsed(values)
    return isinstance(given, dict) and str(given.get(_SWITCH, "false")).casefold() == "false"


_FACTS = "facts readiness.md section 1 row"
_QUOTA, _POLICY = ("core", "ResourceQuota"), ("networking.k8s.io", "NetworkPolicy")
_NO_QUOTA = "has no quota: one workload may take all accelerators and all memory"
_OPEN = "has no policy that denies by default: every pod of the cluster may ask its models"
_WRITE_QUOTA = "Add a ResourceQuota, for instance of requests.nvidia.com/gpu and requests.memory."
_WRITE_POLICY = "Add a NetworkPolicy with an empty podSelector and policyTypes Ingress, and one that lets callers in."

RULES = (
    Rule(
        "ready-tenant-quota",
        "A tenant has a quota",
        f"{_FACTS} 35 (EKS best practices security/multitenancy)",
        _WRITE_QUOTA,
        _without(_QUOTA, _limits, _NO_QUOTA, tenants=True),
        "medium",
    ),
    Rule(
        "ready-tenant-network",
        "A tenant's pods are closed to other tenants",
        f"{_FACTS} 36 (EKS best practices security/network)",
        _WRITE_POLICY,
        _without(_POLICY, _denies, _OPEN, tenants=True),
    ),
    Rule(
        "ready-serving-quota",
        "In production a namespace that serves has a quota",
        f"{_FACTS} 35 (EKS best practices security/multitenancy)",
        _WRITE_QUOTA,
        _without(_QUOTA, _limits, _NO_QUOTA, tenants=False),
        "low",
        production=True,
    ),
    Rule(
        "ready-serving-network",
        "In production a namespace that serves is closed but to its callers",
        f"{_FACTS} 36 (EKS best practices security/network)",
        _WRITE_POLICY,
        _without(_POLICY, _denies, _OPEN, tenants=False),
        "medium",
        production=True,
    ),
    Rule(
        "ready-policies-enforced",
        "Network policies are enforced: Amazon's CNI does so only when it is told to",
        f"{_FACTS} 36 (prowler eks_cluster_vpc_cni_network_policy_enforced)",
        'Write configurationValues {"enableNetworkPolicy": "true"}.',
        _not_enforced,
    ),
)
