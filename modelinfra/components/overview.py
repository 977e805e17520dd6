"""The overview of an environment: all of its endpoints, and its fleets of devices, side by side on one dashboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pulumi import Output

from modelinfra.children import Children
from modelinfra.platforms import dashboards
from modelinfra.platforms.signals import Metric, Signals
from modelinfra.platforms.widgets import (
    Line,
    Widget,
    alarm_rows,
    body,
    expression,
    filled,
    graph,
    hidden,
    line,
    share_of,
)

# An endpoint whose traffic moves between two sets of replicas has ten metrics here. AWS takes 500 in a widget (CloudWatch user guide,
# service quotas), and older pages say 500 on a dashboard: so many endpoints pass neither.
ENDPOINTS_ON_A_PAGE: Final = 50


def register_overview(children: Children, endpoints: Sequence[Output[Signals]]) -> None:
    """One dashboard, and more of them only where one does not hold all endpoints. endpoints: fleets, too."""
    pages = [endpoints[start : start + ENDPOINTS_ON_A_PAGE] for start in range(0, len(endpoints), ENDPOINTS_ON_A_PAGE)]
    for number, page in enumerate(pages, start=1):
        suffix = "overview" if number == 1 else f"overview-{number}"
        dashboards.register(children, suffix, "overview", Output.all(*page).apply(overview_body))


def overview_body(endpoints: Sequence[Signals]) -> str:
    """The dashboard's text."""
    region = endpoints[0].region
    alarms = [alarm for each in endpoints for alarm in each.alarms]
    rows: list[list[Widget]] = [
        [
            graph("Requests a minute", region, _lines(endpoints, _requests)),
            graph("Answered with 5xx, percent", region, _lines(endpoints, _errors)),
        ],
        [
            graph("Seconds to answer, p95", region, _lines(endpoints, _latency)),
            graph(_counted(endpoints), region, _lines(endpoints, _replicas)),
        ],
    ]
    return body([*alarm_rows("Alarms", alarms), *rows])


def _counted(endpoints: Sequence[Signals]) -> str:
    return "Healthy replicas" + (", devices that tell" if any(each.counted == "Sum" for each in endpoints) else "")


def _lines(endpoints: Sequence[Signals], of_one: Callable[[Signals, str], list[Line]]) -> list[Line]:
    return [each for index, endpoint in enumerate(endpoints) for each in of_one(endpoint, f"e{index}x")]


def _requests(endpoint: Signals, prefix: str) -> list[Line]:
    return _one(endpoint, endpoint.requests, prefix, "Sum", "SUM")


def _latency(endpoint: Signals, prefix: str) -> list[Line]:
    # Of percentiles there is no sum: the slower set speaks for both.
    return _one(endpoint, endpoint.latency, prefix, "p95", "MAX")


def _replicas(endpoint: Signals, prefix: str) -> list[Line]:
    return _one(endpoint, endpoint.replicas, prefix, endpoint.counted, "SUM")


def _errors(endpoint: Signals, prefix: str) -> list[Line]:
    if not endpoint.errors:  # nobody waits for answers from a queue
        return []
    asked, requests = hidden(f"{prefix}asked", endpoint.requests, "Sum")
    failed, errors = hidden(f"{prefix}failed", endpoint.errors, "Sum")
    return [share_of(failed=failed, asked=asked, label=endpoint.name, id_=f"{prefix}share"), *requests, *errors]


def _one(endpoint: Signals, metrics: Sequence[Metric], prefix: str, stat: str, joined: str) -> list[Line]:
    """One line for an endpoint, however many sets of replicas it has."""
    if not metrics:
        return []
    if len(metrics) == 1:
        return [line(metrics[0], stat=stat, label=endpoint.name)]
    ids, lines = hidden(prefix, metrics, stat)
    return [expression(f"{joined}([{filled(ids)}])", label=endpoint.name, id=f"{prefix}all"), *lines]
