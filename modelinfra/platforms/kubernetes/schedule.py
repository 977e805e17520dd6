"""Points in time of `scaling.schedule` as KEDA's cron triggers. Pure arithmetic over a week.

A point in time holds until the next one; a trigger has a beginning and an end, each one cron expression, and holds where its end comes before its
next beginning (KEDA, pkg/scalers/cron_scaler.go). So each stretch of the week in which more replicas are asked for becomes a trigger, and those
that begin and end at the same hours share one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from modelinfra.options.problems import Problem

_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_WEEK: Final = 7 * 24 * 60
_DAY: Final = 24 * 60


@dataclass(frozen=True)
class Stretch:
    """From one cron expression (five fields, as KEDA reads them) to another there are `least` replicas at least."""

    start: str
    end: str
    timezone: str
    least: int


def stretches(schedule: Mapping[str, Any], least: int) -> tuple[Stretch, ...]:
    """schedule: of which `unscheduled` says nothing. least: replicas where no point in time says another number."""
    stated = {name: each for name, each in schedule.items() if each.min is not None}
    if not stated:
        return ()
    events = sorted((minute, name) for name, each in schedule.items() for minute in _minutes(each.at))
    found: dict[tuple[int, int, str, int], list[int]] = defaultdict(list)
    for index, (minute, name) in enumerate(events):
        before = events[index - 1][1]
        if name not in stated or before == name or schedule[name].min == least:
            continue
        end = next(later for later, other in _after(events, index) if other != name)
        # Hours of the beginning, and how long it takes: what days it is said of follows.
        found[(minute % _DAY, end - minute, name, schedule[name].min)].append(minute)
    return tuple(
        Stretch(
            _cron(minutes),
            _cron([(minute + length) % _WEEK for minute in minutes]),
            schedule[name].timezone,
            replicas,
        )
        for (_, length, name, replicas), minutes in found.items()
    )


def unscheduled(schedule: Mapping[str, Any]) -> Iterator[Problem]:
    """What of a schedule KEDA cannot do, with paths relative to `scaling.schedule`."""
    for name, each in schedule.items():
        if each.max is not None:
            reason = "an autoscaler of Kubernetes has one upper limit, and a trigger can only ask for more"
            yield Problem(f"{name}.max", reason, "Remove it.", each.max)
        fields = (re.fullmatch(r"cron\((.*)\)", each.at) or ["", ""])[1].split()
        if not fields:
            yield Problem(f"{name}.at", "KEDA knows no single point in time", "Write cron(…).", each.at)
        elif not {fields[2], fields[3], fields[5]} <= {"*", "?"} or re.search(r"[L#]", fields[4].replace("?", "")):
            reason = "here a schedule is one of the week: minutes, hours and weekdays"
            yield Problem(f"{name}.at", reason, "Write for example cron(0 8 ? * MON-FRI *).", each.at)
    zones = sorted({each.timezone for each in schedule.values()})
    if len(zones) > 1:
        reason = "points in time of one schedule follow each other, and these are of several time zones"
        yield Problem("", reason, "Write the same `timezone` everywhere.", ", ".join(zones))
    if not any(True for each in schedule.values() if each.min is not None):
        return
    by_minute: dict[int, str] = {}
    for name, each in schedule.items():
        if re.fullmatch(r"cron\(\S+ \S+ [*?] \* \S+ \*\)", each.at) and not re.search(r"[L#]", each.at):
            for minute in _minutes(each.at):
                other = by_minute.setdefault(minute, name)
                if other != name:
                    reason = f"`{other}` is at the same time, and one of them would not hold"
                    yield Problem(f"{name}.at", reason, "Write another time.", each.at)
                    break


def _after(events: list[tuple[int, str]], index: int) -> Iterator[tuple[int, str]]:
    """The events behind one of them, in minutes of its week and of the one after."""
    yield from events[index + 1 :]
    yield from ((minute + _WEEK, name) for minute, name in events)


def _cron(minutes: list[int]) -> str:
    first = minutes[0]
    days = sorted({minute // _DAY for minute in minutes})
    hour, minute = divmod(first % _DAY, 60)
    return f"{minute} {hour} * * {'*' if len(days) == len(_DAYS) else ','.join(map(str, days))}"


def _minutes(at: str) -> list[int]:
    """Minutes of the week, from Sunday, of an expression of Application Auto Scaling that the options found right."""
    minutes, hours, _, _, weekdays, _ = at.removeprefix("cron(").removesuffix(")").split()
    days = _values(weekdays, 1, 7) if weekdays not in ("*", "?") else range(1, 8)
    clock = product(days, _values(hours, 0, 23), _values(minutes, 0, 59))
    return [(day - 1) * _DAY + hour * 60 + minute for day, hour, minute in clock]


def _values(field: str, least: int, most: int) -> list[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low = least if span == "*" else _number(first)
        high = most if span == "*" or (step and not last) else _number(last or first)
        if high < low:  # FRI-MON
            found |= {*range(low, most + 1, int(step or 1)), *range(least, high + 1, int(step or 1))}
        found |= set(range(low, high + 1, int(step or 1)))
    return sorted(found)


def _number(text: str) -> int:
    return _DAYS.index(text.upper()) + 1 if text.upper() in _DAYS else int(text)
