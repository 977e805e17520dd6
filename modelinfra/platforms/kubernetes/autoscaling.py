"""What makes replicas more or fewer: the cluster's own autoscaler, or KEDA where a metric of Prometheus is asked. Pure data.

Both stand beside the InferenceService (`autoscalerClass: external`) and not in it: KServe's own are fewer (cpu and memory; of KEDA a threshold),
and an edit of a limit then touches nothing that runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.scaling import varies
from modelinfra.platforms.kubernetes.pod import service
from modelinfra.platforms.kubernetes.sizing import PodSizing
from modelinfra.platforms.served_model import ServedModel

_CPU_PERCENT = 60

_POLL_SECONDS = 15
_FAILED_POLLS = 4


@dataclass(frozen=True)
class Autoscaling:
    """Least and most replicas, and targets of what each does. in_flight: requests at each replica; by KEDA, as `query` counts them."""

    least: int
    most: int
    cpu_percent: float | None = None
    memory_percent: float | None = None
    in_flight: float | None = None
    prometheus_url: str = ""
    metrics: tuple[str, ...] = ()
    scale_out_seconds: int = 0
    scale_in_seconds: int = 300
    notes: tuple[str, ...] = ()

    @property
    def varies(self) -> bool:
        """Whether there is anything to scale."""
        return self.most > self.least

    @property
    def by_prometheus(self) -> bool:
        """Whether KEDA asks Prometheus."""
        return self.varies and self.in_flight is not None


def plan_autoscaling(options: Any, served: ServedModel, sizing: PodSizing, platform: Any) -> Autoscaling:
    """Choose what scales. Raises InvalidOptionsError where nothing could."""
    scaling = options.scaling
    least, most = scaling.min, scaling.max or scaling.min
    problems = list(_problems(options, served, sizing, platform))
    if problems:
        raise InvalidOptionsError(problems)
    if not varies(scaling):
        return Autoscaling(least, most)
    named = [each for each in ("concurrency", "cpu_percent", "memory_percent") if getattr(scaling, each) is not None]
    cpu = scaling.cpu_percent if named else _CPU_PERCENT
    server = served.server
    notes = () if named else (f"scales at {_CPU_PERCENT} % CPU: no target is named, and nothing here counts requests",)
    return Autoscaling(
        least,
        most,
        cpu_percent=cpu,
        memory_percent=scaling.memory_percent,
        in_flight=scaling.concurrency,
        prometheus_url=platform.prometheus_url or "",
        metrics=server.in_flight_metrics,
        scale_out_seconds=scaling.scale_out_cooldown or 0,
        scale_in_seconds=scaling.scale_in_cooldown,
        notes=notes,
    )


def _problems(options: Any, served: ServedModel, sizing: PodSizing, platform: Any) -> Iterator[Problem]:
    scaling, server = options.scaling, served.server
    if scaling.min == 0:
        reason = "a Deployment without replicas answers nothing, and KServe's Standard mode wakes none"
        yield Problem("scaling.min", reason, "Write 1 or more.", 0)
    if scaling.concurrency is not None:
        if not server.in_flight_metrics:
            reason = f"{server.title} does not tell how many requests it has"
            yield Problem(
                "scaling.concurrency", reason, "Write `cpu_percent` or `memory_percent`.", scaling.concurrency
            )
        elif platform.prometheus_url is None:
            reason = "KEDA would ask a Prometheus for it, and the platform names none"
            yield Problem("scaling.concurrency", reason, "Write `prometheus_url` there.", scaling.concurrency)
    elif sizing.accelerated is not None and varies(scaling):
        reason = "CPU and memory say nothing of an accelerator's load"
        remedy = "Write `concurrency`, or `max` as `min`."
        if not server.in_flight_metrics:
            remedy = "Write `max` as `min`."
        yield Problem("scaling.max", reason, remedy, scaling.max)


def pod_autoscaler(name: str, plan: Autoscaling) -> Any:
    """Spec of a HorizontalPodAutoscaler."""
    resources = {"cpu": plan.cpu_percent, "memory": plan.memory_percent}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": service(name)},
        "minReplicas": plan.least,
        "maxReplicas": plan.most,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": each, "target": {"type": "Utilization", "averageUtilization": round(percent)}},
            }
            for each, percent in resources.items()
            if percent is not None
        ],
        "behavior": _behavior(plan),
    }


def scaled_object(name: str, namespace: str, plan: Autoscaling) -> dict[str, Any]:
    """Spec of a ScaledObject of KEDA."""
    triggers: list[dict[str, Any]] = [
        {
            "type": "prometheus",
            "name": "in-flight",
            "metricType": "AverageValue",
            "metadata": {
                "serverAddress": plan.prometheus_url,
                "query": query(name, namespace, plan.metrics),
                "threshold": f"{plan.in_flight:g}",
                # An answer without a value is a failure: else a Prometheus that scrapes nothing would look like no requests.
                "ignoreNullValues": "false",
            },
        }
    ]
    for kind, percent in (("cpu", plan.cpu_percent), ("memory", plan.memory_percent)):
        if percent is not None:
            triggers.append({"type": kind, "metricType": "Utilization", "metadata": {"value": f"{round(percent)}"}})
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": service(name)},
        "minReplicaCount": plan.least,
        "maxReplicaCount": plan.most,
        "pollingInterval": _POLL_SECONDS,
        # Where Prometheus is silent, as many replicas stay as there are.
        "fallback": {"failureThreshold": _FAILED_POLLS, "replicas": plan.least, "behavior": "currentReplicasIfHigher"},
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _behavior(plan)}},
        "triggers": triggers,
    }


def query(name: str, namespace: str, metrics: tuple[str, ...]) -> str:
    """PromQL: what waits and what is worked on, at all replicas together."""
    pods = f'namespace="{namespace}",pod=~"{service(name)}-.*"'
    return " + ".join(f"sum({metric}{{{pods}}})" for metric in metrics)


def _behavior(plan: Autoscaling) -> Mapping[str, Any]:
    return {
        "scaleUp": {"stabilizationWindowSeconds": plan.scale_out_seconds},
        "scaleDown": {"stabilizationWindowSeconds": plan.scale_in_seconds},
    }
