"""Whether what serves on Kubernetes survives the loss of a node, and lets nodes be replaced."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies.readiness.kubernetes import (
    Workload,
    each_of,
    inference_components,
    namespace_of,
    same,
    selects,
    serving,
)
from modelinfra.policies.readiness.scalers import least_replicas
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping, number

_PLACES: Final = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")


def _budgets(view: View, workload: Workload) -> list[tuple[Node, Mapping[str, Any], bool | None]]:
    """The disruption budgets that cover a workload, or may: None where that is not known."""
    found = []
    for node, given in each_of(view, "policy", "PodDisruptionBudget"):
        spec = mapping(given.get("spec"))
        near = same(namespace_of(view, node), namespace_of(view, workload.node))
        chosen = None if given.get("spec") is Unknown else selects(spec.get("selector"), workload.labels)
        if near is not False and chosen is not False:
            found.append((node, spec, True if near and chosen else None))
    return found


def _unguarded(view: View) -> Found:
    for workload in serving(view):
        least = least_replicas(view, workload)
        if least is not None and least >= 2 and not _budgets(view, workload):
            yield workload.node, "no disruption budget covers it: replacing nodes may take all of its replicas at once"


def _blocking(view: View) -> Found:
    for node, given in each_of(view, "policy", "PodDisruptionBudget"):
        spec = mapping(given.get("spec"))
        most, least = spec.get("maxUnavailable"), spec.get("minAvailable")
        if str(most) in ("0", "0%"):
            yield node, f"maxUnavailable is {most}: no pod may ever be moved, so no node is ever replaced"
        elif str(least) == "100%":
            yield node, "minAvailable is 100%: no pod may ever be moved, so no node is ever replaced"
        elif least is not None:
            for workload in serving(view):
                replicas = least_replicas(view, workload)
                covered = any(each is node and certain for each, _, certain in _budgets(view, workload))
                needed = _count(least, replicas)
                if covered and replicas and needed is not None and needed >= replicas:
                    yield (
                        node,
                        f"{needed:g} of the {replicas:g} replicas of {workload.node.name} must be there: its nodes are never replaced",
                    )


def _count(value: Any, replicas: float | None) -> float | None:
    if isinstance(value, str) and value.endswith("%"):
        share = number(value[:-1])
        # Kubernetes rounds a share up.
        return None if share is None or replicas is None else math.ceil(share * replicas / 100)
    return number(value)


def _few(view: View) -> Found:
    for workload in serving(view):
        least = least_replicas(view, workload)
        if least is not None and least < 2:
            yield workload.node, _words(least)
    for node, component in inference_components(view):
        given = component.get("minReplicas")
        least = number(1 if given is None else given)
        if least is not None and least < 2:
            yield node, _words(least)


def _words(least: float) -> str:
    return f"{least:g} {'replica is' if least == 1 else 'replicas are'} all that there may be"


def _together(view: View) -> Found:
    for workload in serving(view):
        least = least_replicas(view, workload)
        given = (workload.pod.get("topologySpreadConstraints"), workload.pod.get("affinity"))
        if least is None or least < 2 or Unknown in given or not workload.pod:
            continue
        keys = [mapping(each).get("topologyKey") for each in listed(given[0])]
        apart = mapping(mapping(given[1]).get("podAntiAffinity"))
        for each in listed(apart.get("requiredDuringSchedulingIgnoredDuringExecution")):
            keys.append(mapping(each).get("topologyKey"))
        for each in listed(apart.get("preferredDuringSchedulingIgnoredDuringExecution")):
            keys.append(mapping(mapping(each).get("podAffinityTerm")).get("topologyKey"))
        if Unknown not in (*keys, *apart.values()) and not set(_PLACES) & set(keys):
            yield workload.node, "nothing keeps its replicas apart: one node or zone may hold all of them"


_FACTS = "facts readiness.md section 1 row"
_BEST = "EKS best practices"

RULES = (
    Rule(
        "ready-pod-budget",
        "A disruption budget keeps replicas while nodes are replaced",
        f"{_FACTS} 31 ({_BEST} reliability/application)",
        "Add a PodDisruptionBudget with maxUnavailable 1 and the labels of its pods.",
        _unguarded,
        "medium",
    ),
    Rule(
        "ready-pod-budget-blocks",
        "A disruption budget allows one disruption at least: a node whose pod is not gone in 15 minutes fails the update of its group",
        f"{_FACTS} 31, section 2 row 14 (EKS user guide managed-node-update-behavior)",
        "Write maxUnavailable 1, or more replicas than minAvailable.",
        _blocking,
        "medium",
    ),
    Rule(
        "ready-pod-replicas",
        "In production two replicas serve at least",
        f"{_FACTS} 1, 31",
        "Write replicas 2, or a minimum of 2 where a scaler counts them.",
        _few,
        "medium",
        production=True,
    ),
    Rule(
        "ready-pod-spread",
        "Replicas are spread over nodes or zones",
        f"{_FACTS} 34 ({_BEST} reliability/dataplane)",
        f"Write topologySpreadConstraints over {_PLACES[0]} or {_PLACES[1]}.",
        _together,
        "medium",
    ),
)
