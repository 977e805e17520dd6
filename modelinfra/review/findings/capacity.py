"""How much there is to serve with: numbers, sizes, what scales them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modelinfra.graph.model import Node
from modelinfra.graph.values import listed, mapping, plain
from modelinfra.review.changes import Changes, ResourceChange, top_level
from modelinfra.review.finding import Finding, Severity
from modelinfra.review.findings.containers import both
from modelinfra.review.findings.words import called, endpoint_of, listing, place, shown, whose

_TARGET, _POLICY = "aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"
_TARGET_VALUE = "targetTrackingScalingPolicyConfiguration.targetValue"


@dataclass(frozen=True)
class Number:
    """A property that says how much. less: how grave a smaller value is."""

    what: str
    less: Severity = "low"


NUMBERS: dict[str, dict[str, Number]] = {
    _TARGET: {"minCapacity": Number("least replicas", "medium"), "maxCapacity": Number("most replicas", "medium")},
    "aws:appautoscaling/scheduledAction:ScheduledAction": {
        "scalableTargetAction.minCapacity": Number("least replicas from then on", "medium"),
        "scalableTargetAction.maxCapacity": Number("most replicas from then on", "medium"),
    },
    "aws:ecs/service:Service": {"desiredCount": Number("replicas", "medium")},
    "aws:ecs/taskDefinition:TaskDefinition": {"cpu": Number("CPU units of a task", "medium"), "memory": Number("MiB of a task", "medium")},
    "aws:autoscaling/group:Group": {
        "minSize": Number("least machines", "medium"), "maxSize": Number("most machines", "medium"), "desiredCapacity": Number("machines", "medium")
    },
    "aws:eks/nodeGroup:NodeGroup": {
        "scalingConfig.minSize": Number("least nodes", "medium"), "scalingConfig.maxSize": Number("most nodes", "medium"),
        "scalingConfig.desiredSize": Number("nodes", "medium"),
    },
    "aws:lambda/function:Function": {
        "memorySize": Number("MiB", "medium"), "reservedConcurrentExecutions": Number("calls at the same time", "medium"), "timeout": Number("seconds for a call", "medium")
    },
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": {
        "provisionedConcurrentExecutions": Number("calls that are kept warm", "medium")
    },
}  # fmt: skip

# Properties that name a kind of machine or of capacity.
_KINDS = ("instanceType", "instanceTypes", "instanceClass", "capacityType", "capacityProviderStrategies", "launchType", "requiresCompatibilities",
          "runtimePlatform", "nodeType", "engineVersion", "productionVariants", "mixedInstancesPolicy")  # fmt: skip


def findings(changes: Changes) -> Iterator[Finding]:
    """Numbers, kinds, and what scales."""
    for change in changes.resources:
        if change.before is not None and change.after is not None:
            yield from _numbers(changes, change)
            yield from _kinds(changes, change)
            yield from _policy(changes, change)
            yield from _containers(changes, change)
        elif change.type in (_TARGET, _POLICY) and change.operation == "delete":
            yield from _unscaled(changes, change)


def _numbers(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    old, new = change.before, change.after
    assert old is not None
    assert new is not None
    for path, number in NUMBERS.get(change.type, {}).items():
        if path in new.ignore_changes:
            continue
        before, after = _amount(_at(old, path)), _amount(_at(new, path))
        if before is None or after is None or before == after:
            continue
        worse = after < before
        name = _whose(changes, new)
        grave: Severity = number.less if worse else "low"
        alone = worse and path.endswith(("minCapacity", "desiredCount", "minSize", "desiredSize")) and after <= 1
        yield Finding(
            "capacity", grave, new.urn, f"{name}: {number.what} {'down' if worse else 'up'} from {before:g} to {after:g}",
            "A single one is left: when it or its zone fails, nothing answers." if alone else "",
        )  # fmt: skip


def _kinds(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    told = set()
    for each in change.properties:
        key = top_level(each.path)
        if key not in _KINDS or key in told or each.before == each.after:
            continue
        told.add(key)
        if key == "capacityProviderStrategies":
            yield _providers(changes, change)
            continue
        values = f"from {shown(change.before, each.path, each.before)} to {shown(change.after, each.path, each.after)}"
        yield Finding(
            "capacity", "medium" if key in ("instanceType", "instanceClass", "nodeType", "capacityType", "engineVersion") else "low", change.urn,
            f"{_whose(changes, change.node)}: {place(changes.after, change.node, each.path).partition(': ')[2]} {values}",
            "" if "apacity" not in key else "Spot capacity can be taken away with two minutes' notice." if "SPOT" in str(each.after) else "",
        )  # fmt: skip


def _providers(changes: Changes, change: ResourceChange) -> Finding:
    def words(node: Node | None) -> str:
        found = (
            [mapping(each) for each in listed(plain(node.inputs).get("capacityProviderStrategies"))]
            if node is not None
            else []
        )
        told = [
            f"{each.get('capacityProvider')} (base {each.get('base') or 0}, weight {each.get('weight') or 0})"
            for each in found
        ]
        return listing(told) or "none"

    after = words(change.after)
    spot = "Spot capacity can be taken away with two minutes' notice." if "SPOT" in after else ""
    name = _whose(changes, change.node)
    return Finding("capacity", "low", change.urn, f"{name}: capacity from {words(change.before)} to {after}", spot)


def _policy(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    old, new = change.before, change.after
    assert old is not None
    assert new is not None
    if change.type == _POLICY:
        before, after = _amount(_at(old, _TARGET_VALUE)), _amount(_at(new, _TARGET_VALUE))
        if before is not None and after is not None and before != after:
            how = "more load on each replica" if after > before else "less load on each replica"
            yield Finding(
                "capacity",
                "low",
                new.urn,
                f"{_whose(changes, new)} scales at {after:g} instead of {before:g}",
                f"That is {how}.",
            )


def _containers(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    for name, before, after in both(change.before, change.after):
        for key in ("memory", "cpu", "memoryReservation"):
            one, other = _amount(before.get(key)), _amount(after.get(key))
            if one is not None and other is not None and other < one and _amount(_at(change.node, key)) is None:
                yield Finding(
                    "capacity",
                    "medium",
                    change.urn,
                    f"{_whose(changes, change.node)}: {key} of {name} down from {one:g} to {other:g}",
                )
        gpu, fewer = _gpus(before), _gpus(after)
        if before and gpu != fewer:
            yield Finding(
                "capacity",
                "medium",
                change.urn,
                f"{_whose(changes, change.node)}: GPUs of {name} from {gpu} to {fewer}",
            )


def _unscaled(changes: Changes, change: ResourceChange) -> Iterator[Finding]:
    endpoint = endpoint_of(changes.before, change.node)
    if change.urn in changes.moved.values() or (endpoint is not None and endpoint.urn not in changes.after):
        return
    if endpoint is None and not any(
        urn in changes.after for urns in change.node.property_deps.values() for urn in urns
    ):
        return
    what = "no longer scales by itself" if change.type == _TARGET else "loses a scaling policy"
    yield Finding(
        "capacity",
        "medium",
        change.urn,
        f"{_whose(changes, change.node)} {what}",
        f"{called(changes.before, change.node)[4:]} is removed.",
        "Keep it.",
    )


def _whose(changes: Changes, node: Node) -> str:
    return whose(changes.after if node.urn in changes.after else changes.before, node)


def _gpus(container: Any) -> int:
    wanted = [mapping(each) for each in listed(mapping(container).get("resourceRequirements"))]
    return sum(int(_amount(each.get("value")) or 0) for each in wanted if each.get("type") == "GPU")


def _at(node: Node, path: str) -> Any:
    here: Any = plain(node.inputs)
    for part in path.split("."):
        here = mapping(here).get(part)
    return here


def _amount(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None
