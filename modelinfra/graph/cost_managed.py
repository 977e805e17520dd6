"""ECS Managed Instances: as many as the replicas of a service need, of the type that its capacity provider names first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

from modelinfra.catalog.instance_types import instance_type
from modelinfra.graph.cost_view import CostView, Unclear, Use, number
from modelinfra.graph.model import Node
from modelinfra.graph.values import listed, mapping

PROVIDER: Final = "aws:ecs/capacityProvider:CapacityProvider"
ALONE: Final = ("MANAGED_INSTANCES",)
"""What a task definition says that runs nowhere else."""


def managed_instances(
    view: CostView, service: Node, task: Node, replicas: tuple[Decimal, Decimal]
) -> Iterator[Use | Unclear]:
    """replicas: of the service, least and most. Nodes are counted by the accelerators that a replica has to itself."""
    what = "ECS Managed Instances"
    template = launch_template(view, provider_of(view, service))
    types = types_of(template)
    known = instance_type(types[0]) if types else None
    asked = _accelerators(view, task)
    if known is None or not asked:
        yield Unclear(
            what,
            "how many replicas share one is not known: the instance types or the replicas' accelerators are not stated",
        )
        return
    each = Decimal(1 if asked == "ALL" else max(known.accelerators // int(asked), 1))
    least, most = ((count / each).to_integral_value(ROUND_CEILING) for count in replicas)
    others = f" (or {', '.join(types[1:])})" if len(types) > 1 else ""
    spot = template.get("capacityOptionType") == "SPOT"
    if most:
        yield Use(f"EC2 {'spot ' if spot else ''}{known.name}{others}", f"ec2.{known.name}", least, most, spot)
        yield Unclear(f"fee of {what}", "what AWS adds to the price of each instance is not in the table")


def provider_of(view: CostView, service: Node) -> Node | None:
    """The capacity provider that a service names: by its name, or by what it depends on while the name is not known."""
    named = [
        mapping(each).get("capacityProvider") for each in listed(view.inputs(service).get("capacityProviderStrategies"))
    ]
    found = [
        each for each in view.all(PROVIDER) if named and named[0] in (each.outputs.get("name"), each.inputs.get("name"))
    ]
    if found and isinstance(named[0], str):
        return found[0]
    return view.target(service, "capacityProviderStrategies", PROVIDER)


def launch_template(view: CostView, provider: Node | None) -> Mapping[str, Any]:
    """What managed instances of a capacity provider are launched with; empty for one of another kind."""
    if provider is None:
        return {}
    return mapping(mapping(view.inputs(provider).get("managedInstancesProvider")).get("instanceLaunchTemplate"))


def types_of(template: Mapping[str, Any]) -> list[str]:
    """The instance types by name; none where a wildcard, or attributes alone, choose."""
    allowed = listed(mapping(template.get("instanceRequirements")).get("allowedInstanceTypes"))
    return [] if any(not isinstance(each, str) or "*" in each for each in allowed) else [str(each) for each in allowed]


def _accelerators(view: CostView, task: Node) -> str:
    """How many each replica has, as its containers say it; empty where they do not."""
    given = view.inputs(task).get("containerDefinitions")
    try:
        containers = json.loads(given) if isinstance(given, str) else listed(given)
    except ValueError:
        return ""
    wanted = [mapping(need) for each in map(mapping, containers) for need in listed(each.get("resourceRequirements"))]
    counts = [each.get("value") for each in wanted if each.get("type") in ("GPU", "NeuronDevice")]
    return str(counts[0]) if len(counts) == 1 and (counts[0] == "ALL" or number(counts[0])) else ""
