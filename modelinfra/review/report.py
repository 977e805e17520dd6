"""A review as data: what every output format shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from modelinfra.catalog.prices import PriceTable
from modelinfra.graph.cost import Estimate, estimate
from modelinfra.graph.values import has_unknown
from modelinfra.review.changes import Changes, Operation
from modelinfra.review.context import Context
from modelinfra.review.figures import all_tables, memory_fit
from modelinfra.review.finding import Finding, worst_first
from modelinfra.review.findings import all_findings, quotas
from modelinfra.review.findings.links import Links
from modelinfra.review.findings.quiet import quiet
from modelinfra.review.findings.words import place, plural
from modelinfra.review.needs import demand_of
from modelinfra.review.places import Place, Places
from modelinfra.review.table import Table
from modelinfra.review.usage import Usage
from modelinfra.review.verdict import roll_back, verdict

_OPERATIONS: tuple[Operation, ...] = ("create", "update", "replace", "delete")


@dataclass(frozen=True)
class Report:
    """One change to one stack."""

    stack: str
    project: str
    source: Literal["capture", "engine"]
    """Who says what happens: a comparison of two programs, or the engine's own preview."""
    verdict: str
    """One line, most important first."""
    findings: tuple[Finding, ...]
    """Worst first."""
    changes: Changes
    cost_before: Estimate | None
    """None where there was nothing before."""
    cost_after: Estimate | None
    """None where the graph is not known as a whole."""
    places: Mapping[str, Place]
    """URN of a finding -> where what it is about was written, where that is known."""
    tables: tuple[Table, ...]
    """Figures beside the findings."""
    unknowns: tuple[str, ...]
    """Properties of what changes that are known only after the deployment, as `owner: property`, sorted."""
    notes: tuple[str, ...]
    """What a reader must know of the report itself."""
    roll_back: str
    """How to undo it, and what does not come back."""
    counts: Mapping[str, int]
    """`create`, `update`, `replace`, `delete`, and `same`: how many resources."""
    quiet: tuple[str, ...]
    """URNs of what changes in nothing but tags and hashes: counted, not told."""
    touched: tuple[str, ...]
    """Names of the endpoints that what changes belongs to, or that stand on it."""
    blast_radius: int
    """How many other resources stand on what is updated, replaced or deleted, directly or not."""


def report(
    changes: Changes,
    *,
    stack: str = "",
    project: str = "",
    prices: PriceTable | None = None,
    region: str | None = None,
    context: Context | None = None,
    usage: Usage | None = None,
    places: Places | None = None,
) -> Report:
    """The review of a change. `stack` and `project` default to those of the graph, `prices` to the list prices.

    `region` is that of the default provider, where the graphs do not hold it (see `modelinfra.graph.cost.estimate`).
    `context` is what somebody found beside the graphs: its findings are ranked with the others, its tables and notes come last.
    `usage` is what the stack file states of use, `places` finds where things were written.
    """
    whole = _is_whole(changes)
    before = estimate(changes.before, prices, default_region=region) if whole and len(changes.before) else None
    after = estimate(changes.after, prices, default_region=region) if whole else None
    known = Context() if context is None else context
    demand = demand_of(changes, region)
    findings = tuple(
        worst_first(
            [*all_findings(changes), *quotas.findings(demand), *memory_fit.findings(changes, usage), *known.findings]
        )
    )
    silent = tuple(each.urn for each in quiet(changes))
    stands, touched = _standing_on(changes)
    graph = changes.after if len(changes.after) else changes.before
    return Report(
        stack or graph.stack,
        project or graph.project,
        changes.source,
        verdict(changes, findings, before, after, quiet=len(silent)),
        findings,
        changes,
        before,
        after,
        _places(changes, findings, places),
        (*all_tables(changes, demand, before, after, usage), *known.tables),
        tuple(sorted(set(_unknowns(changes)))),
        (*_notes(changes, whole), *known.notes),
        roll_back(changes),
        _counts(changes),
        silent,
        touched,
        stands,
    )


def _places(changes: Changes, findings: Iterable[Finding], places: Places | None) -> dict[str, Place]:
    found = (
        {urn: places.of(urn, changes.after, changes.before) for urn in {each.urn for each in findings}}
        if places
        else {}
    )
    return {urn: place for urn, place in found.items() if place is not None}


def _counts(changes: Changes) -> dict[str, int]:
    counts: dict[str, int] = {operation: len(changes.of(operation)) for operation in _OPERATIONS}
    changed = {each.urn for each in changes.resources}
    counts["same"] = sum(node.custom and node.urn not in changed for node in changes.after.resources)
    return counts


def _is_whole(changes: Changes) -> bool:
    """Whether the graphs hold what does not change, too: a preview without `--show-sames` does not."""
    if changes.source == "capture":
        return True
    changed = {each.urn for each in changes.resources}
    known = [node for node in changes.before.resources if node.custom]
    return not known or any(node.urn not in changed for node in known)


def _standing_on(changes: Changes) -> tuple[int, tuple[str, ...]]:
    changed = [each.urn for each in changes.resources]
    old, new = Links(changes.before), Links(changes.after)
    moving = [each.urn for each in changes.resources if each.operation != "create"]
    others = {urn for urn in old.dependents(moving) if urn in changes.before and changes.before[urn].custom} - set(
        changed
    )
    return len(others), tuple(sorted({*old.endpoints(moving), *new.endpoints(changed)}))


def _unknowns(changes: Changes) -> Iterator[str]:
    for change in changes.resources:
        if change.after is None:
            continue
        if change.operation == "create":
            for key, value in change.after.inputs.items():
                if has_unknown(value):
                    yield place(changes.after, change.after, key)
        for each in change.properties:
            # Of what follows from a replacement, the new value is not known before it is done.
            if has_unknown(each.after) or (each.before is None and each.after is None):
                yield place(changes.after, change.after, each.path)


def _notes(changes: Changes, whole: bool) -> Iterator[str]:
    if changes.source == "capture":
        yield (
            "Two programs are compared, not the program and the cloud: what was changed by hand in the cloud is not seen, "
            "and replacements follow the table made from the real provider."
        )
    if not whole:
        yield "The preview holds nothing but changes: cost and what stands on them are not known. Make it with --show-sames."
    guessed = sum(each.certainty == "unknown" for each in changes.resources)
    if guessed:
        yield f"Of {plural(guessed, 'resource')} nobody can say whether it is updated or replaced."
