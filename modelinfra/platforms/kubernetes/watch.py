"""Registers what watches an endpoint: what scrapes its replicas, its alarms, and its dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_kubernetes as kubernetes

from modelinfra.catalog.servers import ModelServer
from modelinfra.options.prometheus import has_operator
from modelinfra.options.revisions import STABLE
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.kubernetes import dashboard
from modelinfra.platforms.kubernetes.measured import SCRAPED_SECONDS, Measured, measured, scope_of
from modelinfra.platforms.kubernetes.objects import custom, opts
from modelinfra.platforms.kubernetes.pod import app, named, named_port
from modelinfra.platforms.kubernetes.rules import alarms, rule
from modelinfra.platforms.kubernetes.watched import has_metrics

if TYPE_CHECKING:
    from modelinfra.platforms.kubernetes.objects import Place

_MONITORING: Final = "monitoring.coreos.com/v1"


def measured_by(platform: Place, request: EndpointRequest, *, route: bool) -> Measured:
    """What Prometheus can be asked about these replicas. route: whether what the endpoint's route counts is counted as theirs."""
    shown = named(request)
    return measured(
        shown,
        platform.namespace,
        request.served.server,
        platform.options,
        route=shown if route and platform.options.gateway is not None else "",
        scraped=has_metrics(request.served.server, request.options),
    )


def own_scope(platform: Place, request: EndpointRequest) -> str:
    """Matchers of what the server itself tells."""
    return scope_of(named(request), platform.namespace, operator=has_operator(platform.options))


def register_alarms(platform: Place, request: EndpointRequest, found: Measured, endpoint: str, startup: int) -> None:
    """endpoint: its name, also where these are the replicas of another revision. startup: seconds that one may take."""
    prometheus, server = platform.options.prometheus, request.served.server
    if not has_operator(platform.options):
        return
    name, labels = found.name, prometheus.labels
    if has_metrics(server, request.options):
        spec = pod_monitor({"app": app(name)}, *_asked(server, request.options.metrics))
        custom(platform, request.children, "pod-monitor", _MONITORING, "PodMonitor", name, spec, (), labels=labels)
    tenant = getattr(platform.options, "tenant", None)
    given = {
        "endpoint": endpoint,
        **({"revision": request.name.removeprefix(endpoint).lstrip("-")} if request.name != endpoint else {}),
        "namespace": platform.namespace,
        "environment": pulumi.get_stack(),
        **({"tenant": tenant} if tenant else {}),
    }
    spec = rule(
        given,
        request.name,
        alarms(found, request.options, startup),
        lambda suffix: request.children.named(suffix, "alarm"),
    )
    custom(platform, request.children, "prometheus-rule", _MONITORING, "PrometheusRule", name, spec, (), labels=labels)


def pod_monitor(labels: Mapping[str, str], port: str, path: str | None) -> dict[str, Any]:
    """Spec of what scrapes the pods with these labels."""
    return {
        "selector": {"matchLabels": dict(labels)},
        "podMetricsEndpoints": [{"port": port, "path": path, "interval": f"{SCRAPED_SECONDS}s"}],
    }


def _asked(server: ModelServer, metrics: Any) -> tuple[str, str | None]:
    """At which port of the server's, and where there. metrics: what the endpoint says of it, if it does."""
    port = server.ports.get("metrics", server.ports["http"])
    port = metrics.port if metrics is not None and metrics.port is not None else port
    path = metrics.path if metrics is not None and metrics.path is not None else server.metrics_path
    return named_port(server, port), path


def register_dashboard(platform: Place, request: EndpointRequest, revisions: Mapping[str, Measured]) -> None:
    """revisions: all of them, by name."""
    prometheus, options = platform.options.prometheus, request.options
    if prometheus is None or not prometheus.grafana or not options.dashboard:
        return
    requests = {STABLE: request, **request.revisions}
    own = {
        name if len(requests) > 1 else "": dashboard.own_metrics(_names(each), own_scope(platform, each))
        for name, each in requests.items()
    }
    found = dashboard.dashboard(request.name, platform.namespace, revisions, own, options)
    name = named(request)
    kubernetes.core.v1.ConfigMap(
        request.children.named("dashboard"),
        metadata={"name": f"{name}-dashboard", "namespace": platform.namespace, "labels": dict(dashboard.LABELS)},
        data={f"{name}.json": dashboard.text(found)},
        opts=opts(platform, request.children, "config-map"),
    )


def _names(request: EndpointRequest) -> list[str]:
    server, metrics = request.served.server, request.options.metrics
    if not has_metrics(server, request.options):
        return []
    return list(server.key_metrics if metrics is None or metrics.names is None else metrics.names)
