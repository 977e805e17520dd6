"""What makes replicas more or fewer: pure arithmetic over validated options."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from modelinfra.catalog.servers import parallel_requests
from modelinfra.options.asynchronous import is_asynchronous
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import shown_seconds
from modelinfra.options.scaling import VALUES, guard_ms, named, varies
from modelinfra.options.scaling_schedule import aimless, scheduled
from modelinfra.options.server import CUSTOM
from modelinfra.platforms.ecs.sizing import EcsSizing
from modelinfra.platforms.served_model import ServedModel

# Of what a replica works on at once: where that is one request, more of them wait for it. docs/scaling.md: in the simulation less costs
# replicas, and more costs the objective.
SHARE_OF_ONE: Final = 0.6
SHARE_OF_SEVERAL: Final = 0.7

# However many requests wait, a step adds half of what there is at the most, until the new replicas serve (docs/scaling.md).
LARGEST_STEP: Final = 1.5

# The guard is faster than a target, whose alarm takes three minutes; one minute alone is no pattern. It adds a quarter above the limit and
# half above twice the limit (docs/scaling.md).
GUARD_MINUTES: Final = 2
GUARD_PERCENT: Final = 25
GUARD_PERCENT_ABOVE_TWICE: Final = 50

# Room for the replicas that are left when a zone fails, and for load that comes faster than replicas start.
_DEFAULT_CPU_PERCENT: Final = 60

# Application Auto Scaling's own limit is longer; beyond an hour nothing is learnt of a start.
_LONGEST_COOLDOWN: Final = 3600
_MINUTE: Final = 60
_SEEN: Final = 180


@dataclass(frozen=True)
class Guard:
    """Adds replicas while the 95th percentile of answers is above `p95_ms`. cooldown: between two steps, in seconds."""

    p95_ms: float
    cooldown: int


@dataclass(frozen=True)
class ScalingPlan:
    """targets: key of `scaling` -> target of its policy, in the order in which policies are registered. metrics, steps, schedule: validated
    options by name. limits: those that the schedule writes. patience: until replicas that were added serve. Times are in seconds."""

    targets: Mapping[str, float]
    scale_out_cooldown: int
    scale_in_cooldown: int
    patience: int
    guard: Guard | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[str, Any] = field(default_factory=dict)
    schedule: Mapping[str, Any] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plan_scaling(options: Any, served: ServedModel, sizing: EcsSizing, accelerators: int) -> ScalingPlan:
    """Compute the targets. accelerators: of each replica."""
    scaling = options.scaling
    patience = patience_seconds(sizing.startup)
    out = scaling.scale_out_cooldown if scaling.scale_out_cooldown is not None else patience
    if not varies(scaling):
        return ScalingPlan({}, out, scaling.scale_in_cooldown, patience)
    targets: Mapping[str, float] = {key: getattr(scaling, key) for key in named(scaling) if key in VALUES}
    notes: tuple[str, ...] = ()
    # The backlog of a queue asks for an exact number of replicas.
    if not named(scaling) and not is_asynchronous(options):
        targets, why = _default(served, sizing, accelerators)
        notes = (f"{why}; a step waits {shown_seconds(out)} for the one before",)
    limit = guard_ms(scaling, options.slo)
    guard = None if limit is None else Guard(limit, patience)
    limits = scheduled(scaling)
    if limits:
        back = [name for name, each in scaling.schedule.items() if any(getattr(each, key) is None for key in limits)]
        what = " and ".join(f"`scaling.{key}`" for key in limits)
        notes = (*notes, f"the schedule writes {what}: an edit of that reaches AWS with the next of: {', '.join(back)}")
    return ScalingPlan(
        targets,
        out,
        scaling.scale_in_cooldown,
        patience,
        guard,
        metrics=scaling.metrics or {},
        steps=scaling.steps or {},
        schedule=scaling.schedule or {},
        limits=limits,
        notes=notes,
    )


def patience_seconds(startup: int) -> int:
    """How long a step waits for the one before: until its replicas serve, and every minute that an alarm looks at has seen them.

    Whoever asks earlier asks for the same load once more. A larger step is taken at once, so that this holds nothing up.
    """
    return min(_LONGEST_COOLDOWN, _MINUTE * math.ceil(startup / _MINUTE) + _SEEN)


def default_share(parallel: int) -> float:
    """Of what a replica works on at once: the default target of requests in flight."""
    return SHARE_OF_ONE if parallel == 1 else SHARE_OF_SEVERAL


def unworkable(scaling: Any, cluster: Any) -> Iterator[Problem]:
    """Metrics over the number of replicas, where nothing counts these, and a schedule that leads nowhere."""
    yield from (problem.below("scaling") for problem in aimless(scaling.schedule or {}))
    for name, each in (scaling.metrics or {}).items():
        if each.target_per_replica is not None and cluster.container_insights == "disabled":
            reason = "Container Insights counts the replicas, and it is disabled on the platform"
            remedy = (
                "Write `target` with a metric that is an average over replicas, or `container_insights: enabled` there."
            )
            yield Problem(f"scaling.metrics.{name}.target_per_replica", reason, remedy, each.target_per_replica)


def _default(served: ServedModel, sizing: EcsSizing, accelerators: int) -> tuple[Mapping[str, float], str]:
    """The target where none is named, and why it is this one."""
    server = served.server
    if server.streams:
        why = "of streamed answers the load balancer sees when they begin, and not how many are in flight"
        return {"cpu_percent": _DEFAULT_CPU_PERCENT}, f"scales at {_DEFAULT_CPU_PERCENT} % CPU: {why}"
    parallel = parallel_requests(server, sizing.task.cpu / 1024, accelerators)
    share = default_share(parallel)
    target = round(share * parallel, 2)
    assumed = ", as is assumed" if server.name == CUSTOM else ""
    why = f"{server.title} works on {parallel} at once{assumed}, and {100 * share:.0f} % of it leaves room while replicas start"
    return {"concurrency": target}, f"scales at {target:g} requests in flight per replica: {why}"
