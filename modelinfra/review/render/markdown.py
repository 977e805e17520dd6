"""The outline as a pull-request comment: the verdict first, and never longer than a comment may be."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Template

from modelinfra.review.finding import SEVERITIES
from modelinfra.review.render import markdown_text, words
from modelinfra.review.render.outline import MARK_WORDS, Figures, Outline, Resource
from modelinfra.review.render.templating import Markup, template

if TYPE_CHECKING:
    from modelinfra.graph.cost import Estimate
    from modelinfra.graph.model import Graph
    from modelinfra.review.render.reported import Report

LIMIT = 60_000
"""Characters. GitHub takes 65,536 in a comment."""

WHOLE = "All of it is in the HTML page and the JSON of this review (`--format html`, `--format json`)."

_MOST_PROPERTIES, _MOST_LINES = 8, 6

# Of the limit; what a section does not need, the next ones may have.
_SHARES = {
    "findings": 20_000,
    "cost": 6_000,
    "tables": 4_000,
    "lost": 9_000,
    "updates": 9_000,
    "creations": 4_000,
    "rest": 3_000,
}
_AROUND = 400


@dataclass
class Section:
    """Entries under a heading; each is written only when its turn comes. left_out: says of which entries there was no room for."""

    share: int
    entries: Sequence[Any]
    write: Callable[[Any], str]
    left_out: Callable[[int], str]
    head: str = ""
    tail: str = ""
    brief: Callable[[Any], str] | None = None
    """Writes an entry shorter, for one that has no room as a whole."""
    folded: str = ""
    """Summary of the `<details>` that holds the section; shown openly where empty."""


@dataclass
class _Page:
    parts: list[str] = field(default_factory=list)
    spare: int = 0
    cut: bool = False

    def add(self, section: Section) -> None:
        """As many entries as there is room for, in their order."""
        if not (section.entries or section.head):
            return
        fixed = len(section.head) + len(section.tail) + len(section.folded) + len(section.left_out(0))
        room = section.share + self.spare - _AROUND - fixed
        shown: list[str] = []
        for each in section.entries:
            entry = section.write(each)
            if len(entry) > room:
                # Text that grows by escaping must not hide what comes after it.
                entry = section.brief(each) if section.brief else ""
            if not entry or len(entry) > room:
                break
            shown.append(entry)
            room -= len(entry)
        body = section.head + "".join(shown)
        if len(shown) < len(section.entries):
            self.cut = True
            body += f"\n{section.left_out(len(shown))}\n"
        body += section.tail
        if section.folded:
            body = f"<details><summary>{section.folded}</summary>\n\n{body}\n</details>\n"
        self.spare = section.share + self.spare - len(body) - 1
        self.parts.append(body + "\n")


def render(report: Report) -> str:
    """A review."""
    from modelinfra.review.render.outlines import of_report

    return write(of_report(report))


def render_graph(graph: Graph, estimate: Estimate | None) -> str:
    """One environment."""
    from modelinfra.review.render.outlines import of_graph

    return write(of_graph(graph, estimate))


def write(outline: Outline, commit: str = "", limit: int = LIMIT) -> str:
    """The comment, at most `limit` characters. commit: that was reviewed, in hexadecimal digits; it is told where it is given."""
    macros: Any = _template().module
    head = macros.head(outline, commit)
    shares = sum(_SHARES.values()) * limit // LIMIT
    page = _Page([head], spare=limit - shares - len(head) - _AROUND)
    for section in _sections(outline, macros):
        section.share = section.share * limit // LIMIT
        page.add(section)
    if page.cut:
        page.parts.append(f"{WHOLE}\n")
    return re.sub("\n{3,}", "\n\n", "".join(page.parts)).strip() + "\n"


def _sections(outline: Outline, macros: Any) -> Iterator[Section]:
    found = outline.findings
    yield Section(
        _SHARES["findings"],
        found,
        lambda each: macros.finding(each, _MOST_LINES),
        lambda shown: f"**{len(found) - shown} more findings are left out here:** {_by_severity(outline, shown)}.",
        brief=lambda each: macros.finding(each, 0),
    )
    if outline.cost is not None:
        rows = outline.cost.rows
        yield Section(
            _SHARES["cost"],
            rows,
            macros.cost_row,
            lambda shown: f"\n{len(rows) - shown} more components are left out of the table.\n",
            head=macros.cost_head(outline.cost),
            tail=macros.cost_tail(outline.cost),
        )
    for table in outline.tables:
        yield _figures(table, _SHARES["tables"] // len(outline.tables), macros)
    lost = [*outline.of("delete"), *outline.of("replace")]
    yield _resources("lost", "replaced or deleted", lost, outline, macros)
    yield _resources("updates", "updated", [each for each in outline.of("update") if not each.quiet], outline, macros)
    created = list(outline.of("create") if outline.kind == "change" else outline.resources)
    yield _groups(created, outline, macros)
    outputs = list(outline.outputs.items())
    yield _texts("Outputs", outputs, lambda each: macros.output(*each))
    yield _texts("Reachable from", outline.reachable, macros.item)
    yield _texts("Known only after the deployment", outline.unknowns, macros.item)
    yield _texts("Notes", (*outline.warnings, *outline.notes), macros.item)


def _resources(share: str, word: str, found: list[Resource], outline: Outline, macros: Any) -> Section:
    return Section(
        _SHARES[share],
        found,
        lambda each: macros.resource(each, outline, _MOST_PROPERTIES),
        lambda shown: f"**{len(found) - shown} more are left out here:** {_kinds(found[shown:])}.",
        brief=lambda each: macros.resource(each, outline, 0),
        folded=f"{len(found)} {word}" if found else "",
    )


def _figures(table: Figures, share: int, macros: Any) -> Section:
    return Section(
        share,
        table.rows,
        macros.cells,
        lambda shown: f"\n{len(table.rows) - shown} more rows are left out of the table.\n",
        head=macros.cells(table.head) + macros.ruler(table.head),
        tail=macros.notes(table.notes),
        folded=markdown_text.prose(words.cut(table.title, 200)),
    )


def _groups(found: list[Resource], outline: Outline, macros: Any) -> Section:
    groups: dict[str, list[Resource]] = defaultdict(list)
    for each in found:
        groups[each.component].append(each)
    names = {each.urn: f"{words.kind(each.type)} {each.name}" for each in outline.components}
    word = "created" if outline.kind == "change" else "resources"
    return Section(
        _SHARES["creations"],
        list(groups),
        lambda urn: macros.group(names.get(urn, ""), len(groups[urn]), words.counted(groups[urn])),
        lambda shown: f"**{len(groups) - shown} more components are left out here.**",
        folded=f"{len(found)} {word}, by component" if found else "",
    )


def _texts(title: str, entries: Sequence[Any], write: Callable[[Any], str]) -> Section:
    return Section(
        _SHARES["rest"] // 4,
        entries,
        write,
        lambda shown: f"**{len(entries) - shown} more are left out here.**",
        folded=f"{title} ({len(entries)})" if entries else "",
    )


def _by_severity(outline: Outline, shown: int) -> str:
    counts = Counter(each.severity for each in outline.findings[shown:])
    return ", ".join(f"{counts[severity]} {severity}" for severity in SEVERITIES if counts[severity])


def _kinds(resources: Iterable[Resource]) -> str:
    counts = Counter(f"{words.kind(each.type)} {MARK_WORDS[each.mark]}" for each in resources)
    most = [f"{count} {name}" for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:20]]
    others = f" and {len(counts) - 20} other kinds" if len(counts) > 20 else ""
    return markdown_text.prose(words.cut(", ".join(most), 900)) + others


def _dollars(text: str) -> Markup:
    # Never the first of a line, and two dollars are no formula.
    return Markup(text.replace("$", r"\$"))


@cache
def _template() -> Template:
    return template(
        "markdown.md.j2",
        markdown_text.prose,
        {
            "code": lambda text, limit: Markup(markdown_text.code(words.cut(text, limit))),
            "short": lambda text, limit: words.cut(text, limit),
            "value": lambda text: Markup(markdown_text.code(words.cut(text, 160)) or "*none*"),
            "marker": lambda text: Markup(markdown_text.marker(text)),
            "kind": words.kind,
            "name_of": words.name_of,
            "money": lambda amount: _dollars(words.money(amount)),
            "difference": lambda before, after: _dollars(words.difference(before, after)),
            "operations": words.operations,
            "quietly": words.quietly,
            "reach": words.reach,
        },
    )
