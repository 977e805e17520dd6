"""How a fleet of devices is watched: what its rings tell CloudWatch, what is too much, what is to be seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import ADDED, ALARM, DASHBOARD, DASHBOARD_BODY, TASK
from modelinfra.options.problems import Problem

_ROUTER: Final = f"{TASK}.containerDefinitions[1].environment[0].value"
_LIMIT: Final = Option(lands=(f"{ALARM}.threshold", f"{ALARM}.alarmDescription"))
_DRAWN: Final = replace(_LIMIT, lands=(*_LIMIT.lands, DASHBOARD_BODY))
"""Drawn across a graph, too."""

_MOST_PERCENT: Final = 99.99
"""No share is above 100, so that an alarm of more would never fire."""

FleetAlarm = Literal["handed-over", "refused", "lost", "latency", "store", "temperature"]


class FleetAlarmOptions(TypedDict):
    """When a ring is told of: one alarm of each kind for each ring, over windows of five minutes, in CloudWatch, or of the Prometheus operator that the
    platform of a fleet on Kubernetes names."""

    handed_over_percent: NotRequired[
        Annotated[float, replace(_DRAWN, default=50, at_least=0, at_most=_MOST_PERCENT, example=20)]
    ]
    """Share of requests that the cloud answers, for a quarter of an hour: more, and the light model is no longer sure of what it is asked, or
    no longer keeps up."""

    refused_percent: NotRequired[
        Annotated[float, replace(_LIMIT, default=1, at_least=0, at_most=_MOST_PERCENT, example=5)]
    ]
    """Share of requests that nobody answers: neither the device nor the cloud."""

    lost: NotRequired[Annotated[int, replace(_LIMIT, default=0, at_least=0, at_most=1_000_000, example=10)]]
    """Requests that should have gone up to the cloud later, and never will: there was no room, the disk did not take them, or the endpoint failed
    on them. More than so many are told."""

    p99_latency_ms: NotRequired[
        Annotated[
            float,
            replace(
                _DRAWN,
                default_text="`router.timeout`, or `longest_request`",
                at_least=1,
                at_most=3_600_000,
                example=400,
            ),
        ]
    ]
    """Within so many milliseconds 99 of 100 requests are answered; where they are not for a quarter of an hour, it is told. Of more than a hundred
    answers in a minute a device tells the times of a hundred."""

    store_percent: NotRequired[
        Annotated[float, replace(_DRAWN, default=80, at_least=1, at_most=_MOST_PERCENT, example=50)]
    ]
    """How full the fullest store of a device may be (`router.offline.size`)."""

    temperature_celsius: NotRequired[
        Annotated[float, replace(_DRAWN, default=85, at_least=-40, at_most=150, example=75)]
    ]
    """How hot the hottest device may be for a quarter of an hour, where Linux shows its temperature."""

    off: NotRequired[
        Annotated[
            Sequence[FleetAlarm],
            Option(default=[], lands=(f"{ADDED}{ALARM}", DASHBOARD_BODY), example=["temperature", "handed-over"]),
        ]
    ]
    """Kinds of which there is no alarm: handed-over, refused, lost, latency, store, temperature."""


class FleetWatchedOptions(TypedDict):
    """What is seen of a fleet."""

    telemetry: NotRequired[
        Annotated[
            bool,
            Option(
                default=True,
                lands=(_ROUTER, f"{ADDED}{ALARM}", f"{ADDED}{DASHBOARD}", DASHBOARD_BODY),
                example=False,
            ),
        ]
    ]
    """Whether the routers tell CloudWatch how their devices are: a line of a log a minute, of which metrics are made for each ring. Only with a
    `fallback`: without one there is no router; on Kubernetes only on EKS, with a `fallback` that asks for a role. Without it CloudWatch has
    neither `alarms` nor a `dashboard`."""

    alarms: NotRequired[Annotated[FleetAlarmOptions, Option(default={})]]
    """When a ring is told of. In CloudWatch alarms are made where somebody is told (`alarm_topic_arn`), or where anything is written here; in Prometheus
    always, with one more for devices that do not serve."""

    dashboard: NotRequired[Annotated[bool, Option(default=True, lands=(f"{ADDED}{DASHBOARD}",), example=False)]]
    """Whether the fleet has a dashboard: devices, versions, requests, share handed over, times, what waits, what was lost, who is silent. It costs
    $3 a month beyond an account's first three. Only with `telemetry`."""


@rule(FleetAlarmOptions, "off")
def alarms_are_switched_off_once(alarms: Mapping[str, Any]) -> Iterable[Problem]:
    for index, kind in enumerate(alarms["off"]):
        if kind in alarms["off"][:index]:
            yield Problem(f"off[{index}]", "it stands there twice", "Write it once.", kind)
