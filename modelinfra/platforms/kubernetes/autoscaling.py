"""What makes replicas more or fewer: the cluster's own autoscaler, or KEDA where Prometheus or a calendar is asked. Pure data.

Both stand beside the InferenceService (`autoscalerClass: external`) and not in it: KServe's own are fewer (cpu and memory; of KEDA a threshold),
and an edit of a limit then touches nothing that runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.catalog.servers import ModelServer
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.scaling import guard_ms, varies
from modelinfra.options.scaling_schedule import aimless
from modelinfra.platforms.kubernetes.schedule import Stretch, stretches
from modelinfra.platforms.kubernetes.sizing import PodSizing
from modelinfra.platforms.kubernetes.watched import guarded, unscalable
from modelinfra.platforms.served_model import ServedModel

_CPU_PERCENT = 60

_VALUES = ("concurrency", "requests_per_second_per_replica", "cpu_percent", "memory_percent")

LEADING = ("concurrency", "requests_per_second_per_replica")
"""Targets that say something of an accelerator's load."""


ANNOTATIONS: Final = {"validations.keda.sh/hpa-ownership": "false"}
"""Of our own autoscaler: KEDA's webhook refuses a ScaledObject while somebody else's has the Deployment, unless it says so (KEDA,
scaledobject_webhook.go, verifyHpas). When a target comes that takes KEDA, this one goes right after."""


@dataclass(frozen=True)
class Autoscaling:
    """Least and most replicas, and targets of what each does. in_flight, per_second: requests at each replica, and that it answers; KEDA asks
    Prometheus for them. guard_ms: replicas are added while the 95th percentile is above. stretches: times with more replicas."""

    least: int
    most: int
    cpu_percent: float | None = None
    memory_percent: float | None = None
    in_flight: float | None = None
    per_second: float | None = None
    guard_ms: float | None = None
    stretches: tuple[Stretch, ...] = ()
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
    def by_keda(self) -> bool:
        """Whether it takes more than the cluster's own autoscaler."""
        asked = (self.in_flight, self.per_second, self.guard_ms)
        return self.varies and (any(each is not None for each in asked) or bool(self.stretches))


def plan_autoscaling(
    options: Any, served: ServedModel, sizing: PodSizing, platform: Any, *, alone: bool
) -> Autoscaling:
    """Choose what scales. alone: whether a route leads to this revision only. Raises InvalidOptionsError where nothing could."""
    scaling, server = options.scaling, served.server
    least, most = scaling.min, scaling.max or scaling.min
    problems = list(_problems(options, server, sizing, platform, alone=alone))
    if problems:
        raise InvalidOptionsError(problems)
    if not varies(scaling):
        return Autoscaling(least, most)
    named = [each for each in _VALUES if getattr(scaling, each) is not None]
    by_cpu = not named
    notes = [f"scales at {_CPU_PERCENT} % CPU: no target is named"] if by_cpu else []
    guard = guard_ms(scaling, options.slo) if guarded(options, server, platform, alone=alone) else None
    return Autoscaling(
        least,
        most,
        cpu_percent=_CPU_PERCENT if by_cpu else scaling.cpu_percent,
        memory_percent=scaling.memory_percent,
        in_flight=scaling.concurrency,
        per_second=scaling.requests_per_second_per_replica,
        guard_ms=guard,
        stretches=stretches(scaling.schedule or {}, least),
        prometheus_url=(platform.prometheus.url or "") if platform.prometheus is not None else "",
        metrics=server.in_flight_metrics,
        scale_out_seconds=scaling.scale_out_cooldown or 0,
        scale_in_seconds=scaling.scale_in_cooldown,
        notes=tuple(notes),
    )


def _problems(options: Any, server: ModelServer, sizing: PodSizing, platform: Any, *, alone: bool) -> Iterator[Problem]:
    scaling = options.scaling
    if scaling.min == 0:
        reason = "a Deployment without replicas answers nothing, and KServe's Standard mode wakes none"
        yield Problem("scaling.min", reason, "Write 1 or more.", 0)
    found = list(unscalable(options, server, platform, alone=alone))
    yield from found
    if not any(problem.path.startswith("scaling.schedule") for problem in found):
        yield from (problem.below("scaling") for problem in aimless(scaling.schedule or {}))
    leads = any(getattr(scaling, key) is not None for key in LEADING)
    if sizing.accelerated is not None and varies(scaling) and not leads:
        reason = "CPU and memory say nothing of an accelerator's load"
        remedy = "Write `concurrency`, or `max` as `min`."
        if not server.in_flight_metrics:
            remedy = "Write `max` as `min`."
        yield Problem("scaling.max", reason, remedy, scaling.max)


def pod_autoscaler(deployment: str, plan: Autoscaling) -> Any:
    """Spec of a HorizontalPodAutoscaler."""
    resources = {"cpu": plan.cpu_percent, "memory": plan.memory_percent}
    return {
        "scaleTargetRef": target(deployment),
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
        "behavior": behavior(plan),
    }


def target(deployment: str) -> dict[str, str]:
    """What an autoscaler writes the number of replicas of."""
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment}


def behavior(plan: Autoscaling) -> Mapping[str, Any]:
    """How long the autoscaler looks back before it adds, and before it removes."""
    return {
        "scaleUp": {"stabilizationWindowSeconds": plan.scale_out_seconds},
        "scaleDown": {"stabilizationWindowSeconds": plan.scale_in_seconds},
    }
