"""Whether what scales on Kubernetes follows its load, wakes up again, and has one owner of each count."""

from __future__ import annotations

from modelinfra.graph.values import Unknown
from modelinfra.policies.readiness.kubernetes import (
    accelerated,
    inference_components,
    workloads,
)
from modelinfra.policies.readiness.scalers import BUSY, STANDARD, autoscaler_class, mode, scalers, scalers_of
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, number


def _by_cpu(view: View) -> Found:
    for workload in workloads(view):
        if not accelerated(workload.pod):
            continue
        for scaler in scalers_of(view, workload):
            if scaler.signals and scaler.signals <= BUSY:
                what = " and ".join(sorted(scaler.signals))
                yield (
                    scaler.node,
                    f"it scales {workload.node.name} by {what}, which says nothing of how busy an accelerator is",
                )
        if workload.kind == "InferenceService":
            metric = workload.spec.get("scaleMetric")
            unsaid = metric is None and workload.spec.get("autoScaling") is None
            standard = mode(view, workload.node) in STANDARD and autoscaler_class(view, workload.node) == "hpa"
            if metric in BUSY or (unsaid and standard):
                yield workload.node, f"it scales by {metric or 'cpu'}, which says nothing of how busy an accelerator is"


def _two_owners(view: View) -> Found:
    for workload in workloads(view):
        if workload.kind not in ("Deployment", "StatefulSet") or workload.spec.get("replicas") is None:
            continue
        kept = {each.split("[")[0] for each in workload.node.ignore_changes}
        owners = scalers_of(view, workload)
        if owners and not kept & {"spec", "spec.replicas", "*"}:
            yield (
                workload.node,
                f"it states its replicas, and {owners[0].node.name} counts them: each deployment sets them back",
            )


def _never_wakes(view: View) -> Found:
    for scaler in scalers(view):
        keda = scaler.node.type.endswith(":ScaledObject")
        if scaler.least != 0 or scaler.signals is None:
            continue
        if keda and scaler.signals <= BUSY:
            yield (
                scaler.node,
                f"it may go to 0, and {' and '.join(sorted(scaler.signals)) or 'nothing'} says nothing there",
            )
        elif not keda and not scaler.signals & {"Object", "External"}:
            yield scaler.node, f"it may go to 0, and {' and '.join(sorted(scaler.signals))} says nothing there"
    for node, component in inference_components(view):
        sleeping = number(component.get("minReplicas")) == 0
        # With keda or external another scaler wakes it, which is judged where it is in the graph.
        if sleeping and mode(view, node) in STANDARD and autoscaler_class(view, node) in ("hpa", "none"):
            yield node, f"it may go to 0 in the mode {mode(view, node)}, in which no request wakes it"


def _whole_rollout(view: View) -> Found:
    for node, component in inference_components(view):
        share = component.get("canaryTrafficPercent")
        if share not in (None, Unknown) and mode(view, node) in STANDARD:
            yield (
                node,
                f"canaryTrafficPercent {share} is ignored in the mode {mode(view, node)}: all requests go to the new model at once",
            )


def _counted_twice(view: View) -> Found:
    for workload in workloads(view):
        owners = scalers_of(view, workload)
        for again in owners[1:]:
            yield again.node, f"{owners[0].node.name} scales {workload.node.name}, too: they undo each other's counts"


RULES = (
    Rule(
        "ready-gpu-scaling",
        "What serves on an accelerator is scaled by its queue or its latency",
        "facts demand.md section 1 row 1; KServe's HPA knows CPU and memory only",
        "Scale on waiting requests or latency, for instance with a ScaledObject and a prometheus trigger.",
        _by_cpu,
        "medium",
    ),
    Rule(
        "ready-scaler-owns",
        "A count has one owner: the scaler",
        "facts demand.md section 1 row 3",
        'Leave replicas away, or add ignore_changes=["spec.replicas"].',
        _two_owners,
        "medium",
    ),
    Rule(
        "ready-scaler-once",
        "One scaler counts the replicas of a workload",
        "facts demand.md section 1 row 3; KEDA: a ScaledObject makes an HPA of its own",
        "Keep one of them, with the metrics of both.",
        _counted_twice,
        "medium",
    ),
    Rule(
        "ready-pod-wake",
        "What scales to zero has something that wakes it",
        "facts demand.md section 1 row 2; KEDA: CPU and memory alone do not scale from 0; facts serving.md section 1e (no scale from zero in Standard)",
        "Add a trigger that counts requests or a queue, or write a minimum of 1.",
        _never_wakes,
    ),
    Rule(
        "ready-canary-mode",
        "A canary is written as the mode of its InferenceService reads it",
        "facts demand.md section 1 row 8 (kserve#5335, #4074; website#734: spec.canary from KServe 0.20)",
        "Write spec.canary, which KServe 0.20 and newer read in this mode, or use the mode Knative.",
        _whole_rollout,
        "medium",
    ),
)
