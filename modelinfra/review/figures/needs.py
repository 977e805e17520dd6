"""What a change needs of the account's quotas."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.graph.cost import Estimate
from modelinfra.review.needs import Demand
from modelinfra.review.table import Table

_OWN = "What the account has is not known here: `aws service-quotas get-service-quota` says it. Quotas are a region's, and other stacks use them, too."
_SURGE = (
    "A rolling deployment on Fargate needs up to deploymentMaximumPercent of it for a while, and an EKS node group that is updated "
    "more nodes than it has (twice as many as it has zones)."
)


def tables(demand: Demand, before: Estimate | None, after: Estimate | None) -> Iterator[Table]:
    """Quotas of which more or less is needed. Nothing where the whole is not known."""
    if after is None:
        return
    rows = []
    for share in demand.shares:
        quota, was, need = share.quota, demand.before.of(share), demand.after.of(share)
        if need != was:
            name = f"{quota.name} ({quota.code}){demand.where(share)}"
            rows.append((name, *([str(was)] if before is not None else []), str(need), quota.unit))
    head = ("Quota", "Before", "After", "Unit") if before is not None else ("Quota", "Needed", "Unit")
    unclear = (f"Not known: {'; '.join(demand.after.unclear)}.",) if demand.after.unclear else ()
    if rows:
        yield Table("What it needs of the account", head, tuple(rows), (_OWN, _SURGE, *unclear))
