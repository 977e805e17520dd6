"""What a thousand requests and a million tokens cost, at full use of what serves them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from modelinfra.catalog.prices import HOURS_PER_MONTH
from modelinfra.graph.cost import Estimate
from modelinfra.graph.cost_fargate import SERVICE, TARGET, replicas_of, scales
from modelinfra.graph.cost_view import CostView, number
from modelinfra.graph.model import Graph
from modelinfra.graph.values import listed, mapping
from modelinfra.review.changes import Changes
from modelinfra.review.table import Table
from modelinfra.review.usage import Usage

_POLICY = "aws:appautoscaling/policy:Policy"
_REQUESTS, _TOKENS = "1,000 requests", "1 million output tokens"
# Priced by the machine: one of them is one replica.
_MACHINES = ("ec2.", "sagemaker.")
_NOTE = (
    "Estimated: the hourly price of one replica over what it does in an hour. Requests are those at the scaling target; tokens are those that "
    "`tokensPerSecond` in modelinfra:usage states for one busy replica. Load balancers, traffic and idle time are not in it."
)

Unit = tuple[str, str]
"""Component, and what is counted."""


def tables(changes: Changes, before: Estimate | None, after: Estimate | None, usage: Usage | None) -> Iterator[Table]:
    """Components of which it is known, and of which it changes; all of them where there was nothing before."""
    new = dict(unit_costs(changes.after, after, usage))
    old = dict(unit_costs(changes.before, before, usage))
    rows = tuple(
        (component, what, *([_dollars(old.get((component, what)))] if before is not None else []), _dollars(new.get((component, what))))
        for component, what in sorted({*old, *new})
        if before is None or old.get((component, what)) != new.get((component, what))
    )  # fmt: skip
    head = ("Component", "USD for", "Before", "After") if before is not None else ("Component", "USD for", "USD")
    if rows:
        yield Table("What a request costs", head, rows, (_NOTE,))


def unit_costs(graph: Graph, cost: Estimate | None, usage: Usage | None) -> Iterator[tuple[Unit, Decimal]]:
    """USD for each unit that is known; nothing where a price or a number is not."""
    if cost is None:
        return
    hourly = dict(_hourly(graph, cost))
    for component, requests in _requests(graph).items():
        if component in hourly and requests > 0:
            yield (component, _REQUESTS), hourly[component] / requests * 1_000
    for component, each in usage.components.items() if usage is not None else ():
        if component in hourly and each.tokens_per_second:
            yield (component, _TOKENS), hourly[component] / (each.tokens_per_second * 3_600) * 1_000_000


def _hourly(graph: Graph, cost: Estimate) -> Iterator[tuple[str, Decimal]]:
    """Component -> USD an hour of one of its replicas."""
    view = CostView(graph, None)
    unclear = {each.urn for each in cost.unknown}
    for node in graph.all(SERVICE):
        items = [each for each in cost.items if each.urn == node.urn]
        replicas = replicas_of(view, node, view.inputs(node))
        # A part at an unknown price would make a replica look cheap.
        if items and replicas is not None and replicas[1] and node.urn not in unclear:
            monthly = sum((each.monthly_max for each in items), Decimal(0))
            yield view.component(node), monthly / HOURS_PER_MONTH / replicas[1]
    for each in cost.items:
        if each.price.item.startswith(_MACHINES):
            yield each.component, each.price.usd


def _requests(graph: Graph) -> Mapping[str, Decimal]:
    """Component of a service -> requests an hour of one replica, by the target of its scaling policy."""
    view = CostView(graph, None)
    found: dict[str, Decimal] = {}
    for policy in graph.all(_POLICY):
        tracking = mapping(view.inputs(policy).get("targetTrackingScalingPolicyConfiguration"))
        target = view.target(policy, "resourceId", TARGET, view.inputs(policy).get("resourceId"))
        each_minute = number(tracking.get("targetValue"))
        if not _counts_requests(tracking) or target is None or each_minute is None:
            continue
        for service in graph.all(SERVICE):
            if scales(view, target, view.inputs(target), service):
                found[view.component(service)] = each_minute * 60
    return found


def _counts_requests(tracking: Mapping[str, Any]) -> bool:
    """Whether a target is one of requests a minute: AWS's own metric, or the sum over several target groups."""
    if mapping(tracking.get("predefinedMetricSpecification")).get("predefinedMetricType") == "ALBRequestCountPerTarget":
        return True
    queries = map(mapping, listed(mapping(tracking.get("customizedMetricSpecification")).get("metrics")))
    named = {mapping(mapping(each.get("metricStat")).get("metric")).get("metricName") for each in queries} - {None}
    return named == {"RequestCountPerTarget"}


def _dollars(amount: Decimal | None) -> str:
    if amount is None:
        return "not known"
    step = Decimal("0.0001") if amount < Decimal("0.1") else Decimal("0.01")
    return f"${amount.quantize(step, ROUND_HALF_UP)}"
