"""On which accelerators a component runs, as far as its resources say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.catalog.accelerators import Accelerator, accelerator
from modelinfra.catalog.gpu_sharing import ACCELERATOR, MEMORY, SHARED, part_of
from modelinfra.catalog.instance_types import instance_type, instance_types
from modelinfra.graph.cost_fargate import ON_DEMAND, SERVICE, SPOT, strategies_of
from modelinfra.graph.cost_instances import types_of_group
from modelinfra.graph.cost_managed import launch_template, types_of
from modelinfra.graph.cost_view import CostView, number
from modelinfra.graph.model import Node
from modelinfra.graph.values import has_unknown, listed, mapping
from modelinfra.policies.readiness.kubernetes import accelerators
from modelinfra.review.served import GPU, LATER, Container, NotKnownError
from modelinfra.review.services import TASK

_SAGEMAKER: Final = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
_PROVIDER: Final = "aws:ecs/capacityProvider:CapacityProvider"
_GROUP: Final = "aws:autoscaling/group:Group"

# Labels of Kubernetes, Karpenter and EKS Auto Mode (documentation of each), and those of NVIDIA's feature discovery.
_TYPES: Final = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
_FAMILIES: Final = ("karpenter.k8s.aws/instance-family", "eks.amazonaws.com/instance-family")
_NAMES: Final = ("karpenter.k8s.aws/instance-gpu-name", "eks.amazonaws.com/instance-gpu-name")
_PRODUCT: Final = "nvidia.com/gpu.product"
_PRODUCTS: Final = {
    "Tesla-T4": "T4", "NVIDIA-A10G": "A10G", "NVIDIA-L4": "L4", "NVIDIA-L40S": "L40S", "NVIDIA-A100-SXM4-40GB": "A100-40GB",
    "NVIDIA-A100-SXM4-80GB": "A100-80GB", "NVIDIA-H100-80GB-HBM3": "H100", "NVIDIA-H200": "H200",
}  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """device: None where the resources do not say it. count: how many one replica may use at the most, None where nothing says it.
    managed: whether it is SageMaker's, whose containers choose themselves over how many they spread a model. share_mib: the replica's part of
    the device's memory, where others are on the same one and nothing keeps them apart."""

    device: Accelerator | None
    count: int | None
    managed: bool = False
    share_mib: int | None = None


def machine_of(view: CostView, component: str, containers: Iterable[Container], server: Container | None) -> Machine:
    """What a component runs on. server: the one of its containers that holds the model, where that is known.

    Raises NotKnownError where a resource names something that is not known, has no accelerators, or names several.
    """
    holding = [server] if server is not None else [each for each in containers if each.accelerators]
    asked = {count for each in holding for count in [_asked(each)] if count is not None}
    kinds = [
        *(_named(name) for name in _of_sagemaker(view, component)),
        *(_named(name) for name in _of_services(view, component)),
        *(kind for each in holding if each.pod is not None for kind in _of_pod(each.pod)),
    ]
    devices = {device.name: device for device, _ in kinds}
    if len(devices) > 1 or len(asked) > 1:
        raise NotKnownError(f"it may run on several: {', '.join(sorted(devices)) or 'containers differ'}")
    counts = {count for _, count in kinds if count is not None} | asked
    managed = any(view.component(node) == component for node in view.all(_SAGEMAKER))
    shares = {share for each in holding for share in [_share(each)] if share is not None}
    return Machine(next(iter(devices.values()), None), min(counts, default=None), managed, min(shares, default=None))


_Kind = tuple[Accelerator, int | None]


def _named(name: Any) -> _Kind:
    if not isinstance(name, str):
        raise NotKnownError(f"the instance type is {LATER}, or stands outside this stack")
    known = instance_type(name.removeprefix("ml."))
    if known is None:
        raise NotKnownError(f"the instance type {name} is not in the catalogue")
    if known.accelerator is None:
        raise NotKnownError(f"{name} has no accelerator")
    return known.accelerator, known.accelerators


def _of_sagemaker(view: CostView, component: str) -> Iterator[Any]:
    for node in view.all(_SAGEMAKER):
        if view.component(node) != component:
            continue
        for key in ("productionVariants", "shadowProductionVariants"):
            given = node.inputs.get(key)
            if given is not None and not isinstance(given, list):
                raise NotKnownError(f"the instance type is {LATER}")
            for variant in map(mapping, given or ()):
                # A serverless variant has none.
                if "serverlessConfig" in variant:
                    raise NotKnownError("serverless inference has no accelerator")
                yield variant.get("instanceType")


def _of_services(view: CostView, component: str) -> Iterator[Any]:
    for service in view.all(SERVICE):
        if view.component(service) != component:
            continue
        inputs = view.inputs(service)
        strategies = strategies_of(view, service, inputs, view.target(service, "taskDefinition", TASK))
        if strategies is None:
            raise NotKnownError(f"where {service.name} runs is {LATER}")
        for strategy in strategies:
            yield from _of_provider(view, service, strategy.get("capacityProvider"))


