"""The dashboard of a fleet: by ring what its devices answer, hand over, keep and lose; and by device who runs what, and who is silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.platforms import dashboards, graphs
from modelinfra.platforms.edge.alarms import patience_ms
from modelinfra.platforms.edge.planner import FleetPlan
from modelinfra.platforms.edge.telemetry import GPU, dimensions, figures, metric
from modelinfra.platforms.signals import Signals, Watched
from modelinfra.platforms.widgets import Line, Widget, alarm_rows, body, graph, hidden, line, of_set, share_of, table

_MOST_DEVICES: Final = 100
"""Of those that have been silent for the longest."""

Ring = Mapping[str, str]
"""The dimensions of a ring's metrics."""


def register_dashboard(
    children: Children,
    plan: FleetPlan,
    log_group: Input[str],
    region: Input[str],
    alarms: Sequence[aws.cloudwatch.MetricAlarm],
) -> Watched | None:
    """What can be seen of the fleet, and, unless the options say no, the dashboard that shows it. None where CloudWatch is told nothing."""
    if not plan.tells:
        return None
    rings = [dimensions(children, ring.name) for ring in plan.rings]
    known = Output.all(log_group=log_group, region=region, alarms=[alarm.arn for alarm in alarms])
    if plan.options.dashboard:
        limits = {
            "handed": plan.options.alarms.handed_over_percent,
            "store": plan.options.alarms.store_percent,
            "temperature": plan.options.alarms.temperature_celsius,
            **{f"seconds {ring.name}": patience_ms(plan, ring) / 1000 for ring in plan.rings},
        }
        there = figures(plan)
        text: Input[str] = known.apply(lambda found: fleet_body(rings, limits, there, **found))
        dashboards.register(children, "dashboard", "dashboard", text)
    return lambda: known.apply(lambda found: _signals(children.name, rings, found))


def fleet_body(
    rings: Sequence[Ring],
    limits: Mapping[str, float],
    there: Sequence[str],
    *,
    log_group: str,
    region: str,
    alarms: Sequence[str],
) -> str:
    """The dashboard's text. limits: what is drawn across, by what it is of. there: what the rings tell."""
    fleet = rings[0]["Fleet"]
    slow = sorted({limits[f"seconds {ring['Ring']}"] for ring in rings})

    def shown(title: str, lines: Sequence[Line], **more: Any) -> Widget | None:
        return graph(title, region, lines, **more) if lines else None

    def each(name: str, stat: str, text: str = "") -> list[Line]:
        return _each(rings, name, stat, text) if name in there else []

    rows: list[list[Widget | None]] = [
        [
            shown("Devices that tell", each("Devices", "Sum")),
            shown(graphs.REQUESTS, each("Answers", "Sum"), stacked=True),
            shown(
                "Handed over to the cloud, percent",
                _handed(rings) if "HandedOver" in there else [],
                limits={"told beyond": limits["handed"]},
            ),
        ],
        [
            shown(
                graphs.TIMES,
                [*each("AnswerSeconds", "p50", "p50"), *each("AnswerSeconds", "p99", "p99")],
                limits={f"p99 told beyond {seconds:g} s": seconds for seconds in slow},
            ),
            shown("Wait for the light model, longest queue", each("Waiting", "Maximum")),
            shown(
                "Requests that went wrong, a minute",
                [*each("Refused", "Sum", "refused"), *each("Lost", "Sum", "lost")],
            ),
        ],
        [
            shown("Wait for the cloud, all devices", each("Stored", "Sum"), stacked=True),
            shown(
                "Room taken, fullest device, percent",
                each("StoredPercent", "Maximum"),
                limits={"told beyond": limits["store"]},
                most=100,
            ),
            shown(
                "Devices without cloud, or without model",
                [*each("CloudAway", "Sum", "no cloud"), *each("NotReady", "Sum", "no model")],
            ),
            shown(
                "Degrees Celsius, hottest device",
                each("Temperature", "Maximum"),
                limits={"told beyond": limits["temperature"]},
            ),
            shown("GPU use, busiest device, percent", each(GPU, "Maximum"), most=100),
        ],
        [
            table("Versions", region, log_group, _versions(fleet)),
            table(f"Devices, the longest silent {_MOST_DEVICES} first", region, log_group, _devices(fleet)),
        ],
    ]
    kept = [[widget for widget in row if widget is not None] for row in rows]
    return body([*alarm_rows("Alarms", alarms), *kept])


def _each(rings: Sequence[Ring], name: str, stat: str, text: str = "") -> list[Line]:
    """A line for each ring."""
    found = [metric(name, ring) for ring in rings]
    return [line(each, stat=stat, label=of_set(text, each) if text else each.label) for each in found]


def _handed(rings: Sequence[Ring]) -> list[Line]:
    lines: list[Line] = []
    for index, ring in enumerate(rings):
        asked, requests = hidden(f"r{index}asked", [metric("Answers", ring)], "Sum")
        handed, given = hidden(f"r{index}handed", [metric("HandedOver", ring)], "Sum")
        lines += [share_of(failed=handed, asked=asked, label=ring["Ring"], id_=f"r{index}share"), *requests, *given]
    return lines


def _versions(fleet: str) -> str:
    return f"filter Fleet = '{fleet}' | stats count_distinct(device) as devices, latest(@timestamp) as last by Ring, version | sort Ring asc, version asc"


def _devices(fleet: str) -> str:
    """Fields of the lines, which are no metrics of their own: a device costs none."""
    said = (
        "latest(@timestamp) as last, latest(version) as runs, sum(Answers) as asked, sum(HandedOver) as handed_over, sum(Refused) as refused, "
        "sum(Lost) as lost, latest(Stored) as waits_for_cloud, max(Temperature) as hottest"
    )
    return f"filter Fleet = '{fleet}' | stats {said} by device, Ring | sort last asc | limit {_MOST_DEVICES}"


def _signals(name: str, rings: Sequence[Ring], found: Mapping[str, Any]) -> Signals:
    """As an endpoint's. Of a fleet, what nobody answers is an error, and a device that tells is a replica."""

    def each(figure: str) -> tuple[Any, ...]:
        return tuple(metric(figure, ring) for ring in rings)

    return Signals(
        name,
        found["region"],
        requests=each("Answers"),
        errors=each("Refused"),
        latency=each("AnswerSeconds"),
        replicas=each("Devices"),
        alarms=tuple(found["alarms"]),
        counted="Sum",
    )
