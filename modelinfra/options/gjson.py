"""Whether a text is a path of GJSON that can be in a document. Pure text: the router alone evaluates it.

GJSON (github.com/tidwall/gjson, SYNTAX.md) takes nearly every text for a path and finds nothing there, so that a slip is a condition
that never holds. What is refused here are the slips: paths of another language, brackets that do not close, and comparisons where
GJSON has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelinfra.options.problems import Problem

_CLOSES: Final = {"(": ")", "[": "]", "{": "}"}
_EXAMPLE: Final = 'predictions.#(=="spam")'

# SYNTAX.md, "Queries"; outside of #(...) these characters are part of a name.
_COMPARES: Final = re.compile(r"==|!=|<=|>=|!%|[<>]")


def condition_problem(where: str, text: str) -> Iterator[Problem]:
    """What is wrong with the text of a condition."""
    found = _reason(text)
    if found:
        yield Problem(where, *found, text)


def _reason(text: str) -> tuple[str, str] | None:
    if not text.strip():
        return "an empty path is in nothing", f"Write for example {_EXAMPLE}."
    if text.startswith("$"):
        return "this is JSONPath, and the router reads GJSON", f"Write it without `$.`, for example {_EXAMPLE}."
    if re.match(r"\{\s*\.", text):
        return "the router reads GJSON, which has no such expressions", f"Write for example {_EXAMPLE}."
    try:
        outside = _outside_of_queries(text)
    except ValueError as error:
        return str(error), f"Write for example {_EXAMPLE}."
    compared = _COMPARES.search(outside)
    if compared:
        reason = (
            f"GJSON compares only within #(...), and takes {compared[0]} here for a part of a name, which is in nothing"
        )
        return reason, f"Write for example {_EXAMPLE}, or [@this].#(score>0.5) of an object."
    return None


def _outside_of_queries(text: str) -> str:
    """What stands in no brackets. Raises ValueError for brackets and quotes that do not close."""
    open_: list[str] = []
    quoted = False
    outside: list[str] = []
    characters = iter(text)
    for character in characters:
        if character == "\\":
            next(characters, None)
        elif character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in _CLOSES:
            open_.append(_CLOSES[character])
        elif character in _CLOSES.values():
            if not open_ or open_.pop() != character:
                raise ValueError(f"{character} closes nothing")
        elif not open_:
            outside.append(character)
    if quoted:
        raise ValueError('a " is not closed')
    if open_:
        raise ValueError(f"a {open_[-1]} is missing")
    return "".join(outside)
