"""The comment of a stack whose review could not be made: what the log says, as text that does nothing."""

from __future__ import annotations

import re

from modelinfra.review.findings.secrets import masked
from modelinfra.review.render import markdown_text, words
from modelinfra.review.render.lines import one_line

LONGEST, _MOST_LINES, _LONGEST_LINE = 4_000, 40, 400

# Colours and movements of a terminal.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")


def write(stack: str, log: str) -> str:
    """Says that there is no review, and the last lines of the log, at most `LONGEST` characters of them."""
    lines = [words.cut(one_line(masked(line)), _LONGEST_LINE) for line in _ANSI.sub("", log).splitlines()]
    kept: list[str] = []
    room = LONGEST
    for line in reversed([each for each in lines if each][-_MOST_LINES:]):
        room -= len(line) + 1
        if room < 0:
            break
        kept.insert(0, line)
    longest = max((len(run) for line in kept for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    said = "\n".join([fence, *kept, fence]) if kept else "The log is empty."
    return (
        f"<!-- modelinfra:{markdown_text.marker(stack)} -->\n### There is no review of this change\n\n"
        f"The review of the stack {markdown_text.code(words.cut(stack, 100))} failed, so nobody knows what this change does to it. "
        f"An earlier review does not hold for it.\n\n{said}\n"
    )
