"""Many stacks in one comment: a table, worst first, in which stacks with the same change share a row."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import Template

from modelinfra.review.finding import SEVERITIES
from modelinfra.review.render import markdown_text, words
from modelinfra.review.render.outline import MARK_WORDS, MARKS, Amount, Outline
from modelinfra.review.render.templating import Markup, template

LIMIT = 60_000
"""Characters. GitHub takes 65,536 in a comment."""

_AROUND = 600
_MOST_NAMES, _FEW_NAMES = 30, 3

# No text of an outline holds a control character, so nobody can write these.
_STACK, _PROJECT = "\x01", "\x02"


@dataclass(frozen=True)
class Entry:
    """One stack as a row has it. same: equal for stacks with the same change. failed: there is no review of it."""

    project: str
    stack: str
    verdict: str = ""
    changes: str = ""
    severities: tuple[int, ...] = (0,) * len(SEVERITIES)
    """How many findings of each severity, worst first."""
    lost: int = 0
    """How many resources are deleted or replaced."""
    cost: Amount | None = None
    """What is paid more a month, less where negative; None where nobody can say."""
    same: str = ""
    failed: bool = False

    @property
    def worst(self) -> str:
        """The worst severity; empty where nothing is found."""
        return next((name for name, count in zip(SEVERITIES, self.severities, strict=True) if count), "")


def entry(outline: Outline) -> Entry:
    """What a row says of a review."""
    counts = Counter(each.severity for each in outline.findings)
    marks = Counter(each.mark for each in outline.resources)
    changed = [f"{marks[mark]} {MARK_WORDS[mark]}" for mark in MARKS if mark != "same" and marks[mark]]
    cost = _difference(outline)
    return Entry(
        outline.project,
        outline.stack,
        outline.verdict or "no verdict",
        ", ".join(changed) or "nothing changes",
        tuple(counts[severity] for severity in SEVERITIES),
        marks["delete"] + marks["replace"],
        cost,
        _same(outline, cost),
    )


def failed(project: str, stack: str) -> Entry:
    """A stack of which a review could not be made."""
    return Entry(project, stack, "could not be reviewed: nobody knows what it does", failed=True, same="failed")


def overview(entries: Iterable[Entry], commit: str = "") -> str:
    """The comment, at most `LIMIT` characters. The order of the entries does not matter. commit: that was reviewed."""
    macros: Any = _template().module
    every = sorted(entries, key=_rank)
    rows = _rows(every)
    several = len({each.project for each in every}) > 1
    head, tail = macros.head(_title(every), commit), macros.tail(_together(every))
    room = LIMIT - _AROUND - len(head) - len(tail)
    shown: list[str] = []
    for row in rows:
        text = macros.row(row, _names(row, several, _MOST_NAMES), 300)
        if len(text) > room:
            text = macros.row(row, _names(row, several, _FEW_NAMES), 100)
        if len(text) > room:
            break
        shown.append(text)
        room -= len(text)
    left = f"\n{_left_out(rows[len(shown) :])}\n" if len(shown) < len(rows) else ""
    return "".join([head, *shown, left, tail]).rstrip() + "\n"


def _rank(each: Entry) -> tuple[Any, ...]:
    cost = each.cost.max if each.cost is not None else Decimal(0)
    bad = tuple(-count for count in each.severities)
    return (not each.failed, bad, -each.lost, -cost, each.verdict, each.project, each.stack)


def _rows(ranked: Sequence[Entry]) -> list[list[Entry]]:
    """Equal ones together, where the first of them stands."""
    rows: dict[str, list[Entry]] = defaultdict(list)
    for each in ranked:
        rows[each.same].append(each)
    return list(rows.values())


def _same(outline: Outline, cost: Amount | None) -> str:
    """A fingerprint of what changes, in which the names of stack and project do not count: findings, resources, properties, cost."""
    findings = [each.model_dump(mode="json", exclude={"file", "line"}) for each in outline.findings]
    resources = [each.model_dump(mode="json") for each in outline.resources]
    money = None if cost is None else [str(cost.min), str(cost.max)]
    # Sorted afterwards: the names decide about the order of the resources.
    parts = [
        [outline.kind, outline.verdict, money],
        *(["finding", each] for each in findings),
        *(["resource", each] for each in resources),
    ]
    nameless = sorted(_nameless(json.dumps(each, sort_keys=True, ensure_ascii=False), outline) for each in parts)
    return hashlib.sha256("\n".join(nameless).encode(errors="surrogatepass")).hexdigest()


def _nameless(text: str, outline: Outline) -> str:
    text = text.replace(f"urn:pulumi:{outline.stack}::{outline.project}::", f"urn:pulumi:{_STACK}::{_PROJECT}::")
    for name, mark in ((outline.stack, _STACK), (outline.project, _PROJECT)):
        if name:
            # Whole words only: a stack `a` is in no other word.
            quoted = re.escape(json.dumps(name, ensure_ascii=False)[1:-1])
            text = re.sub(rf"(?<![A-Za-z0-9]){quoted}(?![A-Za-z0-9])", mark, text)
    return text


def _difference(outline: Outline) -> Amount | None:
    if outline.cost is None:
        return None
    before = outline.cost.before or Amount()
    least, most = sorted((outline.cost.after.min - before.min, outline.cost.after.max - before.max))
    return Amount(min=least, max=most)


def _title(entries: Sequence[Entry]) -> str:
    worst = Counter("" if each.failed else each.worst for each in entries)
    parts = [f"{worst[severity]} with findings of severity {severity}" for severity in SEVERITIES if worst[severity]]
    missing = sum(each.failed for each in entries)
    if missing:
        parts.insert(0, f"{missing} could not be reviewed")
    if worst[""] > missing:
        parts.append(f"{worst[''] - missing} without findings")
    return f"{len(entries)} stack{'s' if len(entries) > 1 else ''}: {', '.join(parts)}"


def _together(entries: Sequence[Entry]) -> str:
    known = [each.cost for each in entries if each.cost is not None]
    if not known:
        return ""
    before = Amount()
    after = Amount(min=sum((each.min for each in known), Decimal(0)), max=sum((each.max for each in known), Decimal(0)))
    unknown = f", and what {len(entries) - len(known)} more cost is not known" if len(known) < len(entries) else ""
    return f"Together: {words.difference(before, after)} a month{unknown}."


def _names(row: Sequence[Entry], several: bool, most: int) -> list[str]:
    names = [f"{each.project}/{each.stack}" if several else each.stack for each in row]
    return [*names[:most], *([""] if len(names) > most else [])]


def _left_out(rows: Sequence[Sequence[Entry]]) -> str:
    stacks = [each for row in rows for each in row]
    worst = Counter("not reviewed" if each.failed else each.worst or "no finding" for each in stacks)
    told = ", ".join(f"{worst[name]} {name}" for name in ("not reviewed", *SEVERITIES, "no finding") if worst[name])
    return f"**{len(stacks)} more stacks are left out here, none of them worse than those above:** {told}."


def _found(each: Entry) -> str:
    return ", ".join(f"{count} {name}" for name, count in zip(SEVERITIES, each.severities, strict=True) if count)


def _money(amount: Amount | None) -> Markup:
    return Markup("not known" if amount is None else words.difference(Amount(), amount).replace("$", r"\$"))


@cache
def _template() -> Template:
    return template(
        "overview.md.j2",
        markdown_text.prose,
        {
            "code": lambda text, limit: Markup(markdown_text.code(words.cut(text, limit))),
            "short": lambda text, limit: words.cut(text, limit),
            "money": _money,
            "found": _found,
        },
    )
