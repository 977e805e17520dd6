"""What a graph needs of the account's quotas, from the least to the most of what scales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from modelinfra.catalog.instance_types import instance_type
from modelinfra.catalog.quotas import COUNTED, FARGATE, Quota, quota_of_instance
from modelinfra.graph.cost import counted
from modelinfra.graph.cost_view import CostView, Unclear, Use
from modelinfra.graph.model import Graph


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
    """By quota. unclear: what needs something that is not known, in words, sorted."""

    by_quota: dict[Quota, Need]
    unclear: tuple[str, ...]


def needs(graph: Graph) -> Needs:
    """What all resources of a graph need together. Those of several regions are taken together, though quotas are a region's."""
    view = CostView(graph, None)
    found: dict[Quota, Need] = defaultdict(Need)
    unclear: set[str] = set()
    for node, used in counted(view):
        if isinstance(used, Unclear):
            if used.what.startswith(("EC2", "Fargate", "ECS")):
                unclear.add(f"{used.what} of {node.name}: {used.reason}")
            continue
        for quota, need in _of_use(used):
            if quota is None:
                unclear.add(f"{used.what} of {node.name}: its quota or size is not in the table")
            else:
                found[quota] += need
    for node in graph:
        quota = COUNTED.get(node.type)
        if quota is not None and (node.inputs.get("loadBalancerType") or "application") == "application":
            found[quota] += Need(Decimal(1), Decimal(1))
    return Needs(dict(sorted(found.items(), key=lambda each: each[0].name)), tuple(sorted(unclear)))


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
