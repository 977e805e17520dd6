"""Quotas that a change needs more of, where an account may not have it."""

from __future__ import annotations

from collections.abc import Iterator

from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding
from modelinfra.review.needs import Need, needs


def findings(changes: Changes) -> Iterator[Finding]:
    """Told where the need grows above what AWS grants by default, or grows at all and new accounts often have nothing."""
    old, new = needs(changes.before).by_quota, needs(changes.after).by_quota
    for quota, need in new.items():
        was = old.get(quota, Need())
        above = quota.default is not None and need.most > quota.default >= was.most
        if need.most <= was.most or not (quota.often_zero or above):
            continue
        reason = (
            "New accounts often may use nothing of it: what is above the account's value waits for ever, and the deployment with it."
            if quota.often_zero
            else f"AWS grants {quota.default} by default, and other stacks use them, too."
        )
        yield Finding(
            "capacity", "low", changes.resources[0].urn if changes.resources else "",
            f"needs {need} {quota.unit} of the quota {quota.code} ({was} before)", f"{quota.name}. {reason}",
            f"Look before the deployment: aws service-quotas get-service-quota --quota-code {quota.code} --service-code ec2."
            if quota.unit == "vCPU" else "Ask for more in Service Quotas.",
        )  # fmt: skip
