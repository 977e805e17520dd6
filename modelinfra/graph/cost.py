"""What the resources of a graph cost a month, as far as they have a fixed price: pure arithmetic on any graph.

What is paid by use (traffic, requests, logs, storage) is not counted but named; a price that nobody read is said to be unknown. Free tiers,
discounts, taxes and credits are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from modelinfra.catalog.prices import Price, PriceTable, list_prices
from modelinfra.graph.cost_counting import BY_USE, RULES, is_free
from modelinfra.graph.cost_fargate import service
from modelinfra.graph.cost_instances import RULES as INSTANCE_RULES
from modelinfra.graph.cost_instances import started_by_others
from modelinfra.graph.cost_metrics import component, daemon_set, task
from modelinfra.graph.cost_view import DAEMON_SET, CostView, Unclear, Use
from modelinfra.graph.model import Graph, Node

_ALL_RULES: dict[str, Callable[[CostView, Node], Iterator[Use | Unclear]]] = {
    **RULES,
    **INSTANCE_RULES,
    "aws:ecs/service:Service": service,
    "aws:ecs/taskDefinition:TaskDefinition": task,
    "aws-native:greengrassv2:ComponentVersion": component,
    DAEMON_SET: daemon_set,
}


@dataclass(frozen=True)
class CostItem:
    """One thing that is paid for, at one price."""

    component: str
    """The component to which the resource belongs, or the resource itself where it stands alone."""
    urn: str
    what: str
    """Such as `NAT gateway` or `Fargate vCPU`."""
    unit: str
    """What the price is for one of: hour, vCPU-hour, alarm metric-month ..."""
    quantity_min: Decimal
    """How many there are at the same time at least; of what is scaled, at the least number of replicas or instances."""
    quantity_max: Decimal
    price: Price
    ceiling: bool = False
    """Whether the price is only the most that it can be: spot capacity, counted at the on-demand price."""

    @property
    def monthly_min(self) -> Decimal:
        """USD a month (730 hours) at the least quantity."""
        return self.quantity_min * self.price.monthly

    @property
    def monthly_max(self) -> Decimal:
        """USD a month (730 hours) at the largest quantity."""
        return self.quantity_max * self.price.monthly


@dataclass(frozen=True)
class Unpriced:
    """Something that has a fixed price, which is not known here."""

    component: str
    urn: str
    what: str
    reason: str
    """Such as `price unknown for eu-south-1`."""


@dataclass(frozen=True)
class Estimate:
    """What a graph costs a month."""

    items: tuple[CostItem, ...]
    unknown: tuple[Unpriced, ...]
    not_counted: tuple[str, ...]
    """What is paid by use, in words, sorted."""

    @property
    def monthly_min(self) -> Decimal:
        """USD a month of all items at their least."""
        return sum((item.monthly_min for item in self.items), Decimal(0))

    @property
    def monthly_max(self) -> Decimal:
        """USD a month of all items at their most."""
        return sum((item.monthly_max for item in self.items), Decimal(0))

    @property
    def prices(self) -> tuple[Price, ...]:
        """Every price that was used, once."""
        found = {(item.price.item, item.price.region): item.price for item in self.items}
        return tuple(found[key] for key in sorted(found))

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions of what was counted, sorted."""
        return tuple(sorted({item.price.region for item in self.items}))

    @property
    def as_of(self) -> date | None:
        """The day of the oldest price that was used; None when nothing was counted."""
        return min((price.as_of for price in self.prices), default=None)

    def to_json(self) -> dict[str, Any]:
        """The estimate as JSON data; amounts are text, so that no digit is lost."""
        return {
            "monthlyUsd": {"min": str(self.monthly_min), "max": str(self.monthly_max)},
            "asOf": self.as_of.isoformat() if self.as_of else None,
            "items": [
                {
                    "component": item.component,
                    "urn": item.urn,
                    "what": item.what,
                    "region": item.price.region,
                    "unit": item.unit,
                    "quantity": {"min": str(item.quantity_min), "max": str(item.quantity_max)},
                    "usdPerUnit": str(item.price.usd),
                    "monthlyUsd": {"min": str(item.monthly_min), "max": str(item.monthly_max)},
                    "ceiling": item.ceiling,
                    "asOf": item.price.as_of.isoformat(),
                    "provenance": item.price.provenance,
                    "source": item.price.source,
                }
                for item in self.items
            ],
            "unknown": [
                {"component": each.component, "urn": each.urn, "what": each.what, "reason": each.reason}
                for each in self.unknown
            ],
            "notCounted": list(self.not_counted),
        }


def counted(view: CostView) -> Iterator[tuple[Node, Use | Unclear]]:
    """Each resource that is paid by the hour, with what it uses or why that is not clear, in registration order."""
    for node in view.billed:
        rule = _ALL_RULES.get(node.type)
        if rule is not None:
            yield from ((node, found) for found in rule(view, node))


def estimate(graph: Graph, prices: PriceTable | None = None, *, default_region: str | None = None) -> Estimate:
    """What the graph costs a month, by component and resource.

    A resource's region is its own, its provider's or that of its ARN. `default_region` is the region of the default provider where the
    graph does not hold it: a captured graph and a preview's JSON do not (the stack's `aws:region` says it), a state does. It is never taken
    from this machine.
    """
    table = list_prices() if prices is None else prices
    view = CostView(graph, default_region)
    items: list[CostItem] = []
    unknown: list[Unpriced] = []
    by_use: set[str] = set(started_by_others(view))
    for node in view.billed:
        by_use.update(BY_USE.get(node.type, ()))
        if node.type not in _ALL_RULES and node.type not in BY_USE and not is_free(node.type):
            by_use.add(f"{node.type} (not in the table)")
    for node, found in counted(view):
        component = view.component(node)
        if isinstance(found, Unclear):
            unknown.append(Unpriced(component, node.urn, found.what, found.reason))
            continue
        region = view.region(node)
        price = table.price(found.item, region) if region else None
        if price is None:
            reason = f"price unknown for {region}" if region else "region unknown, and so the price"
            unknown.append(Unpriced(component, node.urn, found.what, reason))
        else:
            items.append(
                CostItem(component, node.urn, found.what, price.unit, found.least, found.most, price, found.ceiling)
            )
    # Siblings are registered in another order in every run.
    items.sort(key=lambda item: (item.component, item.urn))
    unknown.sort(key=lambda each: (each.component, each.urn))
    return Estimate(tuple(items), tuple(unknown), tuple(sorted(by_use)))
