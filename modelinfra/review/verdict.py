"""The lines that come first: what the change does, in one, and how to undo it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from modelinfra.graph.cost import Estimate
from modelinfra.graph.cost_words import dollars
from modelinfra.review.changes import Changes
from modelinfra.review.finding import KINDS, SEVERITIES, Finding
from modelinfra.review.findings.consequences import consequence
from modelinfra.review.findings.data_loss import STORES, protected
from modelinfra.review.findings.words import called, listing, plural

_CENTS_BELOW = 10


def verdict(
    changes: Changes, findings: Iterable[Finding], before: Estimate | None, after: Estimate | None, *, quiet: int = 0
) -> str:
    """One line: the worst that is found, how much else there is to read, and what it costs."""
    if not changes:
        return "no change"
    ranked = sorted(findings, key=_rank)
    parts = [_worst(changes, ranked, quiet)]
    cost = cost_words(before, after)
    return "; ".join([*parts, cost] if cost else parts)


def cost_words(before: Estimate | None, after: Estimate | None) -> str:
    """`+$412 to +$1,930 a month`; empty where nobody can say, or nothing that has a fixed price changes."""
    if after is None:
        return ""
    known = {(each.urn, each.what) for each in before.unknown} if before is not None else set()
    fresh = [each for each in after.unknown if (each.urn, each.what) not in known]
    unknown = f", and {listing(each.what for each in fresh)} at an unknown price" if fresh else ""
    if before is None:
        return f"{dollars(after.monthly_min, after.monthly_max)} a month{unknown}"
    least, most = after.monthly_min - before.monthly_min, after.monthly_max - before.monthly_max
    if not least and not most:
        return unknown.removeprefix(", and ")
    low, high = sorted((least, most))
    words = _signed(low) if _signed(low) == _signed(high) else f"{_signed(low)} to {_signed(high)}"
    return f"{words} a month{unknown}"


def roll_back(changes: Changes) -> str:
    """How to undo it, and what comes back neither by that nor by anything else."""
    if not changes:
        return "Nothing to undo."
    if not len(changes.before):
        return "Destroy the stack."
    if any(protected(each) for each in changes.resources):
        return "The update fails as it is: nothing is to be undone before that, and what ran until then is undone by deploying the old program."
    graph = changes.before
    gone = [
        f"the {STORES[each.type].what} of {called(graph, each.before)}"
        for each in changes.resources
        if each.operation in ("delete", "replace") and each.type in STORES and each.before is not None
        if not each.before.retain_on_delete
    ]
    renewed = [called(graph, each.node) for each in changes.of("replace") if consequence(each.type).severity == "high"]
    told = ["Deploy the old program again."]
    if renewed:
        told.append(f"That replaces {listing(renewed)} once more, and brings no old address or id back.")
    if gone:
        told.append(f"What does not come back: {listing(gone)}.")
    return " ".join(told)


def _rank(finding: Finding) -> tuple[int, int, str, str]:
    return SEVERITIES.index(finding.severity), KINDS.index(finding.kind), finding.urn, finding.title


def _worst(changes: Changes, ranked: list[Finding], quiet: int) -> str:
    worst = [each for each in ranked if each.severity in ("high", "medium")]
    if worst:
        more = len(worst) - 1
        return worst[0].title + (f" (and {more} more to read)" if more else "")
    # Notes on what is added say less than what requests feel.
    if ranked:
        return min(
            ranked, key=lambda each: (each.kind == "unknown", SEVERITIES.index(each.severity), each.kind != "traffic")
        ).title
    counts = {each: len(changes.of(each)) for each in ("create", "update", "replace", "delete")}
    if quiet and quiet == len(changes.resources):
        return f"tags and hashes of {plural(quiet, 'resource')}"
    words = {"create": "creates", "update": "updates", "replace": "renews", "delete": "deletes"}
    told = [f"{words[operation]} {plural(count, 'resource')}" for operation, count in counts.items() if count]
    return f"{listing(told)}: nothing that a rule warns of"


def _signed(usd: Decimal) -> str:
    step = Decimal("0.01") if abs(usd) < _CENTS_BELOW else Decimal(1)
    amount = abs(usd).quantize(step, ROUND_HALF_UP)
    if not amount:
        return "$0"
    return f"{'-' if usd < 0 else '+'}${amount:,}"
