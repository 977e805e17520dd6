"""How many replicas Knative runs, down to none: its own autoscaler (KPA) counts the requests. Pure data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.catalog.servers import parallel_requests
from modelinfra.options.problems import InvalidOptionsError, Problem
from modelinfra.options.quantities import shown_seconds
from modelinfra.platforms.kubernetes.sizing import PodSizing
from modelinfra.platforms.served_model import ServedModel

# Of what a replica works on at once: room for what comes while another one starts. Knative's own for a hard limit
# (container-concurrency-target-percentage).
_SHARE_PERCENT: Final = 70


@dataclass(frozen=True)
class KnativeScaling:
    """Least (0: none while nobody asks) and most replicas, and what each does. metric: `concurrency` or `rps`.

    percent: how much of the target a replica shall have.
    """

    least: int
    most: int
    metric: str
    target: int
    percent: int
    delay: int
    notes: tuple[str, ...] = ()

    @property
    def annotations(self) -> Mapping[str, str]:
        """What an InferenceService has no field for. scale-down-delay: how long fewer requests must last, an hour
        at most (Knative, pkg/apis/autoscaling/annotation_validation.go), which is also the most of `scale_in_cooldown`."""
        return {
            "autoscaling.knative.dev/target-utilization-percentage": str(self.percent),
            "autoscaling.knative.dev/scale-down-delay": f"{self.delay}s",
        }


def plan_knative(options: Any, served: ServedModel, sizing: PodSizing) -> KnativeScaling:
    """Choose what scales. Raises InvalidOptionsError where Knative cannot."""
    problems = list(_problems(options))
    if problems:
        raise InvalidOptionsError(problems)
    scaling = options.scaling
    least, most = scaling.min, max(1, scaling.max or scaling.min)
    target, percent, metric, notes = _target(scaling, served, sizing)
    if least == 0:
        notes += (
            f"no replica runs while nobody asks; who asks then waits until one has started, {shown_seconds(sizing.start_seconds)} at most",
        )
    return KnativeScaling(least, most, metric, target, percent, scaling.scale_in_cooldown, notes)


def _target(scaling: Any, served: ServedModel, sizing: PodSizing) -> tuple[int, int, str, tuple[str, ...]]:
    if scaling.requests_per_second_per_replica is not None:
        return int(scaling.requests_per_second_per_replica), 100, "rps", ()
    if scaling.concurrency is not None:
        return int(scaling.concurrency), 100, "concurrency", ()
    accelerators = sizing.accelerated.count if sizing.accelerated else 0
    parallel = parallel_requests(served.server, sizing.cpu, accelerators)
    note = (
        f"scales at {_SHARE_PERCENT} % of {parallel} requests at once per replica, which {served.server.title} works on"
    )
    return parallel, _SHARE_PERCENT, "concurrency", (note,)


def _problems(options: Any) -> Iterator[Problem]:
    scaling = options.scaling
    named = [each for each in ("concurrency", "requests_per_second_per_replica") if getattr(scaling, each) is not None]
    if len(named) == 2:
        reason = "Knative's autoscaler heeds one number, and `concurrency` is one already"
        yield Problem("scaling.requests_per_second_per_replica", reason, "Write one of them.")
    for key in named:
        value = getattr(scaling, key)
        if value != int(value):
            yield Problem(f"scaling.{key}", "KServe hands whole numbers on to Knative", "Write a whole number.", value)
