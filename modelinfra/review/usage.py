"""What is paid by use, at a use that somebody states in the stack file below `modelinfra:usage`, or that is assumed and said to be.

requestsPerSecond: 20
logGb: 50
components:
  prod-chat: {logGb: 400}
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from modelinfra.catalog.prices import HOURS_PER_MONTH, Price, PriceTable
from modelinfra.graph.cost import Unpriced
from modelinfra.graph.cost_view import CostView
from modelinfra.graph.model import Graph, Node
from modelinfra.review.language_model import LanguageModel

KEY: Final = "modelinfra:usage"

# An LCU holds the largest of: 25 new connections a second, 1 GB an hour (https://aws.amazon.com/elasticloadbalancing/pricing/, from memory,
# not read again). Each request is taken for a connection of its own, which is the most that requests cost.
_CONNECTIONS_PER_UNIT, _GB_PER_UNIT_HOUR = Decimal(25), Decimal(1)


class Use(BaseModel):
    """Use of one resource of each kind, in a month unless the name says otherwise. Defaults are assumptions, and are shown as such."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    requests_per_second: Decimal = Field(
        Decimal(1), ge=0, le=10**12, description="Requests to each load balancer, on average."
    )
    gb_out: Decimal = Field(Decimal(10), ge=0, le=10**12, description="GB that each load balancer answers.")
    nat_gb: Decimal = Field(Decimal(100), ge=0, le=10**12, description="GB through each NAT gateway.")
    endpoint_gb: Decimal = Field(Decimal(100), ge=0, le=10**12, description="GB through each interface endpoint.")
    log_gb: Decimal = Field(Decimal(10), ge=0, le=10**12, description="GB written to each log group.")
    image_gb: Decimal = Field(Decimal(10), ge=0, le=10**12, description="GB held in each image registry.")
    tokens_per_second: Decimal | None = Field(
        None, gt=0, description="Output tokens of one busy replica. Without it nothing is said of what tokens cost."
    )
    pull_mib_per_second: Decimal | None = Field(
        None,
        gt=0,
        description="MiB a second at which a new machine pulls its image. Without it nothing is said of cold starts.",
    )
    object_gb: Decimal = Field(Decimal(10), ge=0, le=10**12, description="GB held in each bucket.")


class ComponentUse(Use):
    """What is different for one component, and what only one can have."""

    language_model: LanguageModel | None = Field(
        None,
        description="The language model of one component. Without it nothing is said of what fits in accelerator memory.",
    )


class Usage(Use):
    """Use of a stack. components: what is different for one component, by its name."""

    components: dict[str, ComponentUse] = {}

    def of(self, component: str, key: str) -> tuple[Any, bool]:
        """The value for a component, and whether it is assumed."""
        for each in (self.components.get(component), self):
            if each is not None and key in each.model_fields_set:
                return getattr(each, key), False
        return getattr(self, key), True


class UsageError(ValueError):
    """Everything that is wrong with the usage of a stack, in one go."""


@dataclass(frozen=True)
class UsageItem:
    """One thing that is paid by use. quantity: in a month, in the price's unit."""

    component: str
    urn: str
    what: str
    quantity: Decimal
    price: Price
    assumed: bool

    @property
    def monthly(self) -> Decimal:
        """USD a month."""
        return self.quantity * self.price.usd


@dataclass(frozen=True)
class UsageCost:
    """What use costs. covered: the words of `Estimate.not_counted` that are counted here."""

    items: tuple[UsageItem, ...]
    unknown: tuple[Unpriced, ...]
    covered: frozenset[str]

    @property
    def monthly(self) -> Decimal:
        """USD a month."""
        return sum((item.monthly for item in self.items), Decimal(0))


