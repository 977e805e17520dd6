"""Whether production stands on capacity that can be taken away, and whether the budget is one that can be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from modelinfra.graph.cost import estimate
from modelinfra.graph.values import Unknown
from modelinfra.policies import tokens
from modelinfra.policies.readiness.nodes import EKS, NODES
from modelinfra.policies.readiness.scaling import GROUP
from modelinfra.policies.readiness.stores import BUDGET
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping, number

_SPOT: Final = "FARGATE_SPOT"
_WHOLE: Final = ("filterExpression", "autoAdjustData", "plannedLimits", "billingViewArn")
"""What makes a budget one of a part of the bill that is not known here, or one without a fixed limit."""


def _all_spot(strategy: Any) -> bool:
    """Whether a capacity provider strategy gives every task to spot capacity."""
    entries = [mapping(each) for each in listed(strategy)]
    used = [each for each in entries if number(each.get("base", 0)) != 0 or number(each.get("weight", 0)) != 0]
    return bool(used) and all(each.get("capacityProvider") == _SPOT for each in used)


def _spot_only(view: View) -> Found:
    for node, service in view.each(tokens.SERVICE):
        if _all_spot(service.get("capacityProviderStrategies")):
            yield node, "all of its tasks are on Fargate Spot"
    for node, group in view.each(GROUP):
        shares = mapping(mapping(group.get("mixedInstancesPolicy")).get("instancesDistribution"))
        base = number(shares.get("onDemandBaseCapacity", 0))
        above = number(shares.get("onDemandPercentageAboveBaseCapacity", 100))
        if shares and base == 0 and above == 0:
            yield node, "all of its instances are spot instances"
    for cluster in view.all(EKS):
        groups = [group for node, group in view.each(NODES) if view.target(node, "clusterName", EKS) is cluster]
        if groups and all(group.get("capacityType") == "SPOT" for group in groups):
            yield cluster, "all of its node groups are spot capacity"


def _too_small(view: View) -> Found:
    for node, budget in view.each(BUDGET):
        limit = number(budget.get("limitAmount"))
        whole = all(budget.get(key) is not Unknown and not budget.get(key) for key in _WHOLE)
        monthly = (budget.get("budgetType"), budget.get("timeUnit"), budget.get("limitUnit")) == (
            "COST",
            "MONTHLY",
            "USD",
        )
        part = _part(view, budget.get("costFilters"))
        if limit is None or not whole or not monthly or part is None:
            continue
        found = estimate(view.graph, default_region=view.region)
        # Spot capacity is counted at the on-demand price, so that what it really costs may be less.
        least = sum(item.monthly_min for item in found.items if not item.ceiling and part(item.urn))
        if least > limit:
            yield (
                node,
                f"its limit is ${limit:,.0f} a month, and what it counts of this stack costs ${least:,.0f} at least",
            )


def _part(view: View, filters: Any) -> Callable[[str], bool] | None:
    """Whether a budget counts the resource of a URN; None where that is not known. A whole bill has no filter, ours have one of a tag."""
    if filters is None or filters == []:
        return lambda urn: True
    given = [mapping(each) for each in listed(filters)]
    values = [value for each in given for value in listed(each.get("values"))]
    if len(given) != 1 or given[0].get("name") != "TagKeyValue" or not all(isinstance(each, str) for each in values):
        return None
    wanted = [value.removeprefix("user:").partition("$") for value in values]
    if not wanted:
        return None

    def counted(urn: str) -> bool:
        tags = mapping(view.inputs(view.graph[urn]).get("tags"))
        return any(tags.get(name) == value for name, _, value in wanted)

    return counted


_FACTS = "facts demand.md section 1 row"

RULES = (
    Rule(
        "ready-spot-only",
        "In production some capacity is there when spot capacity is taken away",
        f"{_FACTS} 18 (skypilot#3194)",
        "Add a base on demand: of a capacity provider strategy, of the mixed instances, or a node group.",
        _spot_only,
        "medium",
        production=True,
    ),
    Rule(
        "ready-budget-enough",
        "A budget is larger than what the stack costs at list prices: one that is always exceeded tells nothing",
        "modelinfra.graph.cost (docs/prices.md), at the least counts, without what is paid by use",
        "Write the limit that the stack may cost, or make the stack smaller.",
        _too_small,
        "low",
    ),
)
