"""Whether Karpenter's NodePools have limits, leave busy nodes alone, and find capacity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.catalog.instance_types import instance_type, instance_types
from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies.readiness.kubernetes import each_of
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping

_TYPE, _ZONE = "node.kubernetes.io/instance-type", "topology.kubernetes.io/zone"
_CAPACITY = "karpenter.sh/capacity-type"
_FAMILY = ("karpenter.k8s.aws/instance-family", "eks.amazonaws.com/instance-family")
_DEVICE: Final = ("instance-gpu-", "instance-accelerator-")


def _pools(view: View) -> Iterator[tuple[Node, Mapping[str, Any]]]:
    for node, given in each_of(view, "karpenter.sh", "NodePool"):
        if isinstance(given.get("spec"), Mapping):
            yield node, given["spec"]


def _template(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(mapping(spec.get("template")).get("spec"))


def _wanted(spec: Mapping[str, Any], keys: tuple[str, ...]) -> list[Any] | None:
    """The values that a requirement of a pool names; None where it names none, or some are not known."""
    given = _template(spec).get("requirements")
    for each in map(mapping, listed(given)):
        if each.get("key") in keys and each.get("operator") == "In" and Unknown not in listed(each.get("values")):
            return listed(each.get("values"))
    return None


def _accelerated(spec: Mapping[str, Any]) -> bool:
    """Whether the nodes of a pool certainly have accelerators."""
    requirements = [mapping(each) for each in listed(_template(spec).get("requirements"))]
    asked = any(
        str(each.get("key")).partition("/")[2].startswith(_DEVICE)
        and each.get("operator") in ("In", "Gt", "Gte", "Exists")
        for each in requirements
    )
    types = [instance_type(str(each)) for each in _wanted(spec, (_TYPE,)) or ()]
    families = _wanted(spec, _FAMILY) or []
    known = {each.name.partition(".")[0] for each in instance_types().values() if each.accelerator}
    return (
        asked
        or (bool(types) and all(each is not None and each.accelerator for each in types))
        or (bool(families) and set(map(str, families)) <= known)
    )


def accelerated_pools(view: View) -> list[tuple[Node, Any]]:
    """The NodePools whose nodes have accelerators, each with its taints."""
    return [(node, _template(spec).get("taints")) for node, spec in _pools(view) if _accelerated(spec)]


def _endless(view: View) -> Found:
    for node, spec in _pools(view):
        if not spec.get("limits") and spec.get("limits") is not Unknown and spec.get("replicas") is None:
            yield node, "it has no limits: what waits for a node gets one, whatever it costs"


def _restless(view: View) -> Found:
    for node, spec in _pools(view):
        disruption = spec.get("disruption")
        if not _accelerated(spec) or disruption is Unknown:
            continue
        policy = mapping(disruption).get("consolidationPolicy", "WhenEmptyOrUnderutilized")
        after = mapping(disruption).get("consolidateAfter")
        if policy not in ("WhenEmpty", Unknown):
            yield (
                node,
                f"consolidationPolicy is {policy}: pods are moved while they serve, and each move loads a model anew",
            )
        elif after is None or after == "0s":
            yield (
                node,
                "without consolidateAfter an accelerator is given back as soon as it is free, and is hard to get again",
            )


def _unbounded(view: View) -> Found:
    for node, spec in _pools(view):
        budgets = mapping(spec.get("disruption")).get("budgets")
        if _accelerated(spec) and spec.get("disruption") is not Unknown and not budgets and budgets is not Unknown:
            yield node, "it has no budgets: how many of its nodes are replaced at once is left to the default of 10 %"


def _one_type(view: View) -> Found:
    for node, spec in _pools(view):
        types = _wanted(spec, (_TYPE,))
        if "reserved" in (_wanted(spec, (_CAPACITY,)) or ()):
            continue  # of what is reserved there is as much as was paid for, of one type
        if types is not None and len(set(map(str, types))) == 1:
            yield node, f"when {types[0]} runs out it has no node"


def _one_zone(view: View) -> Found:
    pools = list(_pools(view))
    zones = [_wanted(spec, (_ZONE,)) for _, spec in pools]
    named = {str(zone) for each in zones if each is not None for zone in each}
    if pools and None not in zones and len(named) == 1:
        yield pools[0][0], f"all of the NodePools' nodes are in {named.pop()}"


_FACTS = "facts readiness.md section 1 row"

RULES = (
    Rule(
        "ready-pool-limits",
        "A NodePool has limits that somebody could pay",
        f"{_FACTS} 29; issue 4 of this project: GPU node pool without a limit",
        "Write limits, such as nvidia.com/gpu 8 or cpu 200.",
        _endless,
        "medium",
    ),
    Rule(
        "ready-pool-consolidation",
        "Nodes with accelerators are taken away when they are empty, and not at once",
        f"{_FACTS} 29, section 2 row 20 (EKS best practices aiml_compute)",
        "Write consolidationPolicy WhenEmpty and consolidateAfter, such as 30m.",
        _restless,
        "medium",
    ),
    Rule(
        "ready-pool-budgets",
        "A NodePool with accelerators says how many nodes may be replaced at once",
        f"{_FACTS} 29 (Karpenter: disruption)",
        'Write disruption.budgets, such as nodes "1".',
        _unbounded,
        "low",
    ),
    Rule(
        "ready-pool-types",
        "A NodePool may choose among several instance types",
        f"{_FACTS} 27 (EKS best practices aiml_compute)",
        "Name more instance types that fit, or a family.",
        _one_type,
        "medium",
    ),
    Rule(
        "ready-pool-zones",
        "The NodePools of a cluster cover two zones at least",
        f"{_FACTS} 27 (EKS best practices reliability/dataplane)",
        "Name more zones, or add a NodePool of another zone.",
        _one_zone,
        "medium",
    ),
)
