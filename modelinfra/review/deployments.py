"""Everything that a change deploys anew while it serves, and how each deployment goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from modelinfra.graph.cost_view import CostView
from modelinfra.graph.model import Node
from modelinfra.policies.readiness.kubernetes import workloads
from modelinfra.policies.view import View
from modelinfra.review.changes import Changes, PropertyChange
from modelinfra.review.rollout import Rollout, of_pods, of_service
from modelinfra.review.served import veiled
from modelinfra.review.services import SERVICE, deploys


@dataclass(frozen=True)
class Deployment:
    """component: the name of what it belongs to. what: `task` or `pod`."""

    component: str
    node: Node
    what: str
    rollout: Rollout


def deployments(changes: Changes) -> Iterator[Deployment]:
    """In registration order, services of ECS first."""
    services = [each for each in changes.after.all(SERVICE) if deploys(changes, each)]
    changed = {
        each.urn
        for each in changes.resources
        if each.operation == "update" and each.type.startswith("kubernetes:") and renews_pods(each.properties)
    }
    if not services and not changed:
        return  # a large graph is not gone through for nothing
    shown = veiled(changes.after)
    costs, view = CostView(shown, None), View(shown)
    for service in services:
        yield Deployment(costs.component(service), service, "task", of_service(costs, shown[service.urn]))
    for workload in workloads(view):
        if workload.kind == "Deployment" and workload.node.urn in changed:
            yield Deployment(costs.component(workload.node), workload.node, "pod", of_pods(view, workload))


def renews_pods(properties: Iterable[PropertyChange]) -> bool:
    """Only another template of its pods rolls a Deployment, or a DaemonSet."""
    return any(each.path == "spec" or each.path.startswith("spec.template") for each in properties)
