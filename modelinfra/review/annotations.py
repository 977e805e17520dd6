"""Findings as workflow commands, which GitHub shows at the line of a file: https://docs.github.com/actions/reference/workflow-commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from modelinfra.review.render.outline import Outline

_LEVELS = {"high": "error", "medium": "warning", "low": "notice"}
_MOST = 50


def commands(outline: Outline) -> Iterator[str]:
    """One command for each finding that has a place and is more than a note, worst first, at most 50."""
    told = 0
    for each in outline.findings:
        level = _LEVELS.get(each.severity)
        if level is None or not is_within(each.file) or each.line < 1 or told == _MOST:
            continue
        told += 1
        text = " ".join((*each.text, f"Remedy: {each.remedy}" if each.remedy else "")).strip() or each.title
        title = f"{outline.stack}: {each.title}"
        yield f"::{level} file={_property(each.file)},line={each.line},title={_property(title)}::{_data(text)}"


def is_within(file: str) -> bool:
    """Whether a path, which a stranger may have written, stays within the repository."""
    path = PurePosixPath(file)
    return bool(file) and len(file) <= 300 and "\\" not in file and not path.is_absolute() and ".." not in path.parts


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
