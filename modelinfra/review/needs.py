"""What a graph needs of the account's quotas in each region, from the least to the most of what scales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from modelinfra.catalog.instance_types import instance_type
from modelinfra.catalog.quotas import COUNTED, FARGATE, Quota, quota_of_instance
from modelinfra.graph.cost import counted
from modelinfra.graph.cost_view import CostView, Unclear, Use
from modelinfra.graph.model import Graph, Node
from modelinfra.review.changes import Changes


@dataclass(frozen=True)
class Share:
    """A quota in one region, where it is counted. region: None where it is not known."""

    quota: Quota
    region: str | None


@dataclass(frozen=True)
class Need:
    """How much of a quota is needed at the same time, at the least and at the most."""

    least: Decimal = Decimal(0)
    most: Decimal = Decimal(0)

    def __add__(self, other: Need) -> Need:
        return Need(self.least + other.least, self.most + other.most)

    def __str__(self) -> str:
        low, high = (f"{each.normalize():f}" for each in (self.least, self.most))
        return low if low == high else f"{low} to {high}"


@dataclass(frozen=True)
class Needs:
    """What one graph needs. by_urn: what each resource needs. unclear: what needs something that is not known, in words, sorted."""

    by_urn: dict[Share, dict[str, Need]] = field(default_factory=dict)
    unclear: tuple[str, ...] = ()

    def of(self, share: Share) -> Need:
        """What all resources need together."""
        return sum(self.by_urn.get(share, {}).values(), Need())

    def of_one(self, share: Share, urn: str) -> Need:
        """What one resource needs."""
        return self.by_urn.get(share, {}).get(urn, Need())


@dataclass(frozen=True)
class Demand:
    """What both sides of a change need: computed once for findings and tables."""

    before: Needs
    after: Needs

    @property
    def shares(self) -> list[Share]:
        """Everything that either side needs something of, by name and region."""
        return sorted(
            {**self.after.by_urn, **self.before.by_urn}, key=lambda each: (each.quota.name, each.region or "")
        )

    def where(self, share: Share) -> str:
        """` in eu-west-1`; nothing where all is needed in one region."""
        if len({each.region for each in self.shares}) < 2:
            return ""
        return f" in {share.region or 'a region that is not known'}"


def demand_of(changes: Changes, region: str | None = None) -> Demand:
    """What both sides need. region: the default provider's, where the graphs do not hold it."""
    # One side may know by an ARN what the other one, which is not deployed yet, does not: it is the same provider.
    known = region or _only_region(changes.before, changes.after)
    return Demand(needs(changes.before, known), needs(changes.after, known))


def needs(graph: Graph, region: str | None = None) -> Needs:
    """What the resources of a graph need. region: the default provider's, where the graph does not hold it."""
    view = CostView(graph, region)
    found: dict[Share, dict[str, Need]] = defaultdict(dict)
    unclear: set[str] = set()

    def add(node: Node, quota: Quota, need: Need) -> None:
        of_share = found[Share(quota, view.region(node))]
        of_share[node.urn] = of_share.get(node.urn, Need()) + need

    for node, used in counted(view):
        if isinstance(used, Unclear):
            if used.what.startswith(("EC2", "Fargate", "ECS")):
                unclear.add(f"{used.what} of {node.name}: {used.reason}")
            continue
        for quota, need in _of_use(used):
            if quota is None:
                unclear.add(f"{used.what} of {node.name}: its quota or size is not in the table")
            else:
                add(node, quota, need)
    for node in graph:
        counts = COUNTED.get(node.type)
        if counts is not None and (node.inputs.get("loadBalancerType") or "application") == "application":
            add(node, counts, Need(Decimal(1), Decimal(1)))
    return Needs(dict(found), tuple(sorted(unclear)))


def _only_region(*graphs: Graph) -> str | None:
    """The one region of everything that the default provider makes, as far as the graphs say it."""
    views = [CostView(each, None) for each in graphs]
    regions = {
        view.region(node) for view in views for node in view.billed if not (node.provider or node.inputs.get("region"))
    }
    known = regions - {None}
    return known.pop() if len(known) == 1 else None


def _of_use(used: Use) -> Iterator[tuple[Quota | None, Need]]:
    family, _, rest = used.item.partition(".")
    if family == "ec2":
        known, quota = instance_type(rest), quota_of_instance(rest, spot=used.ceiling)
        if known is None or quota is None:
            yield None, Need()
        else:
            yield quota, Need(used.least * known.vcpus, used.most * known.vcpus)
    elif family == "fargate" and rest.endswith(".vcpu"):
        yield FARGATE[int(used.ceiling)], Need(used.least, used.most)
