"""What a pool cannot say where ECS starts its nodes itself, and must where an auto scaling group does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from modelinfra.catalog.accelerators import accelerator
from modelinfra.catalog.gpu_nodes import affordable
from modelinfra.catalog.instance_types import instance_type
from modelinfra.catalog.managed_instances import is_offered
from modelinfra.options.adjustments import childless
from modelinfra.options.problems import Problem

MANAGED: Final = "managed-instances"
GROUP: Final = "auto-scaling-group"

_OF_METRICS: Final = tuple(
    f"gpu-metrics-{each}"
    for each in ("log-group", "execution-role", "execution-policy", "role", "policy", "task", "service")
)
_OF_A_GROUP: Final = ("launch-template", "auto-scaling-group", *_OF_METRICS)
_OF_MANAGED: Final = ("infrastructure-role", "infrastructure-policy", "infrastructure-attachment")

_NOTHING_LIMITS: Final = "nothing limits how many nodes ECS starts: as many as its endpoints' replicas need"

# Key -> why ECS Managed Instances have no such thing (ECS API, CreateManagedInstancesProviderConfiguration), and what to do.
_NOT_THERE: Final = {
    "max_nodes": (_NOTHING_LIMITS, "Remove it; `scaling.max` of the endpoints bounds them."),
    "on_demand_base": ("all nodes are of one kind: spare capacity, or on demand", "Remove it."),
    "warm_nodes": ("ECS keeps no stopped nodes at hand", "Remove it."),
    "ami_id": ("the machine image is AWS's own, with the driver", "Remove it."),
}


def a_group_has_a_limit(pool: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `capacity` and `max_nodes`."""
    if pool["capacity"] == GROUP and pool["max_nodes"] is None:
        remedy = (
            "Add it: most nodes. There is no default: nodes with accelerators are dear, and a pool without a limit buys as many as a "
            "mistake asks for."
        )
        yield Problem("max_nodes", "this is required", remedy)


def ecs_chooses_for_managed_instances(pool: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `capacity`, `max_nodes`, `min_nodes`, `on_demand_base`, `warm_nodes` and `ami_id`."""
    if pool["capacity"] != MANAGED:
        return
    for key, (reason, remedy) in _NOT_THERE.items():
        if pool[key] is not None:
            yield Problem(key, f"with `capacity`: {MANAGED}, {reason}", remedy, pool[key])
    if pool["min_nodes"]:
        reason = f"with `capacity`: {MANAGED}, ECS ends a node on which no replica runs"
        yield Problem("min_nodes", reason, "Remove it; `scaling.min` of an endpoint keeps nodes.", pool["min_nodes"])


def managed_instances_have_it(pool: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `capacity`, `accelerator` and `instance_types`."""
    asked = pool["accelerator"]
    wanted = accelerator(asked.name)
    if pool["capacity"] != MANAGED or wanted is None:
        return
    reason = "ECS Managed Instances are not offered with it"
    remedy = f"Take another, or `capacity`: {GROUP}."
    for index, name in enumerate(pool["instance_types"] or ()):
        found = instance_type(name)
        if found is not None and found.accelerator == wanted and not is_offered(found):
            yield Problem(f"instance_types[{index}]", reason, remedy, name)
    types = affordable(wanted, asked.count)
    if pool["instance_types"] is None and types and not any(map(is_offered, types)):
        yield Problem("accelerator.name", reason, remedy, asked.name)


def transforms_find_what_the_capacity_makes(pool: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `transforms`, `capacity` and `gpu_metrics`."""
    managed = pool["capacity"] == MANAGED
    reason = "ECS starts the nodes itself" if managed else "an auto scaling group starts the nodes"
    absent = dict.fromkeys(_OF_A_GROUP if managed else _OF_MANAGED, f"{reason} (`capacity`: {pool['capacity']})")
    if not managed and pool["gpu_metrics"] is None:
        absent |= dict.fromkeys(_OF_METRICS, "nobody asks for metrics of the GPUs (`gpu_metrics`)")
    yield from childless(pool["transforms"], absent)
