"""Small look-ups that rules about Kubernetes share. What is not known is None, and no rule judges it.

Kinds are found by group and name, whatever their version, so that custom resources of another version are found, too. Not looked
into: patches (`...Patch`), lists (`...List`), and what a chart or a file of YAML becomes in the cluster.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.catalog.gpu_sharing import SHARED
from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown
from modelinfra.policies.view import View, listed, mapping

ACCELERATORS: Final = ("nvidia.com/", "aws.amazon.com/neuron")
"""How the names of resources begin that stand for an accelerator (MIG slices are nvidia.com/mig-...)."""

_OTHER_NVIDIA: Final = ("nvidia.com/gpu.",)  # labels of nodes, not resources
_POD_OWNERS: Final = (
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("batch", "Job"),
)

_QUANTITY: Final = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi|)")
_SUFFIXES: Final = {
    "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50,
}  # fmt: skip


@dataclass(frozen=True)
class Workload:
    """What makes pods. pod: a PodSpec; labels: those of its pods, Unknown where they are known later."""

    node: Node
    kind: str
    pod: Mapping[str, Any]
    labels: Any
    spec: Mapping[str, Any]


def each_of(view: View, group: str, kind: str) -> Iterator[tuple[Node, dict[str, Any]]]:
    """Every object of a kind, in any version of its group (`core` for what has none)."""
    for token in view.types():
        parts = token.split(":")
        if len(parts) == 3 and parts[0] == "kubernetes" and parts[2] == kind and parts[1].split("/")[0] == group:
            yield from view.each(token)


def name_of(view: View, node: Node) -> Any:
    """The name in the cluster; Unknown where nobody knows it yet."""
    for given in (view.inputs(node), node.outputs):
        name = mapping(given.get("metadata")).get("name")
        if name is not None:
            return name
    return Unknown


def namespace_of(view: View, node: Node) -> Any:
    """The namespace that an object is in. Without one it is the provider's, else `default`."""
    metadata = view.inputs(node).get("metadata")
    if metadata is Unknown:
        return Unknown
    given = mapping(metadata).get("namespace")
    if given is not None:
        return given
    provider = view.graph.nodes.get(node.provider.rpartition("::")[0])
    return (view.inputs(provider).get("namespace") if provider is not None else None) or "default"


def labels_of(view: View, node: Node) -> Any:
    """The labels of an object itself, a mapping or Unknown."""
    return _within(view.inputs(node).get("metadata"), "labels")


def annotations_of(view: View, node: Node) -> Any:
    """The annotations of an object itself, a mapping or Unknown."""
    return _within(view.inputs(node).get("metadata"), "annotations")


def same(left: Any, right: Any) -> bool | None:
    """Whether two values are equal; None when one of them is not known."""
    return None if Unknown in (left, right) else left == right


def selects(selector: Any, labels: Any) -> bool | None:
    """Whether a LabelSelector selects what has these labels. An empty one selects all, none at all selects nothing."""
    if selector is Unknown or labels is Unknown:
        return None
    if selector is None:
        return False
    found = [
        same(mapping(labels).get(key), value) for key, value in mapping(mapping(selector).get("matchLabels")).items()
    ]
    found += [_expressed(mapping(each), mapping(labels)) for each in listed(mapping(selector).get("matchExpressions"))]
    if Unknown in mapping(selector).values():
        found.append(None)
    return False if False in found else None if None in found else True


def _expressed(expression: Mapping[str, Any], labels: Mapping[str, Any]) -> bool | None:
    key, operator, values = (expression.get(each) for each in ("key", "operator", "values"))
    if Unknown in (key, operator, values, *listed(values)) or labels.get(str(key)) is Unknown:
        return None
    has = key in labels
    if operator in ("In", "NotIn"):
        return (has and labels[str(key)] in listed(values)) is (operator == "In")
    return has is (operator == "Exists")


def workloads(view: View) -> Iterator[Workload]:
    """Deployments, StatefulSets, DaemonSets, Jobs, CronJobs, Pods, and the components of InferenceServices that say what they run."""
    for group, kind in _POD_OWNERS:
        for node, given in each_of(view, group, kind):
            yield _owner(node, kind, mapping(given.get("spec")))
    for node, given in each_of(view, "batch", "CronJob"):
        yield _owner(node, "CronJob", mapping(mapping(mapping(given.get("spec")).get("jobTemplate")).get("spec")))
    for node, given in each_of(view, "core", "Pod"):
        yield Workload(node, "Pod", mapping(given.get("spec")), labels_of(view, node), mapping(given.get("spec")))
    for node, component in inference_components(view):
        yield Workload(node, "InferenceService", _predictor_pod(component), Unknown, component)


def inference_components(view: View) -> Iterator[tuple[Node, Mapping[str, Any]]]:
    """Predictor, transformer and explainer of every InferenceService."""
    for node, given in each_of(view, "serving.kserve.io", "InferenceService"):
        for key in ("predictor", "transformer", "explainer"):
            component = mapping(given.get("spec")).get(key)
            if isinstance(component, Mapping):
                yield node, component


