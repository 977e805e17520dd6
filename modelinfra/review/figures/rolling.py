"""How long a rolling deployment of a service takes at the most, and a cold start where the stack file says how fast images come."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.graph.cost_fargate import replicas_of
from modelinfra.graph.cost_view import CostView, number
from modelinfra.graph.model import Node
from modelinfra.graph.values import listed, mapping, plain
from modelinfra.review.changes import Changes
from modelinfra.review.findings.traffic import GROUPS, SERVICE, behind, deploys, strategy
from modelinfra.review.table import Table
from modelinfra.review.usage import Usage

# ECS container agent and Fargate: SIGKILL after 30 s where stopTimeout is not given; Elastic Load Balancing: 300 s, 30 s and 5 (API, defaults).
_STOP, _DRAIN, _INTERVAL, _HEALTHY = 30, 300, 30, 5
_GIB_IN_MIB: Final = 1024
_NOT_KNOWN: Final = "not known"
_NOTE: Final = (
    "At the most: each wave starts for as long as failed health checks are forgiven and until it is found healthy, then the old tasks drain and "
    "stop. A task that starts faster is not waited for. Placing tasks is not in it; a cold start adds the pull of the image, where "
    "`pullMibPerSecond` in modelinfra:usage says how fast."
)


def waves(tasks: int, least_percent: float, most_percent: float) -> int | None:
    """How many times new tasks start until all are new; None where neither may a task stop nor another start.

    >>> waves(4, 100, 200), waves(4, 100, 150), waves(1, 0, 100), waves(1, 100, 100)
    (1, 2, 1, None)
    """
    least, most = math.ceil(tasks * least_percent / 100), math.floor(tasks * most_percent / 100)
    old, new, rounds = tasks, 0, 0
    while new < tasks:
        room = most - old - new
        if room <= 0:
            going = min(old, old + new - least)
            if going <= 0:
                return None
            old, room = old - going, most - old - new + going
        new += min(room, tasks - new)
        rounds += 1
        old = max(0, min(old, least - new, most - new) if new < tasks else 0)
    return rounds


def tables(changes: Changes, usage: Usage | None) -> Iterator[Table]:
    """Every service that this change deploys anew."""
    view = CostView(changes.after, None)
    rows = [
        _row(changes, view, service, usage) for service in changes.after.all(SERVICE) if deploys(changes, service)
    ]  # fmt: skip
    head = (
        "Service",
        "Tasks",
        "Waves",
        "Start, at most",
        "Drain and stop, at most",
        "Deployment, at most",
        "Cold start, at most",
    )
    if rows:
        yield Table("How long deployments take", head, tuple(rows), (_NOTE,))


def _row(changes: Changes, view: CostView, service: Node, usage: Usage | None) -> tuple[str, ...]:
    inputs = plain(service.inputs)
    component = view.component(service)
    tasks = replicas_of(view, service, view.inputs(service))
    percents = (
        number(inputs.get("deploymentMinimumHealthyPercent", 100)),
        number(inputs.get("deploymentMaximumPercent", 200)),
    )
    start, drain = _start(changes, service, inputs), _drain(changes, service)
    if tasks is None or None in percents:
        return (
            component,
            _NOT_KNOWN,
            _NOT_KNOWN,
            _seconds(start),
            _seconds(drain),
            _NOT_KNOWN,
            _cold(start, component, usage),
        )
    counts = sorted({max(1, int(each)) for each in tasks})
    if strategy(service) != "ROLLING":
        watched = _watched(mapping(inputs.get("deploymentConfiguration")))
        whole = _NOT_KNOWN if start is None or watched is None else _minutes(start + drain + 60 * watched)
        return (
            component,
            " to ".join(map(str, counts)),
            "1",
            _seconds(start),
            _seconds(drain),
            whole,
            _cold(start, component, usage),
        )
    found = [waves(each, float(percents[0] or 0), float(percents[1] or 0)) for each in counts]
    longest = None if None in found else max(each for each in found if each is not None)
    whole = "never ends" if longest is None else _NOT_KNOWN if start is None else _minutes(longest * (start + drain))
    shown = "none" if longest is None else " to ".join(dict.fromkeys(str(each) for each in sorted(each for each in found if each is not None)))  # fmt: skip
    return (
        component,
        " to ".join(map(str, counts)),
        shown,
        _seconds(start),
        _seconds(drain),
        whole,
        _cold(start, component, usage),
    )


def _watched(given: Mapping[str, Any]) -> int | None:
    """Minutes during which traffic stands still to be watched."""
    canary, linear = mapping(given.get("canaryConfiguration")), mapping(given.get("linearConfiguration"))
    share = number(linear.get("stepPercent", 10))
    # Amazon ECS API: the defaults.
    pauses = [(given.get("bakeTimeInMinutes", 0), 1)]
    if given.get("strategy") == "CANARY":
        pauses.append((canary.get("canaryBakeTimeInMinutes", 10), 1))
    if given.get("strategy") == "LINEAR":
        pauses.append((linear.get("stepBakeTimeInMinutes", 6), math.ceil(100 / float(share)) if share else 1))
    known = [(number(length), times) for length, times in pauses]
    return (
        None
        if any(length is None for length, _ in known)
        else int(sum((length or 0) * times for length, times in known))
    )


def _start(changes: Changes, service: Node, inputs: Mapping[str, Any]) -> int | None:
    """Seconds: the grace period, and as many checks as it takes to be found healthy."""
    grace = number(inputs.get("healthCheckGracePeriodSeconds", 0))
    groups = behind(changes.after, service, "loadBalancers", GROUPS)
    if grace is None or not groups:
        return None
    checks = [mapping(plain(each.inputs).get("healthCheck")) for each in groups]
    found = [
        (number(each.get("interval", _INTERVAL)), number(each.get("healthyThreshold", _HEALTHY))) for each in checks
    ]
    if any(interval is None or times is None for interval, times in found):
        return None
    return int(grace) + max(int((interval or 0) * (times or 0)) for interval, times in found)


def _drain(changes: Changes, service: Node) -> int:
    """Seconds: deregistration, then the longest that a container has to stop."""
    groups = behind(changes.after, service, "loadBalancers", GROUPS)
    delays = [number(plain(each.inputs).get("deregistrationDelay", _DRAIN)) for each in groups]
    stops = [
        number(mapping(each).get("stopTimeout", _STOP))
        for task in behind(changes.after, service, "taskDefinition", ("aws:ecs/taskDefinition:TaskDefinition",))
        for each in listed(_containers(task))
    ]
    return int(max((each for each in delays if each is not None), default=0)) + int(
        max((each for each in stops if each is not None), default=_STOP)
    )


def _containers(task: Node) -> Any:
    import json

    text = plain(task.inputs).get("containerDefinitions")
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _cold(start: int | None, component: str, usage: Usage | None) -> str:
    """Of one task on a machine that has nothing of it."""
    if usage is None or start is None:
        return _NOT_KNOWN
    speed, _ = usage.of(component, "pull_mib_per_second")
    size, assumed = usage.of(component, "image_gb")
    if speed is None or assumed:
        return _NOT_KNOWN
    return _minutes(start + math.ceil(size * _GIB_IN_MIB / speed))


def _seconds(count: int | None) -> str:
    return _NOT_KNOWN if count is None else f"{count} s"


def _minutes(seconds: int) -> str:
    return f"{math.ceil(seconds / 60)} min"
