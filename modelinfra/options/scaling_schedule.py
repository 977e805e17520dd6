"""When there must be more replicas at least, or fewer at the most: expressions of Application Auto Scaling."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, NotRequired, Required, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import SCHEDULED_ACTION, TRIGGERS
from modelinfra.options.problems import Problem

_ACTION = f"{SCHEDULED_ACTION}.scalableTargetAction"


class ScheduleOptions(TypedDict):
    """A point in time, once or again and again, from which other limits hold, until the next one."""

    at: Required[
        Annotated[str, Option(lands=(f"{SCHEDULED_ACTION}.schedule", TRIGGERS), example="cron(30 7 ? * MON-FRI *)")]
    ]
    """Write cron(minutes hours day-of-month month day-of-week year), for example cron(0 8 ? * MON-FRI *), or once at(2027-03-01T08:00:00)."""

    timezone: NotRequired[
        Annotated[str, Option(default="UTC", lands=(f"{SCHEDULED_ACTION}.timezone",), example="Europe/Vienna")]
    ]
    """Time zone in which `at` is read, by its IANA name; summer time is kept."""

    min: NotRequired[
        Annotated[int, Option(at_least=1, at_most=5000, lands=(f"{_ACTION}.minCapacity", TRIGGERS), example=5)]
    ]
    """Fewest replicas from then on. Left out, it is `scaling.min` once more, where any point in time states another."""

    max: NotRequired[Annotated[int, Option(at_least=1, at_most=5000, lands=(f"{_ACTION}.maxCapacity",), example=8)]]
    """Most replicas from then on. Left out, it is `scaling.max` once more, where any point in time states another."""


SCHEDULE_EXAMPLE = {"day": {"at": "cron(0 8 ? * MON-FRI *)", "min": 4}, "night": {"at": "cron(0 20 ? * MON-FRI *)"}}


@dataclass(frozen=True)
class _Field:
    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()
    special: str = ""
    """A regular expression for what else may stand there."""


# Application Auto Scaling user guide, "Schedule recurring scaling actions using cron expressions".
_FIELDS: Final = (
    _Field("minutes", 0, 59),
    _Field("hours", 0, 23),
    _Field("day-of-month", 1, 31, special=r"\?|L|L-\d{1,2}|LW|\d{1,2}W"),
    _Field("month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")),
    _Field("day-of-week", 1, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), special=r"\?|L|[1-7]L|[1-7]#[1-5]"),
    _Field("year", 1970, 2199),
)
_SHAPE: Final = " ".join(each.name for each in _FIELDS)


@rule(ScheduleOptions, "at")
def the_time_can_be_read(schedule: Mapping[str, Any]) -> Iterable[Problem]:
    text = schedule["at"]
    cron, once = re.fullmatch(r"cron\((.*)\)", text), re.fullmatch(r"at\((.*)\)", text)
    if cron:
        yield from _cron(text, cron[1].split())
    elif once:
        try:
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", once[1]):
                raise ValueError
            datetime.fromisoformat(once[1])
        except ValueError:
            yield Problem("at", "this is no date with a time", "Write for example at(2027-03-01T08:00:00).", text)
    else:
        remedy = f"Write cron({_SHAPE}), or at(2027-03-01T08:00:00)."
        yield Problem("at", "this is neither a cron expression nor a time", remedy, text)


@rule(ScheduleOptions, "timezone")
def the_timezone_exists(schedule: Mapping[str, Any]) -> Iterable[Problem]:
    known = zoneinfo.available_timezones()
    # A machine without a time zone database knows none: then AWS says it.
    if known and schedule["timezone"] not in known:
        yield Problem(
            "timezone", "there is no such time zone", "Write for example Europe/Vienna or UTC.", schedule["timezone"]
        )


@rule(ScheduleOptions, "min", "max")
def a_point_in_time_changes_something_possible(schedule: Mapping[str, Any]) -> Iterable[Problem]:
    least, most = schedule["min"], schedule["max"]
    if least is not None and most is not None and most < least:
        yield Problem("max", f"this is less than `min`, which is {least}", f"Write {least} or more.", most)


def problems_of_schedule(least: int, most: int | None, schedule: Mapping[str, Any]) -> Iterable[Problem]:
    """What the schedule and `scaling.min` and `scaling.max` have to do with each other.

    The limits of `scaling` are the widest ones: what a pool must hold and what a month may cost at the most follows from them.
    """
    highest = least if most is None else most
    for name, each in schedule.items():
        if each.min is not None and not least <= each.min <= highest:
            yield _outside(name, "min", each.min, least, highest)
        if each.max is not None and not least <= each.max <= highest:
            yield _outside(name, "max", each.max, least, highest)


def aimless(schedule: Mapping[str, Any]) -> Iterable[Problem]:
    """What is wrong with a schedule as a whole; only when every point in time is right by itself."""
    for key in ("min", "max"):
        if schedule and all(getattr(each, key) is not None for each in schedule.values()):
            reason = f"every point in time states `{key}`, so that `scaling.{key}` would never hold again"
            yield Problem("schedule", reason, f"Leave `{key}` out where it is to hold.")
    if schedule and all(each.min is None and each.max is None for each in schedule.values()):
        yield Problem("schedule", "no point in time states `min` or `max`", "Write one of them.")


def _outside(name: str, key: str, given: int, least: int, most: int) -> Problem:
    reason = f"`scaling.min` and `scaling.max` are the widest limits, and this is not within {least} to {most}"
    return Problem(f"schedule.{name}.{key}", reason, f"Write {least} to {most}, or change them.", given)


def scheduled(scaling: Any) -> tuple[str, ...]:
    """The limits that a schedule writes: `min`, `max`, both or none."""
    every = (scaling.schedule or {}).values()
    return tuple(key for key in ("min", "max") if any(getattr(each, key) is not None for each in every))


def _cron(text: str, fields: list[str]) -> Iterable[Problem]:
    if len(fields) != len(_FIELDS):
        reason = f"a cron expression has six fields, and this has {len(fields)}"
        yield Problem("at", reason, f"Write cron({_SHAPE}).", text)
        return
    for field, given in zip(_FIELDS, fields, strict=True):
        if not all(_fits(field, part) for part in given.split(",")):
            words = f", {field.words[0]} to {field.words[-1]}" if field.words else ""
            reason = f"'{given}' is no {field.name} ({field.least} to {field.most}{words})"
            yield Problem("at", reason, "Write *, a number, a range as 1-5, a list as 1,3 or a step as */15.", text)
    days = [fields[2], fields[4]]
    if days.count("?") != 1:
        reason = "of day-of-month and day-of-week one is not looked at, and is written ?"
        yield Problem("at", reason, "Write for example cron(0 8 ? * MON-FRI *).", text)


def _fits(field: _Field, part: str) -> bool:
    if part == "*" or (field.special and re.fullmatch(field.special, part)):
        return True
    span, _, step = part.partition("/")
    if "/" in part and not (step.isdecimal() and 1 <= int(step) <= field.most):
        return False
    if span == "*":
        return "/" in part
    first, dash, last = span.partition("-")
    values = [_value(field, each) for each in ([first, last] if dash else [first])]
    return all(each is not None and field.least <= each <= field.most for each in values)


def _value(field: _Field, text: str) -> int | None:
    if text.upper() in field.words:
        return field.words.index(text.upper()) + field.least
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else None
