"""What a change needs of the account's quotas."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.graph.cost import Estimate
from modelinfra.review.changes import Changes
from modelinfra.review.needs import Need, needs
from modelinfra.review.table import Table

_OWN = "What the account has is not known here: `aws service-quotas get-service-quota` says it. Quotas are a region's, and other stacks use them, too."
_SURGE = (
    "A rolling deployment on Fargate needs up to deploymentMaximumPercent of it for a while, and an EKS node group that is updated "
    "more nodes than it has (twice as many as it has zones)."
)


def tables(changes: Changes, before: Estimate | None, after: Estimate | None) -> Iterator[Table]:
    """Quotas of which more or less is needed. Nothing where the whole is not known."""
    if after is None:
        return
    old, new = needs(changes.before), needs(changes.after)
    rows = tuple(
        (f"{quota.name} ({quota.code})", *([str(old.by_quota.get(quota, Need()))] if before is not None else []), str(need), quota.unit)
        for quota, need in ((each, new.by_quota.get(each, Need())) for each in {**new.by_quota, **old.by_quota})
        if need != old.by_quota.get(quota, Need())
    )  # fmt: skip
    head = ("Quota", "Before", "After", "Unit") if before is not None else ("Quota", "Needed", "Unit")
    unclear = (f"Not known: {'; '.join(new.unclear)}.",) if new.unclear else ()
    yield Table("What it needs of the account", head, rows, (_OWN, _SURGE, *unclear))