def read_usage(given: Any, directory: Path | None = None) -> Usage:
    """The usage that a stack file states. directory: what paths in it start from.

    Raises UsageError, naming every mistake with its path.
    """
    try:
        return Usage.model_validate({} if given is None else given, context={"directory": directory})
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, each['loc'])) or 'the whole'} (given: {each['input']!r}): {each['msg']}"
            for each in error.errors(include_url=False)
        ]
        keys = ", ".join(to_camel(name) for name in Usage.model_fields)
        raise UsageError("\n".join([f"{KEY}: {len(lines)} mistakes. There are: {keys}", *lines])) from None


def usage_cost(graph: Graph, prices: PriceTable, usage: Usage, default_region: str | None = None) -> UsageCost:
    """What the use costs, in registration order. Raises UsageError for a component that the graph does not hold."""
    view = CostView(graph, default_region)
    _check_components(usage, {view.component(node) for node in graph if node.custom and not node.read})
    items: list[UsageItem] = []
    unknown: list[Unpriced] = []
    covered: set[str] = set()
    for node in view.billed:
        component = view.component(node)
        for what, item, quantity, assumed in _uses(view, node, component, usage):
            region = view.region(node)
            price = prices.price(item, region) if region else None
            if price is None:
                reason = f"price unknown for {region}" if region else "region unknown, and so the price"
                unknown.append(Unpriced(component, node.urn, what, reason))
                continue
            items.append(UsageItem(component, node.urn, what, quantity, price, assumed))
            covered.update(_COVERED.get(item, ()))
    return UsageCost(tuple(items), tuple(unknown), frozenset(covered))


def _check_components(usage: Usage, known: Collection[str]) -> None:
    missing = [name for name in usage.components if name not in known]
    if missing:
        raise UsageError(f"{KEY}: no component is called {', '.join(missing)}. There are: {', '.join(sorted(known))}")


_Found = Iterator[tuple[str, str, Decimal, bool]]


def _uses(view: CostView, node: Node, component: str, usage: Usage) -> _Found:
    kind = node.type
    if kind == "aws:lb/loadBalancer:LoadBalancer":
        yield from _balanced(view, node, component, usage)
        return
    if kind == "aws:ec2/vpcEndpoint:VpcEndpoint" and view.inputs(node).get("vpcEndpointType") != "Interface":
        return
    for what, item, key in _SIMPLE.get(kind, ()):
        quantity, assumed = usage.of(component, key)
        yield what, item, quantity, assumed


def _balanced(view: CostView, node: Node, component: str, usage: Usage) -> _Found:
    (requests, one), (out, other) = usage.of(component, "requests_per_second"), usage.of(component, "gb_out")
    if view.inputs(node).get("loadBalancerType", "application") == "application":
        units = max(requests / _CONNECTIONS_PER_UNIT, out / HOURS_PER_MONTH / _GB_PER_UNIT_HOUR)
        yield "load balancer capacity", "alb.capacity-unit", units * HOURS_PER_MONTH, one or other
    if view.inputs(node).get("internal") is not True and out:
        yield "traffic out to the internet", "internet.out", out, other


_SIMPLE: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "aws:ec2/natGateway:NatGateway": (("NAT gateway traffic", "nat.traffic", "nat_gb"),),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (("interface endpoint traffic", "endpoint.traffic", "endpoint_gb"),),
    "aws:cloudwatch/logGroup:LogGroup": (("logs written", "logs.ingestion", "log_gb"),),
    "aws:ecr/repository:Repository": (("stored images", "ecr.storage", "image_gb"),),
    "aws:s3/bucket:Bucket": (("stored objects", "s3.storage", "object_gb"),),
    "aws:s3/bucketV2:BucketV2": (("stored objects", "s3.storage", "object_gb"),),
}

_COVERED: Final[dict[str, tuple[str, ...]]] = {
    "alb.capacity-unit": ("load balancer capacity units",),
    "ecr.storage": ("stored images",),
    "s3.storage": ("stored objects",),
}
"""Traffic and logs stay named as not counted: what is stored and what leaves by other ways is not stated."""