def _of_provider(view: CostView, service: Node, name: Any) -> Iterator[Any]:
    """Nothing for instances that the graph does not tie to the service (`EC2`)."""
    if name in (ON_DEMAND, SPOT):
        raise NotKnownError("Fargate has no accelerator")
    if not isinstance(name, str):
        found = view.target(service, "capacityProviderStrategies", _PROVIDER)
        if found is None:
            raise NotKnownError(f"where {service.name} runs is {LATER}")
    else:
        # Never by dependency here: with two providers it would be the wrong one.
        named = [each for each in view.all(_PROVIDER) if name in (each.outputs.get("name"), each.inputs.get("name"))]
        found = named[0] if named else None
    if found is None:
        return
    group = mapping(view.inputs(found).get("autoScalingGroupProvider"))
    managed = types_of(launch_template(view, found))
    if managed:
        yield from managed
        return
    if not group:
        raise NotKnownError(f"the capacity provider {found.name} chooses instances itself")
    machines = view.target(found, "autoScalingGroupProvider", _GROUP, group.get("autoScalingGroupArn"))
    if machines is None:
        if has_unknown(group):
            raise NotKnownError(f"the instance type is {LATER}")
        return
    yield from types_of_group(view, machines)


def _asked(container: Container) -> int | None:
    """How many accelerators a container asks for; None where it asks for none."""
    if not container.accelerators:
        return None
    (resource, *others) = sorted(container.accelerators)
    if others or not resource.startswith("nvidia.com/"):
        raise NotKnownError(f"what vLLM needs on {', '.join(sorted(container.accelerators))} was not measured")
    if resource != GPU and _part(container.pod) is None:
        raise NotKnownError(f"how much memory comes with {resource} is said nowhere")
    count = number(container.accelerators[resource])
    if count is None or count < 1:
        raise NotKnownError(f"how many accelerators {container.node.name} asks for is {LATER}")
    return int(count)


def _part(pod: Mapping[str, Any] | None) -> int | None:
    """MiB that come with what a pod asks for, where an annotation says that it is a part."""
    said = mapping(mapping(pod or {}).get("annotations")).get(MEMORY)
    return int(said[:-2]) if isinstance(said, str) and said.endswith("Mi") and said[:-2].isdigit() else None


def _is_shared(pod: Mapping[str, Any]) -> bool:
    return any(SHARED in accelerators(mapping(each)) for each in listed(pod.get("containers")))


def _share(container: Container) -> int | None:
    return _part(container.pod) if SHARED in container.accelerators else None


def _of_pod(pod: Mapping[str, Any]) -> Iterator[_Kind]:
    if has_unknown(pod.get("nodeSelector")) or has_unknown(pod.get("affinity")):
        raise NotKnownError(f"on which nodes it runs is {LATER}")
    said = mapping(pod.get("annotations")).get(ACCELERATOR)
    if isinstance(said, str):
        device, part = _device(said), _part(pod)
        # Of a slice of hardware only its own memory is seen; a share is one of the whole.
        yield device if part is None or _is_shared(pod) else part_of(device, part), None
        return
    wanted = {key: [value] for key, value in mapping(pod.get("nodeSelector")).items()} | _required(pod)
    for key, values in wanted.items():
        for value in map(str, values):
            if key in _TYPES:
                yield _named(value)
            elif key in _FAMILIES:
                yield from _family(value)
            elif key in _NAMES:
                yield _device(value), None
            elif key == _PRODUCT:
                yield _device(_PRODUCTS.get(value, value)), None


def _required(pod: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What the node affinity asks for; of several terms any one is enough, and so they say nothing unless there is only one."""
    affinity = mapping(mapping(pod.get("affinity")).get("nodeAffinity"))
    terms = listed(mapping(affinity.get("requiredDuringSchedulingIgnoredDuringExecution")).get("nodeSelectorTerms"))
    if len(terms) > 1:
        raise NotKnownError("it may run on several kinds of nodes")
    given = [mapping(each) for term in terms for each in listed(mapping(term).get("matchExpressions"))]
    return {str(each.get("key")): listed(each.get("values")) for each in given if each.get("operator") == "In"}


def _family(family: str) -> Iterator[_Kind]:
    found = {each.accelerator for each in instance_types().values() if each.name.partition(".")[0] == family}
    if not found or None in found:
        raise NotKnownError(f"the instance family {family} has no accelerator that the catalogue knows")
    for device in found:
        if device is not None:
            yield device, None


def _device(name: str) -> Accelerator:
    found = accelerator(name)
    if found is None:
        raise NotKnownError(f"the accelerator {name} is not in the catalogue, or a name of several")
    return found
