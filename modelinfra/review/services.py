"""Services of ECS in a change: what starts a deployment of one, and what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from modelinfra.graph.model import Graph, Node
from modelinfra.graph.values import mapping, plain
from modelinfra.review.changes import Changes, ResourceChange, top_level

SERVICE: Final = "aws:ecs/service:Service"
TASK: Final = "aws:ecs/taskDefinition:TaskDefinition"
GROUPS: Final = ("aws:lb/targetGroup:TargetGroup", "aws:alb/targetGroup:TargetGroup")

# A change of these alone leaves the running tasks alone (ECS developer guide, UpdateService: what starts a deployment).
_NO_DEPLOYMENT = ("desiredCount", "deploymentMaximumPercent", "deploymentMinimumHealthyPercent", "deploymentCircuitBreaker", "alarms",
                  "healthCheckGracePeriodSeconds", "deploymentConfiguration", "availabilityZoneRebalancing", "tags", "tagsAll", "options", "forceNewDeployment",
                  "waitForSteadyState", "deploymentController", "enableEcsManagedTags", "forceDelete")  # fmt: skip


def deploys(changes: Changes, service: Node) -> bool:
    """Whether the change starts a rolling deployment of a service that is there already."""
    by_urn = {each.urn: each for each in changes.resources}
    own, task = by_urn.get(service.urn), _task(service, by_urn)
    if service.urn not in changes.before or (own is not None and own.operation == "replace"):
        return False
    paths = [top_level(each.path) for each in own.properties] if own is not None else []
    return task is not None or any(path not in _NO_DEPLOYMENT for path in paths)


def _task(service: Node, by_urn: Mapping[str, ResourceChange]) -> ResourceChange | None:
    changed = [by_urn[urn] for urn in service.property_deps.get("taskDefinition", ()) if urn in by_urn]
    found = [each for each in changed if each.type == TASK and _renews(each)]
    return found[0] if found else None


def _renews(change: ResourceChange) -> bool:
    return change.operation in ("create", "replace") or any(
        not each.path.startswith(("tags", "options.")) for each in change.properties
    )


def behind(graph: Graph, node: Node, key: str, tokens: tuple[str, ...]) -> list[Node]:
    """The resources of these types from which a property takes its value."""
    return [graph[urn] for urn in node.property_deps.get(key, ()) if urn in graph and graph[urn].type in tokens]


def strategy(service: Node) -> str:
    """By which a service deploys: ROLLING where it does not say."""
    given = mapping(plain(service.inputs).get("deploymentConfiguration")).get("strategy", "ROLLING")
    return given if isinstance(given, str) else "ROLLING"
