"""The day on which what lets devices in ends."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from modelinfra.options.declare import Option
from modelinfra.options.problems import Problem


def a_day(*, lands: tuple[str, ...], example: str) -> Option:
    """An option that is a day."""
    return Option(
        pattern=r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
        pattern_text="a day",
        pattern_example="2027-01-15",
        lands=lands,
        example=example,
    )


def the_day_is_one(given: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `expires`: the calendar has it."""
    try:
        datetime.date.fromisoformat(given["expires"])
    except ValueError:
        yield Problem("expires", "the calendar has no such day", "Write for example 2027-01-15.", given["expires"])


def today() -> datetime.date:
    """The day in UTC, by which these days go."""
    return datetime.datetime.now(datetime.UTC).date()


def is_over(expires: str) -> bool:
    """Whether the day has begun at whose beginning it ends."""
    return datetime.date.fromisoformat(expires) <= today()


def days_ahead(expires: str) -> int:
    """How many days it still holds."""
    return (datetime.date.fromisoformat(expires) - today()).days
