"""Text of strangers as GitHub's Markdown that shows it and does nothing else."""

from __future__ import annotations

import re

from modelinfra.review.render.lines import one_line

# A zero-width space: GitHub sees no mention, reference or address in what it parts.
_APART = "&#8203;"

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

# What could begin or end something inside a line, or a table's cell.
_MARKS = frozenset("\\`*_{}[]~|$!^=#")

_MENTIONS = re.compile(r"@|#(?=\d)|gh(?=-\d)|www(?=\.)|(?<=[A-Za-z]):(?=/)", re.IGNORECASE)

# What would begin a list or a line across the page where the text is the first of an entry.
_FIRST = re.compile(r"^([-+]|\d+(?=[.)]))")

_BACKTICKS = re.compile("`+")


def prose(text: str) -> str:
    """One line of text that stands within a line: no markup, HTML, mention, reference or link comes out of it."""
    line = one_line(text)
    first = _FIRST.match(line)
    parts = [] if first is None else [first[0] + "\\" if first[0].isdigit() else f"\\{first[0]}"]
    last = 0 if first is None else first.end()
    for match in _MENTIONS.finditer(line, last):
        parts += [_escaped(line[last : match.end()]), _APART]
        last = match.end()
    return "".join([*parts, _escaped(line[last:])])


def code(text: str) -> str:
    """One line as a code span, in which GitHub sees no mention or reference."""
    line = one_line(text)
    if not line:
        return ""
    longest = max((len(found) for found in _BACKTICKS.findall(line)), default=0)
    fence = "`" * (longest + 1)
    room = " " if line[0] in " `" or line[-1] in " `" else ""
    # A table takes the bar before it looks for code; `\|` is a bar in both.
    return f"{fence}{room}{line}{room}{fence}" if "|" not in line else f"<code>{_all_escaped(line)}</code>"


def marker(text: str) -> str:
    """For an HTML comment: only letters, digits, dots, dashes and underscores, and never two dashes."""
    return re.sub("-{2,}", "-", re.sub(r"[^A-Za-z0-9._-]", "-", text)).strip("-")


def _escaped(text: str) -> str:
    return "".join(_ENTITIES.get(each) or (f"\\{each}" if each in _MARKS else each) for each in text)


def _all_escaped(text: str) -> str:
    # Between HTML tags Markdown goes on, but an entity never begins or ends anything.
    return "".join(each if each.isalnum() or each == " " or ord(each) > 127 else f"&#{ord(each)};" for each in text)
