"""Widgets of a CloudWatch dashboard as data (CloudWatch API reference, "Dashboard body structure and syntax")."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from modelinfra.platforms.signals import Metric

Line = list[Any]
"""One line of a graph."""

Widget = dict[str, Any]
"""A widget without its place."""

_COLUMNS: Final = 24
_HEIGHT: Final = 6
_PERIOD: Final = 60

MOST_ALARMS: Final = 100
"""Alarms that one widget shows at most (dashboard body structure, alarm widget properties)."""


def line(metric: Metric, **shown: Any) -> Line:
    """A metric. shown: how (`stat`, `label`, `id`, `visible` ...)."""
    dimensions = [word for pair in metric.dimensions.items() for word in pair]
    return [metric.namespace, metric.name, *dimensions, shown]


def expression(text: str, **shown: Any) -> Line:
    """Metric math over lines that have an `id`."""
    return [{"expression": text, **shown}]


def hidden(prefix: str, metrics: Iterable[Metric], stat: str) -> tuple[list[str], list[Line]]:
    """Lines that are only computed with: their ids, and they themselves."""
    found = list(metrics)
    ids = [f"{prefix}{index}" for index in range(len(found))]
    return ids, [line(each, id=id_, stat=stat, visible=False) for id_, each in zip(ids, found, strict=True)]


def filled(ids: Sequence[str]) -> str:
    """Lines of these ids as a list for metric math, 0 where nothing was counted: the load balancer counts only what there is."""
    return ", ".join(f"FILL({id_}, 0)" for id_ in ids)


def share_of(*, failed: Sequence[str], asked: Sequence[str], label: str, id_: str) -> Line:
    """How many percent of what was asked failed, from the ids of hidden lines."""
    all_asked, all_failed = f"SUM([{filled(asked)}])", f"SUM([{filled(failed)}])"
    return expression(f"IF({all_asked} > 0, 100 * {all_failed} / {all_asked}, 0)", label=label, id=id_)


def of_set(text: str, metric: Metric) -> str:
    """A label that says of which set of replicas it is, where there are several."""
    return f"{text}, {metric.label}" if metric.label else text


def graph(
    title: str,
    region: str,
    lines: Sequence[Line],
    *,
    stacked: bool = False,
    limits: Mapping[str, float] | None = None,
    most: float | None = None,
) -> Widget:
    """Lines over time, minute by minute. limits: label -> value of a line that is drawn across. most: end of the axis."""
    marks = [{"label": label, "value": value} for label, value in (limits or {}).items()]
    return {
        "type": "metric",
        "height": _HEIGHT,
        "properties": {
            "title": title,
            "region": region,
            "view": "timeSeries",
            "stacked": stacked,
            "period": _PERIOD,
            "metrics": list(lines),
            "yAxis": {"left": {"min": 0, **({"max": most} if most is not None else {})}},
            **({"annotations": {"horizontal": marks}} if marks else {}),
        },
    }


def table(title: str, region: str, log_group: str, query: str) -> Widget:
    """What a query of Logs Insights finds in a log group. It is asked, and paid by what it reads, whenever somebody looks."""
    return {
        "type": "log",
        "height": _HEIGHT,
        "properties": {"title": title, "region": region, "view": "table", "query": f"SOURCE '{log_group}' | {query}"},
    }


def alarm_rows(title: str, alarms: Sequence[str]) -> list[list[Widget]]:
    """The state of alarms, given by their ARNs, in as many rows as it takes."""
    chunks = [alarms[start : start + MOST_ALARMS] for start in range(0, len(alarms), MOST_ALARMS)]
    return [
        [{"type": "alarm", "height": 2 + len(chunk) // 4, "properties": {"title": title, "alarms": list(chunk)}}]
        for chunk in chunks
    ]


def body(rows: Iterable[Sequence[Widget]]) -> str:
    """The text of a dashboard. The widgets of a row share its width."""
    placed, y = [], 0
    for row in rows:
        width = _COLUMNS // len(row)
        placed += [{**widget, "x": index * width, "y": y, "width": width} for index, widget in enumerate(row)]
        y += max(widget["height"] for widget in row)
    return json.dumps({"widgets": placed})
