"""The dashboard of one endpoint: what it is asked, what it answers, what it runs on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.metrics import ERRORS, NAMESPACE, REQUESTS, dimensions
from modelinfra.platforms.ecs.traffic import Traffic
from modelinfra.platforms.signals import Metric, Signals
from modelinfra.platforms.widgets import Line, Widget, alarm_rows, body, graph, hidden, line, of_set, share_of

if TYPE_CHECKING:
    from modelinfra.platforms.ecs.cluster import EcsCluster
    from modelinfra.platforms.ecs.objectives import Alarm

_PERCENTILES: Final = ("p50", "p95", "p99")

_IN_A_ROW: Final = 4

_SETS: Final = {"": "first set", "2-": "second set"}
"""Prefix of what is named after a set of replicas -> its words."""

# Amazon ECS developer guide, "Amazon ECS Container Insights metrics": counted where the cluster has them switched on.
_COUNTED: Final = {"RunningTaskCount": "running", "DesiredTaskCount": "desired", "PendingTaskCount": "pending"}


@dataclass(frozen=True)
class EcsSignals:
    """More that ECS and its load balancer tell: of the service, and what the load balancer answered itself or could not pass on."""

    service: Mapping[str, str]
    insights: bool
    client_errors: tuple[Metric, ...]
    broken: tuple[Metric, ...]


def register_dashboard(
    request: EndpointRequest,
    cluster: EcsCluster,
    balancer: LoadBalancerReference,
    traffic: Traffic,
    service: aws.ecs.Service,
    alarms: Sequence[Alarm],
    own: Sequence[Metric],
) -> Output[Signals]:
    """What can be seen of the endpoint, and, unless the options say no, the dashboard that shows it. own: metrics of the server itself."""
    known = Output.all(
        region=cluster.arn.apply(lambda arn: arn.split(":")[3]),
        sets={prefix: dimensions(balancer, group) for prefix, group in traffic.sets.items()},
        service={"ClusterName": cluster.cluster_name, "ServiceName": service.name},
        alarms=[alarm.arn for alarm in alarms],
    )
    signals = known.apply(
        lambda found: signals_of(request.name, found["region"], _labelled(found["sets"]), found["alarms"])
    )
    if request.options.dashboard:
        text: Input[str] = Output.all(signals=signals, known=known).apply(
            lambda found: dashboard_body(
                found["signals"],
                _more(found["known"], cluster.options.container_insights != "disabled"),
                request.options.slo,
                request.options.rollback.error_percent,
                own,
            )
        )
        aws.cloudwatch.Dashboard(
            request.children.named("dashboard", "dashboard"),
            dashboard_name=request.children.unique("dashboard", "dashboard"),
            dashboard_body=text,
            opts=request.children.opts("dashboard"),
        )
    return signals


def signals_of(name: str, region: str, sets: Mapping[str, Mapping[str, str]], alarms: Sequence[str]) -> Signals:
    """sets: label of a set of replicas -> dimensions of its metrics."""

    def each(metric: str) -> tuple[Metric, ...]:
        return tuple(Metric(NAMESPACE, metric, counted, label) for label, counted in sets.items())

    return Signals(
        name,
        region,
        requests=each(REQUESTS),
        errors=each(ERRORS),
        latency=each("TargetResponseTime"),
        replicas=each("HealthyHostCount"),
        alarms=tuple(alarms),
    )


def dashboard_body(
    signals: Signals, more: EcsSignals, slo: Any, error_percent: float, own: Sequence[Metric] = ()
) -> str:
    """The dashboard's text. slo: what is promised, or None. error_percent: that takes a deployment back. own: metrics of the server."""
    region = signals.region
    rows = [
        [
            graph("Requests a minute", region, _each(signals.requests, "requests", "Sum"), stacked=True),
            graph(
                "Answered with 5xx, percent",
                region,
                _shares(signals),
                limits={"takes a deployment back": error_percent},
            ),
            graph("Seconds to answer", region, _times(signals), limits=_promised(slo)),
        ],
        [
            graph("Replicas", region, _replicas(signals, more)),
            graph("Processor and memory, percent", region, _saturation(more), most=100),
            graph("Answers that went wrong, a minute", region, _wrong(signals, more)),
        ],
    ]
    return body([*alarm_rows("Alarms", signals.alarms), *rows, *_own(own, region)])


def _own(metrics: Sequence[Metric], region: str) -> list[list[Widget]]:
    """Each in a graph of its own: a queue's length beside microseconds would be a line at the bottom."""
    graphs = [graph(each.name, region, [line(each, stat="Average", label="average of replicas")]) for each in metrics]
    return [graphs[start : start + _IN_A_ROW] for start in range(0, len(graphs), _IN_A_ROW)]


def _labelled(sets: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    return {(_SETS[prefix] if len(sets) > 1 else ""): counted for prefix, counted in sets.items()}


def _more(known: Mapping[str, Any], insights: bool) -> EcsSignals:
    def each(name: str) -> tuple[Metric, ...]:
        return tuple(Metric(NAMESPACE, name, counted, label) for label, counted in _labelled(known["sets"]).items())

    return EcsSignals(
        known["service"],
        insights,
        client_errors=each("HTTPCode_Target_4XX_Count"),
        broken=each("TargetConnectionErrorCount"),
    )


def _each(metrics: Sequence[Metric], text: str, stat: str) -> list[Line]:
    return [line(metric, stat=stat, label=of_set(text, metric)) for metric in metrics]


def _shares(signals: Signals) -> list[Line]:
    lines: list[Line] = []
    for index, (requests, errors) in enumerate(zip(signals.requests, signals.errors, strict=True)):
        (asked,), more = hidden(f"asked{index}x", [requests], "Sum")
        (failed,), less = hidden(f"failed{index}x", [errors], "Sum")
        share = share_of(failed=[failed], asked=[asked], label=of_set("5xx", requests), id_=f"share{index}")
        lines += [share, *more, *less]
    return lines


def _times(signals: Signals) -> list[Line]:
    return [
        line(metric, stat=percentile, label=of_set(percentile, metric))
        for metric in signals.latency
        for percentile in _PERCENTILES
    ]


def _promised(slo: Any) -> dict[str, float]:
    found = {} if slo is None else {"p95": slo.p95_latency_ms, "p99": slo.p99_latency_ms}
    return {f"{name} promised": most / 1000 for name, most in found.items() if most is not None}


def _replicas(signals: Signals, more: EcsSignals) -> list[Line]:
    counted = _COUNTED if more.insights else {}
    return [
        *_each(signals.replicas, "healthy", "Minimum"),
        *(
            line(Metric("ECS/ContainerInsights", name, more.service), stat="Maximum", label=words)
            for name, words in counted.items()
        ),
    ]


def _saturation(more: EcsSignals) -> list[Line]:
    return [
        line(Metric("AWS/ECS", name, more.service), stat=stat, label=f"{words}, {of}")
        for name, words in (("CPUUtilization", "processor"), ("MemoryUtilization", "memory"))
        for stat, of in (("Average", "average"), ("Maximum", "busiest replica"))
    ]


def _wrong(signals: Signals, more: EcsSignals) -> list[Line]:
    return [
        *_each(signals.errors, "5xx", "Sum"),
        *_each(more.client_errors, "4xx", "Sum"),
        *_each(more.broken, "no connection to a replica", "Sum"),
    ]
