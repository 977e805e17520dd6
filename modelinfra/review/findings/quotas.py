"""Quotas that a change needs more of, where an account may not have it."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.review.finding import Finding
from modelinfra.review.needs import Demand, Share


def findings(demand: Demand) -> Iterator[Finding]:
    """Told where the need grows above what AWS grants by default, or grows at all and new accounts often have nothing.

    It stands at the resource whose need grows most.
    """
    for share in demand.shares:
        quota, was, need = share.quota, demand.before.of(share), demand.after.of(share)
        above = quota.default is not None and need.most > quota.default >= was.most
        if need.most <= was.most or not (quota.often_zero or above):
            continue
        reason = (
            "New accounts often may use nothing of it: what is above the account's value waits for ever, and the deployment with it."
            if quota.often_zero
            else f"AWS grants {quota.default} by default, and other stacks use them, too."
        )
        region = f" --region {share.region}" if share.region else ""
        yield Finding(
            "capacity", "low", _grower(demand, share),
            f"needs {need} {quota.unit} of the quota {quota.code}{demand.where(share)} ({was} before)", f"{quota.name}. {reason}",
            f"Look before the deployment: aws service-quotas get-service-quota --quota-code {quota.code} --service-code ec2{region}."
            if quota.unit == "vCPU" else "Ask for more in Service Quotas.",
        )  # fmt: skip


def _grower(demand: Demand, share: Share) -> str:
    """URN of the resource whose need grows most, of several the one that needs most."""

    def order(urn: str) -> tuple[object, ...]:
        need, was = demand.after.of_one(share, urn), demand.before.of_one(share, urn)
        return was.most - need.most, -need.most, urn

    return min(demand.after.by_urn[share], key=order)
