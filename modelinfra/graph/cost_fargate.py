"""ECS services on Fargate: the size of their task times their replicas, on demand and spot apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from modelinfra.catalog.fargate import EPHEMERAL_STORAGE_DEFAULT_GIB
from modelinfra.graph.cost_counting import KNOWN_LATER, range_of
from modelinfra.graph.cost_managed import ALONE as MANAGED
from modelinfra.graph.cost_managed import managed_instances
from modelinfra.graph.cost_view import CostView, Unclear, Use, number
from modelinfra.graph.model import Node
from modelinfra.graph.values import has_unknown, listed, mapping

_TASK: Final = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE: Final = "aws:ecs/service:Service"
TARGET: Final = "aws:appautoscaling/target:Target"
_CLUSTER: Final = "aws:ecs/cluster:Cluster"
_PROVIDERS: Final = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"

ON_DEMAND, SPOT = "FARGATE", "FARGATE_SPOT"

_UNITS: Final = Decimal(1024)
_SIZE: Final = re.compile(r"(\d*\.?\d+)\s*(vcpu|gb)?", re.IGNORECASE)


def service(view: CostView, node: Node) -> Iterator[Use | Unclear]:
    """What a service on Fargate uses; nothing for one on instances, which are counted themselves."""
    inputs = view.inputs(node)
    task = view.target(node, "taskDefinition", _TASK)
    needs = tuple(listed(view.inputs(task).get("requiresCompatibilities"))) if task is not None else ()
    if needs == ("EC2",):
        return  # on instances, whichever these are: Fargate takes no such task
    if task is not None and needs == MANAGED:
        counted = replicas_of(view, node, inputs)
        if counted is None:
            yield Unclear("ECS Managed Instances", f"the number of replicas is {KNOWN_LATER}")
        else:
            yield from managed_instances(view, node, task, counted)
        return
    strategies = strategies_of(view, node, inputs, task)
    if strategies is None:
        yield Unclear("ECS service", f"where it runs is {KNOWN_LATER}")
        return
    if not any(each.get("capacityProvider") in (ON_DEMAND, SPOT) for each in strategies):
        return
    if task is None:
        yield Unclear("Fargate task", "its task definition is not in this stack")
        return
    replicas = replicas_of(view, node, inputs)
    if replicas is None:
        yield Unclear("Fargate task", f"the number of replicas is {KNOWN_LATER}")
        return
    yield from _uses(view, inputs, task, *(spread(count, strategies) for count in replicas))


def spread(replicas: Decimal, strategies: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    """How many replicas each capacity provider gets: first every base, then by weight; what does not divide goes to the first provider."""
    left, found = replicas, {}
    for each in strategies:
        base = min(left, number(each.get("base")) or Decimal(0))
        found[str(each.get("capacityProvider"))] = base
        left -= base
    weights = {str(each.get("capacityProvider")): number(each.get("weight")) or Decimal(0) for each in strategies}
    total = sum(weights.values())
    for name, weight in weights.items():
        found[name] += left * weight // total if total else Decimal(0)
    first = next((name for name, weight in weights.items() if weight), next(iter(weights)))
    found[first] += replicas - sum(found.values())
    return found


def _uses(
    view: CostView, inputs: Mapping[str, Any], task: Node, least: Mapping[str, Decimal], most: Mapping[str, Decimal]
) -> Iterator[Use | Unclear]:
    size = view.inputs(task)
    vcpus, memory = _vcpus(size.get("cpu")), _gib(size.get("memory"))
    if vcpus is None or memory is None:
        yield Unclear("Fargate task", f"its size is {KNOWN_LATER}")
        return
    platform = mapping(size.get("runtimePlatform"))
    if str(platform.get("operatingSystemFamily") or "LINUX").startswith("WINDOWS"):
        yield Unclear("Fargate task", "Windows tasks are not in the table")
        return
    architecture = str(platform.get("cpuArchitecture") or "X86_64").lower()
    disk = (
        number(mapping(size.get("ephemeralStorage")).get("sizeInGib")) or Decimal(0)
    ) - EPHEMERAL_STORAGE_DEFAULT_GIB
    public = mapping(inputs.get("networkConfiguration")).get("assignPublicIp") is True
    for provider, name in ((ON_DEMAND, "Fargate"), (SPOT, "Fargate Spot")):
        low, high = least.get(provider, Decimal(0)), most.get(provider, Decimal(0))
        if not high:
            continue
        spot = provider == SPOT
        yield Use(f"{name} vCPU", f"fargate.{architecture}.vcpu", low * vcpus, high * vcpus, spot)
        yield Use(f"{name} memory", f"fargate.{architecture}.memory", low * memory, high * memory, spot)
        if disk > 0:
            yield Use(f"{name} disk above 20 GB", "fargate.ephemeral-storage", low * disk, high * disk, spot)
        if public:
            yield Use("public IPv4 address", "public-ipv4", low, high)


def strategies_of(
    view: CostView, node: Node, inputs: Mapping[str, Any], task: Node | None
) -> Sequence[Mapping[str, Any]] | None:
    """The service's own strategy or launch type, else its cluster's default; None when that is not known yet."""
    launch, own = inputs.get("launchType"), inputs.get("capacityProviderStrategies")
    if has_unknown(launch) or has_unknown(own):
        return None
    if own:
        return list(map(mapping, listed(own)))
    if launch:
        return [{"capacityProvider": str(launch), "weight": 1}]
    cluster = view.target(node, "cluster", _CLUSTER)
    for providers in view.all(_PROVIDERS):
        if cluster is not None and view.target(providers, "clusterName", _CLUSTER) is cluster:
            return list(map(mapping, listed(view.inputs(providers).get("defaultCapacityProviderStrategies"))))
    needs = listed(view.inputs(task).get("requiresCompatibilities")) if task is not None else []
    return [{"capacityProvider": ON_DEMAND, "weight": 1}] if needs == [ON_DEMAND] else []


def replicas_of(view: CostView, node: Node, inputs: Mapping[str, Any]) -> tuple[Decimal, Decimal] | None:
    """The least and the most replicas of a service; None where that is known later."""
    for target in view.all(TARGET):
        scaled = view.inputs(target)
        if scaled.get("scalableDimension") == "ecs:service:DesiredCount" and scales(view, target, scaled, node):
            return range_of(scaled.get("minCapacity"), scaled.get("maxCapacity"))
    desired = inputs.get("desiredCount", 0)
    return range_of(desired, desired)


def scales(view: CostView, target: Node, scaled: Mapping[str, Any], node: Node) -> bool:
    """Whether a scaling target (and its inputs) scales a service."""
    resource, name = scaled.get("resourceId"), node.outputs.get("name")
    if not isinstance(resource, str) or not isinstance(name, str):
        return view.target(target, "resourceId", node.type) is node
    return resource == f"service/{str(view.inputs(node).get('cluster')).rpartition('/')[2]}/{name}"


def _vcpus(given: Any) -> Decimal | None:
    """`1024`, `1 vCPU`."""
    return _size(given, "vcpu")


def _gib(given: Any) -> Decimal | None:
    """`2048`, `2GB`."""
    return _size(given, "gb")


def _size(given: Any, unit: str) -> Decimal | None:
    match = _SIZE.fullmatch(str(given).strip()) if isinstance(given, (int, str)) else None
    if match is None or (match[2] is not None and match[2].lower() != unit):
        return None
    return Decimal(match[1]) if match[2] else Decimal(match[1]) / _UNITS
