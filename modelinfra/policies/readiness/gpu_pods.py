"""Whether pods that ask for accelerators get them: requests, tolerations, the device plugin, and who shares them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.catalog.instance_types import instance_type
from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies.readiness.karpenter import accelerated_pools
from modelinfra.policies.readiness.kubernetes import (
    Workload,
    accelerated,
    accelerators,
    charts,
    containers,
    each_of,
    labels_of,
    name_of,
    namespace_of,
    quantity,
    resource,
    texts,
    tolerates,
    workloads,
)
from modelinfra.policies.readiness.nodes import NODES
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping

TENANT: Final = ("tenant", "modelinfra.dev/tenant")
"""Labels of a namespace that say whose it is."""

_ADDON: Final = "aws:eks/addon:Addon"
_PLUGIN, _OPERATOR = "nvidia-device-plugin", "gpu-operator"
# What a graph holds as a file or a module, of which it does not say what becomes of it.
_OPAQUE: Final = (("yaml", "ConfigFile"), ("yaml", "ConfigGroup"), ("kustomize", "Directory"))


def asking(view: View) -> Iterator[tuple[Workload, set[str]]]:
    """What asks for an accelerator, and for which resources."""
    for workload in workloads(view):
        found = accelerated(workload.pod)
        if found:
            yield workload, found


def _uneven(view: View) -> Found:
    for workload, _ in asking(view):
        for container in containers(workload.pod):
            limits, requests = (resource(container, kind) for kind in ("limits", "requests"))
            for name in sorted(accelerators(container)):
                limit, request = mapping(limits).get(name), mapping(requests).get(name)
                if Unknown in (limits, requests, limit, request):
                    continue
                if limit is None:
                    yield workload.node, f"{container.get('name')} requests {name} and has no limit of it"
                elif request is not None and quantity(request) != quantity(limit):
                    yield (
                        workload.node,
                        f"{container.get('name')} requests {request} of {name} and its limit is {limit}",
                    )


def accelerated_groups(view: View) -> list[tuple[Node, dict[str, Any]]]:
    """Node groups of EKS all of whose instance types have accelerators."""
    found = []
    for node, group in view.each(NODES):
        types = [instance_type(each) if isinstance(each, str) else None for each in listed(group.get("instanceTypes"))]
        if types and all(each is not None and each.accelerator for each in types):
            found.append((node, group))
    return found


def _kept_out(view: View) -> Found:
    places = [(node.name, group.get("taints")) for node, group in accelerated_groups(view)]
    places += [(node.name, taints) for node, taints in accelerated_pools(view)]
    for workload, _ in asking(view):
        answers = {name: _bears(workload.pod, taints) for name, taints in places}
        if answers and set(answers.values()) == {False}:
            yield (
                workload.node,
                f"its pods tolerate the taints of none of {', '.join(sorted(answers))}, and wait for ever",
            )


def _bears(pod: Mapping[str, Any], taints: Any) -> bool | None:
    if taints is Unknown:
        return None
    answers = [tolerates(pod, mapping(each)) if isinstance(each, Mapping) else None for each in listed(taints)]
    return False if False in answers else None if None in answers else True


def _plugins(view: View) -> list[Node]:
    """What makes nvidia.com/gpu known to Kubernetes."""
    found = []
    for node, given in each_of(view, "apps", "DaemonSet"):
        pod = mapping(mapping(mapping(given.get("spec")).get("template")).get("spec"))
        if any(
            "k8s-device-plugin" in str(each.get("image")) and "nvidia" in str(each.get("image"))
            for each in containers(pod)
        ):
            found.append(node)
    for node, chart, values in charts(view):
        switched = mapping(values.get("devicePlugin")).get("enabled", True)
        if chart == _PLUGIN or (chart == _OPERATOR and switched is True):
            found.append(node)
    return found


def _no_plugin(view: View) -> Found:
    hidden = any(next(each_of(view, *kind), None) for kind in _OPAQUE)
    unsure = any(
        chart is None or mapping(values.get("devicePlugin")).get("enabled") is Unknown
        for _, chart, values in charts(view)
    )
    # An add-on may bring one; none that does is known here, so that any that could is taken for one.
    unsure = unsure or any(
        addon.get("addonName") is Unknown or "nvidia" in str(addon.get("addonName")) for _, addon in view.each(_ADDON)
    )
    # Only these images hold none; Bottlerocket and Auto Mode do, and of Karpenter's nodes a graph may not say.
    bare = [
        node
        for node, group in accelerated_groups(view)
        if str(group.get("amiType")).startswith(("AL2_x86_64_GPU", "AL2023_x86_64_NVIDIA", "AL2023_ARM_64_NVIDIA"))
    ]
    wanting = [each for each, names in asking(view) if any(name.startswith("nvidia.com/") for name in names)]
    if bare and wanting and not hidden and not unsure and not _plugins(view):
        yield bare[0], "nothing here tells Kubernetes of its GPUs: pods that ask for one wait for ever"


def _plugin_twice(view: View) -> Found:
    for again in _plugins(view)[1:]:
        yield again, f"{_plugins(view)[0].name} installs the device plugin already: both answer for the same GPUs"
    rocket = [node for node, group in accelerated_groups(view) if str(group.get("amiType")).startswith("BOTTLEROCKET_")]
    others = [node for node, _ in accelerated_groups(view) if node not in rocket]
    for node in _plugins(view)[:1]:
        if rocket and not others and not accelerated_pools(view):
            yield node, f"Bottlerocket, which {rocket[0].name} runs, has a device plugin of its own"


def tenant_of(view: View, namespace: Node) -> Any:
    """Whose a namespace is: the value of its label, None without one, Unknown where that is known later."""
    labels = labels_of(view, namespace)
    return Unknown if labels is Unknown else next((labels[key] for key in TENANT if key in labels), None)


def _shared(view: View) -> Found:
    owners = {str(name_of(view, node)): tenant_of(view, node) for node, _ in each_of(view, "core", "Namespace")}
    tenants = {owners.get(str(namespace_of(view, workload.node))) for workload, _ in asking(view)}
    known = sorted(each for each in tenants if isinstance(each, str))
    if len(known) < 2:
        return
    slicing = [(node, given.get("data")) for node, given in each_of(view, "core", "ConfigMap")]
    slicing += [(node, values) for node, _, values in charts(view)]
    for node, data in slicing:
        if any("timeSlicing" in text for text in texts(data)):
            yield node, f"it lets {', '.join(known)} share GPUs in turns: nothing keeps one out of another's memory"


_FACTS = "facts readiness.md section 1 row"

RULES = (
    Rule(
        "ready-gpu-requests",
        "Accelerators are given whole: requests equal limits, or Kubernetes refuses the pod",
        f"{_FACTS} 35 (Kubernetes: schedule GPUs; EKS best practices reliability/dataplane)",
        "Write accelerators in limits only, or the same in both.",
        _uneven,
    ),
    Rule(
        "ready-gpu-toleration",
        "Pods that ask for an accelerator may run where there is one",
        f"{_FACTS} 28; EKS switches ExtendedResourceToleration on, so a taint that is named like the resource needs none (EKS platform versions)",
        "Add a toleration of the taint, or give the taint the name of the resource, such as nvidia.com/gpu.",
        _kept_out,
    ),
    Rule(
        "ready-gpu-plugin",
        "A device plugin tells Kubernetes of the GPUs of a node",
        f"{_FACTS} 28; facts serving.md section 3a (Amazon Linux has none)",
        f"Install the chart {_PLUGIN} or {_OPERATOR}; if another stack does, make an exception with that reason.",
        _no_plugin,
    ),
    Rule(
        "ready-gpu-plugin-once",
        "There is one device plugin for GPUs",
        f"{_FACTS} 28; facts serving.md section 3a (Bottlerocket has one)",
        f"Keep one of them; {_OPERATOR} takes devicePlugin.enabled false.",
        _plugin_twice,
        "medium",
    ),
    Rule(
        "ready-gpu-sharing",
        "Tenants do not share a GPU by time-slicing, which keeps no memory apart",
        "facts demand.md section 1 row 19; facts serving.md section 3a",
        "Give each tenant GPUs of its own, or slices of hardware (MIG).",
        _shared,
    ),
)
