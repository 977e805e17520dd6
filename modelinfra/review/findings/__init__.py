"""What a reviewer should know of a change: one file for each concern, all read only the graphs and what differs between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding, worst_first
from modelinfra.review.findings import (
    capacity,
    captures,
    data_loss,
    definitions,
    devices,
    exposure,
    firewalls,
    gateways,
    moves,
    networks,
    permissions,
    proofs,
    removal,
    replacement,
    retention,
    rolling,
    routes,
    secrets,
    stuck,
    traffic,
    unknown,
    updates,
    watching,
)

__all__ = ["CONCERNS", "all_findings"]

CONCERNS: tuple[Callable[[Changes], Iterator[Finding]], ...] = (
    data_loss.findings,
    definitions.findings,
    retention.findings,
    exposure.findings,
    captures.findings,
    proofs.findings,
    firewalls.findings,
    gateways.findings,
    routes.findings,
    networks.findings,
    replacement.findings,
    stuck.findings,
    permissions.findings,
    secrets.findings,
    traffic.findings,
    rolling.findings,
    devices.findings,
    removal.findings,
    updates.findings,
    watching.findings,
    capacity.findings,
    moves.findings,
    unknown.findings,
)
"""In the order in which a report tells them. `quotas` stands apart: a report knows what both sides need from its tables."""


def all_findings(changes: Changes) -> list[Finding]:
    """Every finding of every concern, worst first; the same ones only once."""
    return worst_first(list(dict.fromkeys(found for concern in CONCERNS for found in concern(changes))))
