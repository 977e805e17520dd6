"""What a check run says of a review: the verdict, the review itself, the findings at their lines, and whether it lets the change pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from modelinfra.review.annotations import placed
from modelinfra.review.finding import is_as_bad
from modelinfra.review.render import markdown, markdown_text, words
from modelinfra.review.render.outline import Outline

LARGEST: Final = 65_535
"""Bytes in UTF-8 that GitHub takes in a summary. It writes characters, and counts bytes: github/docs#35252."""

MOST: Final = 200
"""Annotations of one check run, four requests of them: more than anybody reads."""

# https://docs.github.com/rest/checks/runs: 255 characters in the title of an annotation, 64 KB in its message.
_TITLE, _MESSAGE = 255, 4_000

_LEVELS: Final[dict[str, Literal["failure", "warning", "notice"]]] = {
    "high": "failure",
    "medium": "warning",
    "low": "notice",
}

# No character has more bytes.
_SHORT = LARGEST // 4


@dataclass(frozen=True)
class Annotation:
    """A finding at its line. path: from the top of the repository."""

    path: str
    line: int
    level: Literal["failure", "warning", "notice"]
    title: str
    message: str


@dataclass(frozen=True)
class CheckRun:
    """What GitHub shows of one review. summary: Markdown of at most `LARGEST` bytes. annotations: worst first, at most `MOST`."""

    name: str
    conclusion: Literal["success", "neutral", "failure"]
    title: str
    summary: str
    annotations: tuple[Annotation, ...] = ()


def of_review(outline: Outline, limit: str | None, commit: str = "") -> CheckRun:
    """failure where a finding is as bad as the limit; neutral, which lets pass, where one is more than a note; else success."""
    severities = {each.severity for each in outline.findings}
    conclusion: Literal["success", "neutral", "failure"] = "success"
    if limit is not None and any(is_as_bad(each, limit) for each in severities):
        conclusion = "failure"
    elif severities & _LEVELS.keys():
        conclusion = "neutral"
    return CheckRun(
        name_of(outline.project, outline.stack),
        conclusion,
        words.cut(outline.verdict, _TITLE) or "No verdict",
        _bounded(outline, commit),
        tuple(_annotations(outline)),
    )


def of_failure(project: str, stack: str, text: str) -> CheckRun:
    """Of a stack that has no review: nobody knows what the change does, so it does not pass. text: Markdown, as the comment has it."""
    return CheckRun(name_of(project, stack), "failure", "There is no review of this change", text)


def name_of(project: str, stack: str) -> str:
    """What the check is called: projects of one repository may have stacks of the same name."""
    return f"modelinfra: {markdown_text.marker(project)[:100]}/{markdown_text.marker(stack)[:100]}"


def _bounded(outline: Outline, commit: str) -> str:
    for limit in (markdown.LIMIT, _SHORT):
        text = markdown.write(outline, commit, limit)
        if len(text.encode()) <= LARGEST:
            return text
    return f"It is longer than a check may be. {markdown.WHOLE}"


def _annotations(outline: Outline) -> Iterator[Annotation]:
    for each in placed(outline, MOST):
        title, message = f"{outline.stack}: {each.title}", words.cut(each.explained, _MESSAGE)
        yield Annotation(each.file, each.line, _LEVELS[each.severity], words.cut(title, _TITLE), message)
