"""Findings as workflow commands, which GitHub shows at the line of a file: https://docs.github.com/actions/reference/workflow-commands."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from modelinfra.review.render.outline import Outline, Said

_LEVELS = {"high": "error", "medium": "warning", "low": "notice"}
_MOST = 50


def commands(outline: Outline) -> Iterator[str]:
    """One command for each finding that has a place and is more than a note, worst first, at most 50."""
    for each in placed(outline, _MOST):
        title = f"{outline.stack}: {each.title}"
        place = f"file={_property(each.file)},line={each.line}"
        yield f"::{_LEVELS[each.severity]} {place},title={_property(title)}::{_data(each.explained)}"


def placed(outline: Outline, most: int) -> Iterator[Said]:
    """The findings that can be shown at a line and are more than a note, worst first."""
    told = (each for each in outline.findings if each.severity in _LEVELS and is_within(each.file) and each.line > 0)
    return islice(told, most)


def is_within(file: str) -> bool:
    """Whether a path, which a stranger may have written, stays within the repository."""
    path = PurePosixPath(file)
    return bool(file) and len(file) <= 300 and "\\" not in file and not path.is_absolute() and ".." not in path.parts


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
