"""What of an endpoint Prometheus can watch: what cannot be measured is refused where it was asked for, and said where it is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelinfra.catalog.servers import ModelServer
from modelinfra.options.problems import Problem
from modelinfra.options.prometheus import has_operator
from modelinfra.options.scaling import guard_ms, varies
from modelinfra.platforms.kubernetes.measured import Measured, measured
from modelinfra.platforms.kubernetes.schedule import unscheduled

_NO_OPERATOR = "alarms are rules of the Prometheus operator, and the platform does not say that it is there"
_WRITE_OPERATOR = "Write `prometheus: {operator: true}` there, or remove it."
_ELSEWHERE = "Write `gateway` and `prometheus.envoy_gateway` of the platform, where Envoy counts them, or remove it."


def has_metrics(server: ModelServer, options: Any) -> bool:
    """Whether the server tells anything, by itself or as `metrics` says."""
    return server.metrics_path is not None or (options.metrics is not None and options.metrics.path is not None)


def measurable(options: Any, server: ModelServer, platform: Any, *, alone: bool) -> Measured:
    """What can be measured, before anybody knows names. alone: whether a route leads to this revision only."""
    route = "route" if platform.gateway is not None and alone else ""
    return measured("", "", server, platform, route=route, scraped=has_metrics(server, options))


def unwatchable(options: Any, server: ModelServer, platform: Any) -> Iterator[Problem]:
    """Of the endpoint's own keys; with paths relative to it."""
    prometheus = platform.prometheus
    operator = has_operator(platform)
    known = measurable(options, server, platform, alone=True)
    if options.slo is not None:
        yield from _objectives(options.slo, server, known, operator=operator)
    if options.rollback.model_fields_set and not operator:
        yield Problem("rollback", _NO_OPERATOR, _WRITE_OPERATOR)
    elif options.rollback.model_fields_set and known.errors is None:
        reason = f"{server.title} does not tell which requests went wrong, so that no alarm has this threshold"
        yield Problem("rollback", reason, _ELSEWHERE)
    if "dashboard" in options.model_fields_set and options.dashboard and not (prometheus and prometheus.grafana):
        reason = "dashboards are those of Grafana, and the platform does not say that it is there"
        yield Problem("dashboard", reason, "Write `prometheus: {grafana: true}` there, or remove it.", True)
    if options.metrics is not None:
        yield from _metrics(options.metrics, server, operator=operator)


def unscalable(options: Any, server: ModelServer, platform: Any, *, alone: bool) -> Iterator[Problem]:
    """What Prometheus and KEDA cannot scale by. alone: whether a route leads to this revision only."""
    scaling = options.scaling
    url = platform.prometheus.url if platform.prometheus is not None else None
    known = measurable(options, server, platform, alone=alone)
    told = server.answered if has_metrics(server, options) else None
    asked = {
        "concurrency": (server.in_flight_metrics, f"{server.title} does not tell how many requests it has"),
        "requests_per_second_per_replica": (
            told or known.requests,
            f"{server.title} does not tell how many requests it has",
        ),
        "p95_latency_ms": (
            (told and told.latency) or known.latency,
            f"{server.title} does not tell how long requests take",
        ),
    }
    for key, (found, reason) in asked.items():
        given = getattr(scaling, key)
        if given is None:
            continue
        if not found:
            remedy = "Write `cpu_percent` or `memory_percent`." if key != "p95_latency_ms" else "Remove it."
            if not alone and key != "concurrency":
                reason += ", and the gateway counts revisions together"
            yield Problem(f"scaling.{key}", reason, remedy, given)
        elif url is None:
            reason = "KEDA would ask a Prometheus for it, and the platform names none"
            yield Problem(f"scaling.{key}", reason, "Write `prometheus: {url: …}` there.", given)
    for problem in unscheduled(scaling.schedule or {}):
        yield problem.below("scaling.schedule")


def unseen(options: Any, server: ModelServer, platform: Any, *, own: bool) -> Iterator[str]:
    """What nobody will be told, in words for the preview. own: whether of the endpoint's own replicas, with which the gateway counts the others."""
    prometheus, slo = platform.prometheus, options.slo
    known = measurable(options, server, platform, alone=own)
    if has_operator(platform):
        where = "" if own or not prometheus.envoy_gateway else "; the gateway counts them with those of the endpoint"
        if known.errors is None:
            also = " and none of availability" if slo is not None and slo.availability is not None else ""
            yield f"there is no alarm target-5xx{also}: {server.title} does not tell which requests went wrong{where}"
        elif known.errors.gateway and options.revisions:
            yield "alarms of requests are of all revisions together, as the gateway counts them"
        if slo is not None and known.latency is None and (slo.p95_latency_ms or slo.p99_latency_ms):
            yield f"there is no alarm of latency: {server.title} does not tell how long requests take{where}"
        if slo is not None and server.streams and known.latency is not None:
            yield "times are those until an answer has ended; a load balancer of ECS counts until it begins"
    limit, alone = guard_ms(options.scaling, slo), own and not options.revisions
    if limit is not None and not guarded(options, server, platform, alone=alone):
        yield f"no replicas are added while {limit:g} ms are not kept: KEDA would have to ask a Prometheus that knows these replicas' times"


def guarded(options: Any, server: ModelServer, platform: Any, *, alone: bool) -> bool:
    """Whether replicas are added while answers take too long. It looks at kube-state-metrics, which the operator's cluster has."""
    prometheus = platform.prometheus
    known = measurable(options, server, platform, alone=alone)
    return varies(options.scaling) and bool(prometheus and prometheus.url) and known.latency is not None


def _objectives(slo: Any, server: ModelServer, known: Measured, *, operator: bool) -> Iterator[Problem]:
    if slo.oldest_message is not None:
        yield Problem("slo.oldest_message", "there is no queue", "Remove it.")
    if not operator:
        yield Problem("slo", _NO_OPERATOR, _WRITE_OPERATOR)
        return
    if slo.availability is not None and known.errors is None:
        reason = f"{server.title} does not tell which requests went wrong"
        yield Problem("slo.availability", reason, _ELSEWHERE, slo.availability)
    for key in ("p95_latency_ms", "p99_latency_ms"):
        if getattr(slo, key) is not None and known.latency is None:
            reason = f"{server.title} does not tell how long requests take"
            yield Problem(f"slo.{key}", reason, _ELSEWHERE, getattr(slo, key))


def _metrics(metrics: Any, server: ModelServer, *, operator: bool) -> Iterator[Problem]:
    if not operator:
        reason = (
            "pods have the `prometheus.io` annotations, and what asks them more is an object of the Prometheus operator"
        )
        yield Problem("metrics", reason, _WRITE_OPERATOR)
        return
    if metrics.workspace_arn is not None:
        reason = "the cluster's Prometheus writes to other places, and not the endpoint"
        yield Problem(
            "metrics.workspace_arn", reason, "Remove it, and say `remote_write` where Prometheus is installed."
        )
    if "interval" in metrics.model_fields_set:
        reason = "alarms count by the minute, from what is read every 15 seconds"
        yield Problem("metrics.interval", reason, "Remove it.", f"{metrics.interval:g}s")
    if metrics.port is not None and metrics.port not in server.ports.values():
        known = ", ".join(map(str, sorted(set(server.ports.values()))))
        yield Problem("metrics.port", "nothing else of a replica is open", f"Write one of: {known}.", metrics.port)
