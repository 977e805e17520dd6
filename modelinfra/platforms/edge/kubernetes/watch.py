"""What watches a fleet in its cluster, where the Prometheus operator is there: what scrapes its pods, its alarms, and whom they tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pulumi

from modelinfra.children import Children
from modelinfra.options.prometheus import has_operator
from modelinfra.platforms.edge.kubernetes.labels import FLEET_OF_POD
from modelinfra.platforms.edge.kubernetes.pod import metrics_port
from modelinfra.platforms.edge.kubernetes.rules import alarms_of
from modelinfra.platforms.edge.planner import FleetPlan
from modelinfra.platforms.kubernetes.alerts import alertmanager_config
from modelinfra.platforms.kubernetes.objects import Place, custom
from modelinfra.platforms.kubernetes.rules import group
from modelinfra.platforms.kubernetes.watch import pod_monitor

_API: Final = "monitoring.coreos.com/"


def register_watch(
    children: Children, plan: FleetPlan, place: Place, fleet: str, daemon_sets: Mapping[str, str]
) -> None:
    """fleet: its full name, which its objects have. daemon_sets: ring -> name."""
    if not has_operator(place.options):
        return
    prometheus = place.options.prometheus
    labels = prometheus.labels
    port, path = metrics_port(plan)
    if port:
        spec = pod_monitor({FLEET_OF_POD: fleet}, port, path)
        custom(place, children, "pod-monitor", f"{_API}v1", "PodMonitor", fleet, spec, (), labels=labels)
    job = f"{place.namespace}/{fleet}" if plan.fallback is not None else ""
    spec = {
        "groups": [
            group(
                f"{children.name}-{ring.name}",
                alarms_of(plan, ring, job, place.namespace, daemon_sets[ring.name]),
                {
                    "fleet": children.name,
                    "ring": ring.name,
                    "namespace": place.namespace,
                    "environment": pulumi.get_stack(),
                },
                f"Fleet {children.name}, ring {ring.name}",
                lambda suffix, ring=ring: children.named(f"{ring.name}-{suffix}", "alarm"),  # type: ignore[misc]
            )
            for ring in plan.rings
        ]
    }
    custom(place, children, "prometheus-rule", f"{_API}v1", "PrometheusRule", fleet, spec, (), labels=labels)
    if prometheus.alerts is not None:
        spec = alertmanager_config(prometheus.alerts, of="fleet")
        custom(place, children, "alerts", f"{_API}v1alpha1", "AlertmanagerConfig", fleet, spec, (), labels=labels)
