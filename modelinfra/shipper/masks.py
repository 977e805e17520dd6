"""Which fields are masked: by name wherever they stand, or by path.

    email                       every field of this name, at any depth
    $.user.name                 this one
    $.inputs[*].data            of each element; [0] of the first alone
    $..address.street           of every address
    $['first name']             a name that is no word

Capitals and small letters are the same: rather a field too many than one too few.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

MASKED: Final = "[masked]"
"""What stands in place of a value."""

_NAME = r"[^\s.\[\]'\"*$]+"
_STEP = re.compile(
    rf"(?P<deep>\.\.(?={_NAME}|\*))?(?:(?(deep)|\.)(?P<name>{_NAME}|\*)|\[(?P<index>\d+|\*)\]|\['(?P<quoted>[^']+)'\])"
)
_BARE = re.compile(r"[^.\[\]'\"*$]+")


class MaskError(ValueError):
    """A mask that says nothing."""


@dataclass(frozen=True)
class Step:
    """name: of a field, in small letters; None for an element. index: of an element; None for every one. any: whatever it is called.
    deep: at any depth."""

    name: str | None = None
    index: int | None = None
    any: bool = False
    deep: bool = False

    def takes(self, key: str | int) -> bool:
        """Whether a field's name, or an element's index, is meant."""
        if isinstance(key, str):
            return self.any or (self.name is not None and self.name == key.casefold())
        return self.any or (self.name is None and self.index in (None, key))


Path = tuple[Step, ...]


def parse(mask: str) -> Path:
    """A mask's steps. Raises MaskError."""
    if not mask.startswith("$"):
        if not _BARE.fullmatch(mask) or mask != mask.strip():
            raise MaskError("this is no name of a field and no path")
        return (Step(mask.casefold(), deep=True),)
    steps, at = [], 1
    while at < len(mask):
        found = _STEP.match(mask, at)
        if found is None:
            raise MaskError(f"the path cannot be read from character {at + 1} on")
        deep, name, index = found["deep"] is not None, found["name"] or found["quoted"], found["index"]
        if found["name"] == "*":
            steps.append(Step(any=True, deep=deep))
        elif name is not None:
            steps.append(Step(name.casefold(), deep=deep))
        else:
            steps.append(Step(index=None if index == "*" else int(index)))
        at = found.end()
    if not steps:
        raise MaskError("the path names nothing")
    return tuple(steps)


def mask(value: Any, paths: Sequence[Path]) -> tuple[Any, int]:
    """The value with MASKED in place of what the paths name, and in how many places. The value itself stays as it is."""
    return _masked(value, [path for path in paths if path])


def _masked(value: Any, paths: Iterable[Path]) -> tuple[Any, int]:
    if not isinstance(value, (dict, list)):
        return value, 0
    count = 0
    children: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
    masked: list[tuple[Any, Any]] = []
    for key, child in children:
        below = [path for path in paths if path[0].deep]
        below += [path[1:] for path in paths if path[0].takes(key)]
        if () in below:
            masked.append((key, MASKED))
            count += 1
            continue
        # Where no path leads on, nothing below is looked at.
        new, more = _masked(child, below) if below else (child, 0)
        masked.append((key, new))
        count += more
    return (dict(masked) if isinstance(value, dict) else [each for _, each in masked]), count
