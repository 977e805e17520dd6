"""What is to be seen of the GPUs that an endpoint runs on, and the alarm of their errors.

An exporter on the nodes knows GPUs and not whose they are: its metrics are the pool's. ECS Managed Instances tell those of a service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_aws as aws
from pulumi import Input

from modelinfra.catalog.gpu_telemetry import DCGM, MANAGED, GpuMetrics
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.gpu_exporter import source_of
from modelinfra.platforms.ecs.objectives import told
from modelinfra.platforms.ecs.placement import Placement
from modelinfra.platforms.signals import Metric
from modelinfra.platforms.widgets import Widget, graph, line, of_set

if TYPE_CHECKING:
    from modelinfra.platforms.ecs.cluster import EcsCluster

_INSIGHTS = "ECS/ContainerInsights"


@dataclass(frozen=True)
class Gpus:
    """Those of one revision's replicas. pool: its name. dimensions: of the pool's metrics; None where they are the service's."""

    metrics: GpuMetrics
    pool: str
    namespace: str
    dimensions: Mapping[str, str] | None

    def graphs(self, region: str, services: Mapping[str, Mapping[str, str]]) -> list[Widget]:
        """A row of a dashboard. services: dimensions of the service of each revision, by label."""
        sets = services if self.dimensions is None else {"": self.dimensions}
        of = f" (pool {self.pool})" if self.dimensions is not None else ""
        return [
            graph(
                f"{title}{of}",
                region,
                [
                    line(metric, stat=stat, label=of_set(words, metric))
                    for label, dimensions in sets.items()
                    for metric in [Metric(self.namespace, name, dimensions, label)]
                    for stat, words in (("Average", "average"), ("Maximum", "highest"))
                ],
            )
            for title, name in self.metrics.graphs.items()
        ]


def gpus_of(cluster: EcsCluster, placement: Placement | None) -> Gpus | None:
    """None where nobody asked for metrics of the pool's GPUs."""
    if placement is None or placement.pool.options.gpu_metrics is None:
        return None
    pool = placement.pool
    if pool.managed:
        return Gpus(MANAGED, pool.name, _INSIGHTS, None)
    source = source_of(cluster.gpu_node_pools[pool.name].name)
    return Gpus(DCGM, pool.name, source.namespace, source.labels)


def rows_of(gpus: Sequence[Gpus], region: str, services: Mapping[str, Mapping[str, str]]) -> list[list[Widget]]:
    """A row for each pool, whichever revisions share it."""
    return [each.graphs(region, services) for index, each in enumerate(gpus) if each not in gpus[:index]]


def register_gpu_alarm(
    request: EndpointRequest, cluster: EcsCluster, service: aws.ecs.Service, gpus: Gpus | None
) -> list[aws.cloudwatch.MetricAlarm]:
    """Made where somebody is told: an error of a GPU takes no deployment back."""
    if gpus is None or told(request) is None:
        return []
    dimensions: Mapping[str, Input[str]] = gpus.dimensions or {
        "ClusterName": cluster.cluster_name,
        "ServiceName": service.name,
    }
    return [
        aws.cloudwatch.MetricAlarm(
            request.children.named("gpu-errors", "alarm"),
            alarm_description=f"Endpoint {request.name}: {gpus.metrics.said}",
            namespace=gpus.namespace,
            metric_name=gpus.metrics.errors,
            dimensions=dict(dimensions),
            statistic="Maximum",
            period=60,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            evaluation_periods=1,
            # A pool without nodes tells nothing.
            treat_missing_data="notBreaching",
            alarm_actions=told(request),
            ok_actions=told(request),
            opts=request.children.opts("gpu-alarm"),
        )
    ]
