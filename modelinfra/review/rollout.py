"""How a rolling deployment goes, at the most: of a service of ECS, and of a Deployment of Kubernetes. What is not known is None."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from modelinfra.graph.cost_fargate import replicas_of
from modelinfra.graph.cost_view import CostView, number
from modelinfra.graph.model import Node
from modelinfra.graph.values import Unknown, mapping
from modelinfra.policies.readiness.kubernetes import Workload, containers
from modelinfra.policies.readiness.scalers import least_replicas, scalers_of
from modelinfra.policies.view import View
from modelinfra.review.served import NotKnownError, definitions
from modelinfra.review.services import GROUPS, TASK, behind

# Of the APIs: SIGKILL after 30 s without stopTimeout; Elastic Load Balancing: 300 s, 30 s and 5.
_STOP, _DRAIN, _INTERVAL, _HEALTHY = 30, 300, 30, 5
# Kubernetes: of a probe every 10 s, three failures; 30 s to end; a quarter of the pods more and a quarter less.
_PERIOD, _FAILURES, _GRACE, _QUARTER = 10, 3, 30, "25%"
# KEDA: maxReplicaCount.
_KEDA_MOST: Final = 100
_MOST_COUNTED: Final = 10_000


@dataclass(frozen=True)
class Rollout:
    """replicas: least and most. waves: the most for each number of replicas, None within for one with which the deployment never ends; empty
    where it is not known. start, drain: seconds of one replica at the most. watched: seconds during
    which traffic stands still. together: whether old replicas end while new ones start.
    idle: whether nobody need serve meanwhile. kind: what else than ECS itself deploys."""

    replicas: tuple[int, int] | None
    waves: Mapping[int, int | None]
    start: int | None
    drain: int | None
    watched: int | None = 0
    together: bool = False
    idle: bool = False
    kind: str = ""

    @property
    def stuck(self) -> list[int]:
        """The numbers of replicas with which it never ends."""
        return [count for count, waves in self.waves.items() if waves is None]

    @property
    def seconds(self) -> int | None:
        """The whole deployment."""
        found = [waves for waves in self.waves.values() if waves is not None]
        if not found or self.stuck or self.start is None or self.drain is None or self.watched is None:
            return None
        most = max(found)
        return most * self.start + (1 if self.together else most) * self.drain + self.watched


def waves_of_tasks(tasks: int, least_percent: float, most_percent: float) -> int | None:
    """How many times new tasks start until all are new, at the most; None where neither may a task stop nor another start.

    ECS may start as many more as there is room for, and may or may not stop old tasks first to make more room.

    >>> waves_of_tasks(4, 100, 200), waves_of_tasks(4, 100, 150), waves_of_tasks(1, 0, 100), waves_of_tasks(1, 100, 150)
    (1, 2, 1, None)
    """
    more = math.floor(tasks * most_percent / 100) - tasks
    fewer = tasks - math.ceil(tasks * least_percent / 100)
    each = more if more > 0 else fewer
    return math.ceil(tasks / each) if each > 0 else None


def waves_of_pods(pods: int, surge: Any, unavailable: Any) -> int | None:
    """The same of pods, of which so many more start, and so many fewer serve, at once; None where a value is none of Kubernetes.

    >>> waves_of_pods(4, "25%", "25%"), waves_of_pods(10, 1, 0), waves_of_pods(3, "0%", "10%")
    (2, 10, 3)
    """
    more, fewer = _share(pods, surge, math.ceil), _share(pods, unavailable, math.floor)
    if more is None or fewer is None:
        return None
    # Where both come to nothing, one pod may be missing (apps/v1, ResolveFenceposts).
    return math.ceil(pods / max(1, more + fewer))


def of_service(view: CostView, service: Node) -> Rollout:
    """A service of ECS. view: of a graph without secrets."""
    inputs = view.inputs(service)
    start, drain = _start(view, service, inputs), _drain(view, service, inputs)
    configuration, controller = inputs.get("deploymentConfiguration"), inputs.get("deploymentController")
    how, by = mapping(configuration).get("strategy", "ROLLING"), mapping(controller).get("type", "ECS")
    daemon = inputs.get("schedulingStrategy", "REPLICA") != "REPLICA"
    counts = _range(None if daemon else replicas_of(view, service, inputs))
    if Unknown in (configuration, controller, how, by):
        return Rollout(counts, {}, start, drain)
    if by != "ECS":
        return Rollout(counts, {}, start, drain, kind=str(by))
    if how != "ROLLING":
        # All new tasks start beside the old ones; then traffic moves and is watched.
        return Rollout(
            counts, dict.fromkeys(_each(counts), 1) if counts else {}, start, drain, _watched(mapping(configuration))
        )
    least, most = (number(inputs.get(key, usual)) for key, usual in _PERCENTS)
    if counts is None or least is None or most is None:
        return Rollout(counts, {}, start, drain, idle=least == 0)
    waves = {each: waves_of_tasks(each, float(least), float(most)) for each in _each(counts)}
    return Rollout(counts, waves, start, drain, idle=least == 0)


def of_pods(view: View, workload: Workload) -> Rollout:
    """A Deployment of Kubernetes. view: of a graph without secrets."""
    start = _ready(workload)
    grace = number(workload.pod.get("terminationGracePeriodSeconds", _GRACE))
    drain = None if grace is None else int(grace)
    least = least_replicas(view, workload)
    most = _most_replicas(view, workload)
    counts = _range(None if least is None or most is None else (Decimal(str(least)), most))
    given = workload.spec.get("strategy")
    strategy = mapping(given)
    if given is Unknown or strategy.get("type", "RollingUpdate") is Unknown:
        return Rollout(counts, {}, start, drain)
    if strategy.get("type") == "Recreate":
        return Rollout(counts, dict.fromkeys(_each(counts), 1) if counts else {}, start, drain, idle=True)
    rolling = strategy.get("rollingUpdate")
    surge, unavailable = (mapping(rolling).get(key, _QUARTER) for key in ("maxSurge", "maxUnavailable"))
    if (
        counts is None
        or rolling is Unknown
        or _share(1, surge, math.ceil) is None
        or _share(1, unavailable, math.floor) is None
    ):
        return Rollout(counts, {}, start, drain)
    waves = {each: waves_of_pods(each, surge, unavailable) for each in _each(counts)}
    fewer = _share(max(1, counts[0]), unavailable, math.floor)
    return Rollout(counts, waves, start, drain, together=True, idle=fewer is not None and fewer >= max(1, counts[0]))


_PERCENTS: Final = (("deploymentMinimumHealthyPercent", 100), ("deploymentMaximumPercent", 200))


def _range(given: tuple[Decimal, Decimal] | None) -> tuple[int, int] | None:
    return None if given is None or not 0 <= given[0] <= given[1] <= _MOST_COUNTED else (int(given[0]), int(given[1]))


def _each(counts: tuple[int, int]) -> Sequence[int]:
    """Every number of replicas that something is deployed with: rounding makes a larger one not always the slower."""
    return range(max(1, counts[0]), counts[1] + 1)


def _share(pods: int, given: Any, rounded: Callable[[float], int]) -> int | None:
    if isinstance(given, str) and given.endswith("%"):
        percent = number(given[:-1])
        return None if percent is None or percent < 0 else rounded(float(pods * percent / 100))
    count = None if isinstance(given, str) else number(given)
    return None if count is None or count < 0 else int(count)


def _start(view: CostView, service: Node, inputs: Mapping[str, Any]) -> int | None:
    """The grace period, and as many checks as it takes to be found healthy. Not known without a load balancer of this stack."""
    grace = number(inputs.get("healthCheckGracePeriodSeconds", 0))
    groups = _groups(view, service, inputs)
    if grace is None or not groups:
        return None
    longest = 0
    for group in groups:
        check = view.inputs(group).get("healthCheck") or {}
        interval, times = (number(mapping(check).get(key, usual)) for key, usual in (("interval", _INTERVAL), ("healthyThreshold", _HEALTHY)))  # fmt: skip
        if check is Unknown or interval is None or times is None:
            return None
        longest = max(longest, int(interval * times))
    return int(grace) + longest


def _drain(view: CostView, service: Node, inputs: Mapping[str, Any]) -> int | None:
    """Deregistration, then the longest that a container has to stop."""
    tasks = behind(view.graph, service, "taskDefinition", (TASK,))
    groups = _groups(view, service, inputs)
    if not tasks or groups is None:
        return None
    try:
        stops = [number(each.get("stopTimeout", _STOP)) for task in tasks for each in definitions(task)]
    except NotKnownError:
        return None
    delays = [number(view.inputs(each).get("deregistrationDelay", _DRAIN)) for each in groups]
    if None in stops or None in delays:
        return None
    return int(max((each for each in delays if each is not None), default=0)) + int(
        max((each for each in stops if each is not None), default=_STOP)
    )


def _watched(given: Mapping[str, Any]) -> int | None:
    """Seconds during which traffic stands still to be watched. Not known with hooks, which take as long as they like."""
    canary, linear = mapping(given.get("canaryConfiguration")), mapping(given.get("linearConfiguration"))
    # Amazon ECS API: the defaults.
    pauses = [(number(given.get("bakeTimeInMinutes", 0)), Decimal(1))]
    if given.get("strategy") == "CANARY":
        pauses.append((number(canary.get("canaryBakeTimeInMinutes", 10)), Decimal(1)))
    if given.get("strategy") == "LINEAR":
        share = number(linear.get("stepPercent", 10))
        pauses.append(
            (number(linear.get("stepBakeTimeInMinutes", 6)) if share else None, 100 / share if share else Decimal(1))
        )
    unknown = Unknown in (given.get("canaryConfiguration"), given.get("linearConfiguration"))
    if given.get("lifecycleHooks") or unknown or any(length is None for length, _ in pauses):
        return None
    return int(60 * sum((length or 0) * math.ceil(times) for length, times in pauses))


def _groups(view: CostView, service: Node, inputs: Mapping[str, Any]) -> list[Node] | None:
    """The target groups of a service; None where not all of them are known."""
    given = inputs.get("loadBalancers", [])
    found = behind(view.graph, service, "loadBalancers", GROUPS)
    return (
        None
        if not found and given != []
        else found
        if not isinstance(given, list) or len(found) >= len(given)
        else None
    )


def _ready(workload: Workload) -> int | None:
    """As long as startup probes may fail, then the first check of readiness. Not known without a startup probe, or with what runs before."""
    least = number(workload.spec.get("minReadySeconds", 0))
    given = workload.pod.get("containers")
    if least is None or workload.pod.get("initContainers") or not isinstance(given, list):
        return None
    longest = None
    for each in containers(workload.pod):
        startup, readiness = each.get("startupProbe"), each.get("readinessProbe")
        if Unknown in (startup, readiness) or (startup is None and readiness is not None):
            return None
        if startup is None:
            continue
        found = [_probed(mapping(startup), "failureThreshold", _FAILURES)]
        if readiness is not None:
            found.append(_probed(mapping(readiness), "successThreshold", 1))
        if None in found:
            return None
        longest = max(longest or 0, sum(one for one in found if one is not None))
    return None if longest is None else longest + int(least)


def _probed(probe: Mapping[str, Any], times: str, usual: int) -> int | None:
    delay, period, count = (number(probe.get(key, default)) for key, default in (("initialDelaySeconds", 0), ("periodSeconds", _PERIOD), (times, usual)))  # fmt: skip
    return None if delay is None or period is None or count is None else int(delay + period * count)


def _most_replicas(view: View, workload: Workload) -> Decimal | None:
    scaled = scalers_of(view, workload)
    if not scaled:
        return number(workload.spec.get("replicas", 1))
    specs = [mapping(view.inputs(each.node).get("spec")) for each in scaled]
    found = [number(each.get("maxReplicas", each.get("maxReplicaCount", _KEDA_MOST))) for each in specs]
    return None if None in found else max(each for each in found if each is not None)
