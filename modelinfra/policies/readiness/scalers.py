"""What scales a workload on Kubernetes, and how few replicas there may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies.readiness.kubernetes import (
    Workload,
    annotations_of,
    charts,
    each_of,
    name_of,
    namespace_of,
    same,
)
from modelinfra.policies.view import View, listed, mapping, number

BUSY: Final = frozenset({"cpu", "memory"})
"""What a replica uses, which says little of a model on an accelerator and nothing of no replica at all."""
STANDARD: Final = frozenset({"Standard", "RawDeployment"})
"""KServe's mode without Knative, by its name of today and by the older one."""
_MODE: Final = "serving.kserve.io/deploymentMode"


@dataclass(frozen=True)
class Scaler:
    """A HorizontalPodAutoscaler or a ScaledObject. least: None where it is not known. signals: None where one is not known."""

    node: Node
    reference: Any
    least: float | None
    signals: frozenset[str] | None


def scalers(view: View) -> Iterator[Scaler]:
    """Every scaler of the graph."""
    for node, given in each_of(view, "autoscaling", "HorizontalPodAutoscaler"):
        if given.get("spec") is Unknown:
            yield Scaler(node, Unknown, None, None)
            continue
        spec = mapping(given.get("spec"))
        yield Scaler(node, spec.get("scaleTargetRef"), number(_given(spec, "minReplicas", 1)), _metrics(spec))
    for node, given in each_of(view, "keda.sh", "ScaledObject"):
        if given.get("spec") is Unknown:
            yield Scaler(node, Unknown, None, None)
            continue
        spec = mapping(given.get("spec"))
        triggers = spec.get("triggers")
        kinds = None if triggers is Unknown else [mapping(each).get("type", Unknown) for each in listed(triggers)]
        yield Scaler(node, spec.get("scaleTargetRef"), number(_given(spec, "minReplicaCount", 0)), _known(kinds))


def scalers_of(view: View, workload: Workload) -> list[Scaler]:
    """The scalers that certainly scale a workload."""
    return [each for each in scalers(view) if _scales(view, each, workload)]


def least_replicas(view: View, workload: Workload) -> float | None:
    """How few replicas there may be: the least of the scaler, else `replicas`. None where it is not known."""
    answers = [(each, _scales(view, each, workload)) for each in scalers(view)]
    if any(answer is None for _, answer in answers):
        return None
    found = [each.least for each, answer in answers if answer]
    if found:
        return None if None in found else min(each for each in found if each is not None)
    return number(_given(workload.spec, "replicas", 1))


def mode(view: View, service: Node) -> str | None:
    """The mode of an InferenceService: its annotation, else what a chart of KServe in the graph says. None where nothing says it."""
    annotations = annotations_of(view, service)
    own = Unknown if annotations is Unknown else annotations.get(_MODE)
    if own is not None:
        return own if isinstance(own, str) else None
    for _, chart, values in charts(view):
        installed = mapping(mapping(values.get("kserve")).get("controller")).get("deploymentMode")
        if (chart or "").startswith("kserve") and isinstance(installed, str):
            return installed
    return None


def autoscaler_class(view: View, service: Node) -> str | None:
    """What an InferenceService in Standard mode is scaled by: hpa unless it says keda, external or none. None where it is not known."""
    annotations = annotations_of(view, service)
    given = None if annotations is Unknown else annotations.get("serving.kserve.io/autoscalerClass", "hpa")
    return given if isinstance(given, str) else None


def _scales(view: View, scaler: Scaler, workload: Workload) -> bool | None:
    reference = mapping(scaler.reference)
    if scaler.reference is not Unknown and reference.get("kind", "Deployment") not in (workload.kind, Unknown):
        return False
    near = same(namespace_of(view, scaler.node), namespace_of(view, workload.node))
    named = None if scaler.reference is Unknown else same(reference.get("name"), name_of(view, workload.node))
    if near is False or named is False:
        return False
    if named is None and workload.node.urn in scaler.node.property_deps.get("spec", ()):
        return True
    return True if near and named else None


def _metrics(spec: Mapping[str, Any]) -> frozenset[str] | None:
    if "targetCPUUtilizationPercentage" in spec:  # autoscaling/v1
        return frozenset({"cpu"})
    given = spec.get("metrics")
    if given is Unknown:
        return None
    kinds: list[Any] = []
    for metric in map(mapping, listed(given)):
        kind = metric.get("type", Unknown)
        inner = mapping(metric.get("resource" if kind == "Resource" else "containerResource"))
        kinds.append(inner.get("name", Unknown) if kind in ("Resource", "ContainerResource") else kind)
    return _known(kinds or ["cpu"])  # without metrics it is 80 % of the CPU


def _known(kinds: list[Any] | None) -> frozenset[str] | None:
    return None if kinds is None or not all(isinstance(each, str) for each in kinds) else frozenset(kinds)


def _given(spec: Mapping[str, Any], key: str, default: Any) -> Any:
    value = spec.get(key)
    return default if value is None else value
