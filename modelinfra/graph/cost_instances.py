"""EC2 instances: single ones, autoscaling groups from their least to their largest size, node groups of EKS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from modelinfra.catalog.instance_types import instance_type
from modelinfra.graph.cost_counting import KNOWN_LATER, Rule, range_of
from modelinfra.graph.cost_view import NODE_POOL, ONE, CostView, Unclear, Use, number
from modelinfra.graph.model import Node
from modelinfra.graph.values import listed, mapping

_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_OLD_TEMPLATE: Final = "aws:ec2/launchConfiguration:LaunchConfiguration"

_TYPE_LABEL: Final = "node.kubernetes.io/instance-type"
_CAPACITY_LABEL: Final = "karpenter.sh/capacity-type"

# eks CreateNodegroup: "If you don't specify an instance type, then t3.medium is used."
_EKS_DEFAULT: Final = "t3.medium"


def _instance(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    inputs = view.inputs(node)
    template = _template(view, node, inputs.get("launchTemplate"), "launchTemplate")
    given = inputs.get("instanceType") or template.get("instanceType")
    spot = _is_spot(inputs) or _is_spot(template)
    yield from _instances([given], (ONE, ONE), spot)


def _group(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    inputs = view.inputs(node)
    sizes = range_of(inputs.get("minSize"), inputs.get("maxSize"))
    mixed = mapping(inputs.get("mixedInstancesPolicy"))
    if mixed:
        share = number(mapping(mixed.get("instancesDistribution")).get("onDemandPercentageAboveBaseCapacity"))
        yield from _instances(types_of_group(view, node), sizes, share is not None and share < 100)
        return
    yield from _instances(types_of_group(view, node), sizes, _is_spot(_template_of_group(view, node)))


def types_of_group(view: CostView, node: Node) -> list[Any]:
    """The instance types that an autoscaling group may take, the preferred first; something else than text where one is not known."""
    mixed = mapping(view.inputs(node).get("mixedInstancesPolicy"))
    if not mixed:
        return [_template_of_group(view, node).get("instanceType")]
    specification = mapping(mixed.get("launchTemplate"))
    template = _template(view, node, specification.get("launchTemplateSpecification"), "mixedInstancesPolicy")
    overrides = [mapping(each).get("instanceType") for each in listed(specification.get("overrides"))]
    return overrides or [template.get("instanceType")]


def _template_of_group(view: CostView, node: Node) -> Mapping[str, Any]:
    template = _template(view, node, view.inputs(node).get("launchTemplate"), "launchTemplate")
    if template:
        return template
    old = view.target(node, "launchConfiguration", _OLD_TEMPLATE)
    return view.inputs(old) if old is not None else {}


def _node_group(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    inputs = view.inputs(node)
    scaling = mapping(inputs.get("scalingConfig"))
    types = listed(inputs.get("instanceTypes"))
    if not types and inputs.get("launchTemplate"):
        types = [_template(view, node, inputs.get("launchTemplate"), "launchTemplate").get("instanceType")]
    sizes = range_of(scaling.get("minSize"), scaling.get("maxSize"))
    yield from _instances(types or [_EKS_DEFAULT], sizes, inputs.get("capacityType") == "SPOT")


def _node_pool(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    """Nodes of Karpenter or of EKS Auto Mode, from none to as many as the pool's limit allows of its first type."""
    counted = _nodes_of_pool(view, node)
    if counted is not None:
        types, most, spot = counted
        yield from _instances(types, (Decimal(0), Decimal(most)), spot)


def _nodes_of_pool(view: CostView, node: Node) -> tuple[Sequence[str], int, bool] | None:
    """Instance types of a pool that names them, how many of the first it may start, and whether on spare capacity; None where its limits
    are in other words."""
    spec = mapping(view.inputs(node).get("spec"))
    asked = mapping(mapping(mapping(spec.get("template")).get("spec")))
    required = {
        str(each.get("key")): [value for value in listed(each.get("values")) if isinstance(value, str)]
        for each in map(mapping, listed(asked.get("requirements")))
        if each.get("operator") == "In"
    }
    types = required.get(_TYPE_LABEL, [])
    first = instance_type(types[0]) if types else None
    if first is None:
        return None
    has = {"cpu": first.vcpus, "nvidia.com/gpu": first.accelerators, "aws.amazon.com/neuron": first.accelerators}
    limits = {key: number(value) for key, value in mapping(spec.get("limits")).items()}
    nodes = [int(most // has[key]) for key, most in limits.items() if most is not None and has.get(key)]
    return (types, min(nodes), "spot" in required.get(_CAPACITY_LABEL, [])) if nodes else None


def started_by_others(view: CostView) -> Iterator[str]:
    """Instances that no resource counts, since something within a Kubernetes cluster starts them, in words."""
    for node in view.graph:
        if node.type == NODE_POOL and _nodes_of_pool(view, node) is None:
            yield "nodes that Karpenter starts"
        if node.type == "aws:eks/cluster:Cluster" and mapping(view.inputs(node).get("computeConfig")).get("enabled"):
            yield "nodes that EKS Auto Mode starts"


RULES: Final[dict[str, Rule]] = {
    "aws:ec2/instance:Instance": _instance,
    "aws:autoscaling/group:Group": _group,
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    NODE_POOL: _node_pool,
}


def _instances(types: Sequence[Any], sizes: tuple[Decimal, Decimal] | None, spot: bool) -> Iterator[Use | Unclear]:
    """The first type stands for all that a group may take: it is the one that the group's author prefers."""
    name = types[0] if types else None
    if not isinstance(name, str):
        yield Unclear("EC2 instance", f"its type is {KNOWN_LATER}, or stands outside this stack")
        return
    others = f" (or {', '.join(map(str, types[1:]))})" if len(types) > 1 else ""
    what = f"EC2 {'spot ' if spot else ''}{name}{others}"
    if sizes is None:
        yield Unclear(what, f"the number of instances is {KNOWN_LATER}")
    elif sizes[1]:
        yield Use(what, f"ec2.{name}", *sizes, spot)


def _template(view: CostView, node: Node, reference: Any, key: str) -> Mapping[str, Any]:
    """The inputs of the launch template that a reference stands for, empty when it is not in the graph."""
    named = mapping(reference)
    if not named:
        return {}
    value = next(
        (named[part] for part in ("id", "launchTemplateId", "name", "launchTemplateName") if named.get(part)), ""
    )
    found = view.target(node, key, _TEMPLATE, value)
    return view.inputs(found) if found is not None else {}


def _is_spot(inputs: Mapping[str, Any]) -> bool:
    return mapping(inputs.get("instanceMarketOptions")).get("marketType") == "spot"