def _owner(node: Node, kind: str, spec: Mapping[str, Any]) -> Workload:
    template = spec.get("template")
    return Workload(
        node, kind, mapping(mapping(template).get("spec")), _within(mapping(template).get("metadata"), "labels"), spec
    )


def _predictor_pod(component: Mapping[str, Any]) -> Mapping[str, Any]:
    # The model, or a framework by its name (sklearn, triton, ...), is a container; the rest of a PodSpec stands beside it.
    inner = [
        each
        for each in component.values()
        if isinstance(each, Mapping) and ("resources" in each or "storageUri" in each)
    ]
    return {**component, "containers": [*inner, *listed(component.get("containers"))]}


def containers(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The containers of a PodSpec without those that run before them."""
    return [each for each in listed(pod.get("containers")) if isinstance(each, Mapping)]


def quantity(value: Any) -> Any:
    """A quantity as a number, such as 1Gi and 1024Mi as the same one; what is no quantity as it is."""
    found = _QUANTITY.fullmatch(str(value))
    return float(found[1]) * _SUFFIXES[found[2]] if found else value


def resource(container: Mapping[str, Any], kind: str) -> Any:
    """`limits` or `requests` of a container, a mapping or Unknown."""
    return _within(container.get("resources"), kind)


def accelerators(container: Mapping[str, Any]) -> dict[str, Any]:
    """The accelerators that a container asks for: name of the resource -> how many, by its limits, else its requests."""
    found: dict[str, Any] = {}
    for kind in ("requests", "limits"):
        found |= {
            str(key): value
            for key, value in mapping(resource(container, kind)).items()
            if str(key).startswith(ACCELERATORS)
            and (str(key) == SHARED or not str(key).startswith(_OTHER_NVIDIA))
            and str(value) != "0"
        }
    return found


def accelerated(pod: Mapping[str, Any]) -> set[str]:
    """The names of the resources for accelerators that a pod asks for."""
    return {
        key
        for container in (*containers(pod), *map(mapping, listed(pod.get("initContainers"))))
        for key in accelerators(container)
    }


def tolerates(pod: Mapping[str, Any], taint: Mapping[str, Any]) -> bool | None:
    """Whether a pod may run in spite of a taint (key, value, effect); None where something is not known."""
    given = pod.get("tolerations")
    if given is Unknown or Unknown in taint.values():
        return None
    # ExtendedResourceToleration, which EKS switches on, tolerates a taint that is named like a resource the pod asks for.
    if taint.get("effect") in ("PreferNoSchedule", "PREFER_NO_SCHEDULE") or taint.get("key") in accelerated(pod):
        return True
    answers = [_tolerated(mapping(each), taint) if isinstance(each, Mapping) else None for each in listed(given)]
    return True if True in answers else None if None in answers else False


def _tolerated(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool | None:
    if Unknown in toleration.values():
        return None
    effect = str(taint.get("effect", "")).replace("_", "").casefold()
    if toleration.get("effect") and str(toleration["effect"]).casefold() != effect:
        return False
    if toleration.get("operator") == "Exists":
        return not toleration.get("key") or toleration["key"] == taint.get("key")
    return toleration.get("key") == taint.get("key") and (toleration.get("value") or "") == (taint.get("value") or "")


def serving(view: View) -> Iterator[Workload]:
    """Deployments and StatefulSets that answer requests: a Service selects their pods, a container has a port that is not
    for metrics, or one asks for an accelerator."""
    services = [(node, mapping(given.get("spec")).get("selector")) for node, given in each_of(view, "core", "Service")]
    for workload in workloads(view):
        if workload.kind not in ("Deployment", "StatefulSet"):
            continue
        selected = any(
            chosen
            and same(namespace_of(view, service), namespace_of(view, workload.node))
            and selects({"matchLabels": chosen}, workload.labels)
            for service, chosen in services
            if isinstance(chosen, Mapping)
        )
        if selected or any(map(listens, containers(workload.pod))) or accelerated(workload.pod):
            yield workload


def listens(container: Mapping[str, Any]) -> bool:
    """Whether a container declares a port for more than metrics."""
    return any("metrics" not in str(mapping(port).get("name", "")) for port in listed(container.get("ports")))


def serving_containers(workload: Workload) -> list[Mapping[str, Any]]:
    """The containers that answer: those that listen or ask for an accelerator, else the first one."""
    known = containers(workload.pod)
    return [each for each in known if listens(each) or accelerators(each)] or known[:1]


def charts(view: View) -> Iterator[tuple[Node, str | None, Mapping[str, Any]]]:
    """Every Helm chart: its last name (None where it is not known) and its values."""
    for kind in ("Release", "Chart"):
        for node, given in each_of(view, "helm.sh", kind):
            chart = given.get("chart")
            name = chart.rstrip("/").rpartition("/")[2] if isinstance(chart, str) else None
            yield node, name, mapping(given.get("values"))


def texts(value: Any) -> Iterable[str]:
    """Every text and key within a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner)


def _within(value: Any, key: str) -> Any:
    inner = Unknown if value is Unknown else mapping(value).get(key)
    return {} if inner is None else inner
