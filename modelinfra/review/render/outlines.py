"""Outlines of reports and of graphs: where values become words."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

from modelinfra.graph.model import STACK_TYPE, Graph, Node
from modelinfra.review.finding import Finding, worst_first
from modelinfra.review.reach import ways
from modelinfra.review.render.outline import (
    Amount,
    Component,
    Cost,
    CostRow,
    Figures,
    Mark,
    Outline,
    Property,
    Resource,
    Said,
)
from modelinfra.review.render.picture import component_of, picture
from modelinfra.review.render.words import (
    PRESENT,
    SECRET,
    UNKNOWN,
    Redactor,
    holds_secret,
    is_secret_at,
    referred,
    said,
)

if TYPE_CHECKING:
    from modelinfra.graph.cost import Estimate
    from modelinfra.review.changes import PropertyChange, ResourceChange
    from modelinfra.review.places import Place
    from modelinfra.review.render.reported import Report
    from modelinfra.review.table import Table


def of_report(report: Report) -> Outline:
    """A report as every format says it."""
    changes = report.changes
    redacted, quiet = Redactor(changes.before, changes.after), frozenset(report.quiet)
    marks: dict[str, Mark] = {each.urn: each.operation for each in changes.resources}
    outline = Outline(
        kind="change",
        project=report.project,
        stack=report.stack,
        source=changes.source,
        verdict=report.verdict,
        roll_back=report.roll_back,
        touched=tuple(report.touched),
        blast_radius=report.blast_radius,
        findings=tuple(_finding(each, report.places.get(each.urn)) for each in worst_first(list(report.findings))),
        cost=cost(report.cost_before, report.cost_after),
        tables=tuple(figures(each) for each in report.tables),
        components=components(changes.after, changes.before),
        resources=tuple(_resource(each, changes.before, changes.after, quiet) for each in changes.resources),
        unchanged=sum(1 for node in changes.after if _is_real(node) and node.urn not in marks),
        moved=dict(changes.moved),
        reachable=_reachable(changes.after),
        unknowns=tuple(report.unknowns),
        warnings=tuple(changes.after.warnings),
        notes=tuple(report.notes),
        picture=picture(changes.before, changes.after, marks),
    )
    return _cleaned(outline, redacted)


def of_graph(graph: Graph, estimate: Estimate | None) -> Outline:
    """One environment as every format says it."""
    outline = Outline(
        kind="environment",
        project=graph.project,
        stack=graph.stack,
        source="graph",
        cost=cost(None, estimate),
        components=components(graph),
        resources=tuple(
            Resource(urn=node.urn, name=node.name, type=node.type, component=component_of(graph, node))
            for node in graph
            if _is_real(node)
        ),
        unchanged=sum(1 for node in graph if _is_real(node)),
        outputs={key: said(value) for key, value in graph.outputs.items()},
        reachable=_reachable(graph),
        warnings=tuple(graph.warnings),
        notes=tuple(log["message"] for log in graph.logs if log["severity"] == "info"),
        picture=picture(graph, graph, {}),
    )
    return _cleaned(outline, Redactor(graph))


def components(*graphs: Graph) -> tuple[Component, ...]:
    """The component resources of the first graph, then what only the others hold; each after the one around it."""
    found: dict[str, Component] = {}
    for graph in graphs:
        for node in graph:
            if node.type != STACK_TYPE and not node.custom:
                parent = component_of(graph, node)
                found.setdefault(node.urn, Component(urn=node.urn, name=node.name, type=node.type, parent=parent))
    return tuple(found.values())


def cost(before: Estimate | None, after: Estimate | None) -> Cost | None:
    """What each component costs in both states, the most expensive first; None where the state after is not known."""
    if after is None:
        return None
    known = [each for each in (after, before) if each is not None]
    old, new = _by_component(before), _by_component(after)
    rows = [
        CostRow(
            component=name, before=None if before is None else old.get(name, Amount()), after=new.get(name, Amount())
        )
        for name in dict.fromkeys([*new, *old])
    ]
    rows.sort(key=lambda row: (-max(row.after.max, row.before.max if row.before else row.after.max), row.component))
    days = [each.as_of for each in known if each.as_of is not None]
    return Cost(
        before=None if before is None else Amount(min=before.monthly_min, max=before.monthly_max),
        after=Amount(min=after.monthly_min, max=after.monthly_max),
        rows=tuple(rows),
        as_of=min(days).isoformat() if days else "",
        regions=tuple(sorted({region for each in known for region in each.regions})),
        unknown=tuple(dict.fromkeys(f"{each.what} ({each.component}): {each.reason}" for each in after.unknown)),
        not_counted=after.not_counted,
    )


def figures(table: Table) -> Figures:
    """A table as every format says it."""
    return Figures(title=table.title, head=table.head, rows=table.rows, notes=table.notes)


def _by_component(estimate: Estimate | None) -> dict[str, Amount]:
    found: dict[str, Amount] = {}
    for item in estimate.items if estimate is not None else ():
        sofar = found.get(item.component, Amount())
        found[item.component] = Amount(min=sofar.min + item.monthly_min, max=sofar.max + item.monthly_max)
    return found


def _finding(finding: Finding, place: Place | None) -> Said:
    return Said(
        file=place.file if place is not None else "",
        line=place.line if place is not None else 0,
        severity=finding.severity,
        kind=finding.kind,
        urn=finding.urn,
        title=finding.title,
        text=tuple(line for line in finding.text.splitlines() if line.strip()),
        remedy=finding.remedy,
    )


def _resource(change: ResourceChange, before: Graph, after: Graph, quiet: Set[str]) -> Resource:
    graph = after if change.after is not None else before
    secretive = [node for node in (change.before, change.after) if node is not None and holds_secret(node)]
    return Resource(
        urn=change.urn,
        name=change.name,
        type=change.type,
        component=component_of(graph, change.node),
        mark=change.operation,
        certainty=change.certainty,
        because=change.because,
        quiet=change.urn in quiet,
        properties=tuple(
            _property(
                each,
                "" if not change.because else PRESENT,
                referred(said(each.before), each.path, change.before, before),
                referred(said(each.after), each.path, change.after, after),
                hidden=any(is_secret_at(node, each.path) for node in secretive),
            )
            for each in change.properties
        ),
    )


def _property(each: PropertyChange, present: str, before: str, after: str, *, hidden: bool) -> Property:
    follows = each.before is None and each.after is None
    if hidden:
        before, after = (SECRET if text else "" for text in (before, after))
    elif follows:
        # Of what follows from a replaced resource, or what only the engine names, nothing more is known.
        before, after = present, UNKNOWN
    return Property(path=each.path, before=before, after=after, replaces=each.replaces, follows=follows)


def _reachable(graph: Graph) -> tuple[str, ...]:
    found = []
    for way in ways(graph):
        behind = f" to {way.service.name}" if way.service is not None else ""
        how = f" ({way.how})" if way.how else ""
        who = f"{way.clients} ({', '.join(way.ranges)})" if way.ranges else way.clients
        found.append(f"{who}: {way.door.name}{behind}{how}")
    return tuple(dict.fromkeys(found))


def _is_real(node: Node) -> bool:
    return node.custom and node.type != STACK_TYPE and not node.type.startswith("pulumi:providers:")


# Words of the outline itself: a secret that is spelled like one of them is no reason to break the data.
_FIXED = ("kind", "severity", "mark", "certainty", "layer", "as_of", "zone")
_KEYED_BY_TEXT = ("moved", "outputs")


def _cleaned(outline: Outline, redacted: Redactor) -> Outline:
    """Secrets that a name or a message repeats are taken out, in every place alike: URNs still belong together."""
    redacted.only_in(outline.model_dump_json())
    if not redacted:
        return outline
    return Outline.model_validate(_walked(outline.model_dump(), redacted, ""), strict=False)


def _walked(value: Any, redacted: Redactor, key: str) -> Any:
    if isinstance(value, str):
        return value if key in _FIXED else redacted(value)
    if isinstance(value, Mapping):
        names = {name: redacted(name) if key in _KEYED_BY_TEXT else name for name in value}
        return {names[name]: _walked(item, redacted, name) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_walked(item, redacted, key) for item in value)
    return value
