"""The dashboard of one endpoint: what it is asked, what it answers, what it runs on."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pulumi import Input, Output

from modelinfra.platforms import dashboards, graphs
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.doors import NO_DOORS, Doors, door_rows
from modelinfra.platforms.ecs.gpu_signals import Gpus, rows_of
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.ecs.metrics import ERRORS, NAMESPACE, REQUESTS, dimensions
from modelinfra.platforms.ecs.traffic import Reached
from modelinfra.platforms.signals import Metric, Signals, Watched
from modelinfra.platforms.widgets import Line, Widget, alarm_rows, body, graph, hidden, line, of_set, share_of

if TYPE_CHECKING:
    from modelinfra.platforms.ecs.cluster import EcsCluster

_IN_A_ROW: Final = 4

_SETS: Final = {"": "first set", "2-": "second set"}
_GRPC: Final = "grpc-"
"""With what the prefix begins of what is named after a set of replicas on its port for gRPC; the rest of it -> its words."""

# Amazon ECS developer guide, "Amazon ECS Container Insights metrics": counted where the cluster has them switched on.
_COUNTED: Final = {"RunningTaskCount": "running", "DesiredTaskCount": "desired", "PendingTaskCount": "pending"}


@dataclass(frozen=True)
class EcsSignals:
    """More that ECS and its load balancer tell: of the services, one a revision, by label, and what the load balancer answered itself or
    could not pass on."""

    services: Mapping[str, Mapping[str, str]]
    insights: bool
    client_errors: tuple[Metric, ...]
    broken: tuple[Metric, ...]


def register_dashboard(
    request: EndpointRequest,
    cluster: EcsCluster,
    balancer: LoadBalancerReference,
    revisions: Mapping[str, Reached],
    doors: Doors = NO_DOORS,
) -> Watched:
    """What can be seen of the endpoint, and, unless the options say no, the dashboard that shows it. revisions: all of them, by name."""
    several = len(revisions) > 1

    @functools.cache
    def known() -> Output[dict[str, Any]]:
        return Output.all(
            region=cluster.arn.apply(lambda arn: arn.split(":")[3]),
            sets=_labelled({name: _sets(balancer, each) for name, each in revisions.items()}),
            services={
                name if several else "": {"ClusterName": cluster.cluster_name, "ServiceName": each.service.name}
                for name, each in revisions.items()
            },
            alarms=[
                *(alarm.arn for each in revisions.values() for alarm in each.alarms),
                *(alarm.arn for alarm in doors.alarms),
            ],
            doors=doors.ids,
        )

    def signals(found: Mapping[str, Any]) -> Signals:
        return signals_of(request.name, found["region"], found["sets"], found["alarms"])

    if request.options.dashboard:
        own = [
            replace(metric, label=name if several else "")
            for name, each in revisions.items()
            for metric in each.metrics
        ]
        text: Input[str] = known().apply(
            lambda found: dashboard_body(
                signals(found),
                _more(found, cluster.options.container_insights != "disabled"),
                request.options.slo,
                request.options.rollback.error_percent,
                own,
                [each.gpus for each in revisions.values() if each.gpus is not None],
                door_rows(found["doors"], found["region"]),
            )
        )
        dashboards.register(request.children, "dashboard", "dashboard", text)
    return lambda: known().apply(signals)


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
    signals: Signals,
    more: EcsSignals,
    slo: Any,
    error_percent: float,
    own: Sequence[Metric] = (),
    gpus: Sequence[Gpus] = (),
    doors: Sequence[Sequence[Widget]] = (),
) -> str:
    """The dashboard's text. slo: what is promised, or None. error_percent: that takes a deployment back. own: metrics of the server. gpus:
    what it runs on. doors: rows of what stands before the load balancer."""
    region = signals.region
    rows = [
        [
            graph(graphs.REQUESTS, region, _each(signals.requests, "requests", "Sum"), stacked=True),
            graph(
                graphs.ERROR_SHARE,
                region,
                _shares(signals),
                limits={"takes a deployment back": error_percent},
            ),
            graph(graphs.TIMES, region, _times(signals), limits=graphs.promised(slo)),
        ],
        [
            graph(graphs.REPLICAS, region, _replicas(signals, more)),
            graph(graphs.SATURATION, region, _saturation(more), most=100),
            graph(graphs.WRONG, region, _wrong(signals, more)),
        ],
    ]
    below = [*doors, *rows_of(gpus, region, more.services), *_own(own, region)]
    return body([*alarm_rows("Alarms", signals.alarms), *rows, *below])


def _own(metrics: Sequence[Metric], region: str) -> list[list[Widget]]:
    """Each in a graph of its own: a queue's length beside microseconds would be a line at the bottom."""
    by_name: dict[str, list[Metric]] = defaultdict(list)
    for metric in metrics:
        by_name[metric.name].append(metric)
    graphs = [
        graph(name, region, [line(each, stat="Average", label=of_set("average of replicas", each)) for each in same])
        for name, same in by_name.items()
    ]
    return [graphs[start : start + _IN_A_ROW] for start in range(0, len(graphs), _IN_A_ROW)]


def _sets(balancer: LoadBalancerReference, revision: Reached) -> dict[str, dict[str, Input[str]]]:
    return {prefix: dimensions(balancer, group) for prefix, group in revision.traffic.sets.items()}


def _labelled(revisions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What each set of replicas is called where there are several: after its revision, its protocol, and their order."""
    known = [prefix for sets in revisions.values() for prefix in sets]
    spoken, moves = any(prefix.startswith(_GRPC) for prefix in known), "2-" in known

    def words(name: str, prefix: str) -> str:
        protocol = ("gRPC" if prefix.startswith(_GRPC) else "HTTP") if spoken else ""
        one = _SETS[prefix.removeprefix(_GRPC)] if moves else ""
        return " ".join(filter(None, (name if len(revisions) > 1 else "", protocol, one)))

    return {words(name, prefix): counted for name, sets in revisions.items() for prefix, counted in sets.items()}


def _more(known: Mapping[str, Any], insights: bool) -> EcsSignals:
    def each(name: str) -> tuple[Metric, ...]:
        return tuple(Metric(NAMESPACE, name, counted, label) for label, counted in known["sets"].items())

    return EcsSignals(
        known["services"],
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
        for percentile in graphs.PERCENTILES
    ]


def _replicas(signals: Signals, more: EcsSignals) -> list[Line]:
    counted = _COUNTED if more.insights else {}
    return [
        *_each(signals.replicas, "healthy", "Minimum"),
        *(
            line(metric, stat="Maximum", label=of_set(words, metric))
            for name, words in counted.items()
            for metric in _of_services("ECS/ContainerInsights", name, more)
        ),
    ]


def _of_services(namespace: str, name: str, more: EcsSignals) -> list[Metric]:
    return [Metric(namespace, name, counted, label) for label, counted in more.services.items()]


def _saturation(more: EcsSignals) -> list[Line]:
    return [
        line(metric, stat=stat, label=of_set(f"{words}, {of}", metric))
        for name, words in (("CPUUtilization", "processor"), ("MemoryUtilization", "memory"))
        for metric in _of_services("AWS/ECS", name, more)
        for stat, of in (("Average", "average"), ("Maximum", "busiest replica"))
    ]


def _wrong(signals: Signals, more: EcsSignals) -> list[Line]:
    return [
        *_each(signals.errors, "5xx", "Sum"),
        *_each(more.client_errors, "4xx", "Sum"),
        *_each(more.broken, "no connection to a replica", "Sum"),
    ]
