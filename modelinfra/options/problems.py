"""What is wrong with what a user wrote: path, what was given, why it cannot work, what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

NOTHING: Any = type("_Nothing", (), {"__repr__": lambda self: "nothing"})()


@dataclass(frozen=True)
class Problem:
    """One mistake. `path` is dotted, as the user would write it; `given` is what stands there, `NOTHING` where nothing does."""

    path: str
    reason: str
    remedy: str
    given: Any = NOTHING

    def below(self, parent: str) -> Problem:
        """The same problem, seen from further up."""
        if not parent:
            return self
        separator = "" if self.path.startswith("[") or not self.path else "."
        return replace(self, path=f"{parent}{separator}{self.path}")

    def __str__(self) -> str:
        given = "" if self.given is NOTHING else f" (given: {_shown(self.given)})"
        return f"{self.path or 'the file'}{given}: {self.reason}. {self.remedy}"


class InvalidOptionsError(ValueError):
    """Everything that is wrong with one set of options, in one go."""

    def __init__(self, problems: Iterable[Problem], subject: str = "") -> None:
        self.problems = tuple(problems)
        self.subject = subject
        super().__init__(str(self))

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{self.subject + ': ' if self.subject else ''}{count} mistake{'s' if count != 1 else ''}, nothing was created"
        return "\n".join([head, *(f"  {problem}" for problem in self.problems)])


def did_you_mean(word: str, candidates: Sequence[str]) -> str:
    """`Did you mean 'x'?`, or the whole choice when nothing is close."""
    close = difflib.get_close_matches(word, candidates, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Write one of: {', '.join(sorted(candidates))}." if candidates else "Remove it."


def stray(text: str, characters: str) -> str:
    """Which character of a text is none of these (a regular expression for one), in words that go on behind a reason."""
    found = next((each for each in text if not re.fullmatch(characters, each)), None)
    return f": {found!r} is none of them" if found is not None else ""


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, float) else f"{value:g}"
    return text if len(text) <= 80 else f"{text[:77]}..."
