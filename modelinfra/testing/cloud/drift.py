"""What AWS and its controllers do to things between deployments."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

from modelinfra.testing.cloud.equivalence import rewritten
from modelinfra.testing.cloud.store import Store, Thing
from modelinfra.testing.cloud.tables import CONTAINERS, POLICIES, SETS


def _desired_counts(thing: Thing, _store: Store) -> None:
    """An autoscaler moves the number of tasks."""
    if thing.type == "aws:ecs/service:Service":
        thing.actual["desiredCount"] = int(thing.actual.get("desiredCount") or 0) + 3


def _schedules(thing: Thing, store: Store) -> None:
    """The time of a scheduled action comes, of several that of the first by name: it writes its limits into the scaling target."""
    if thing.type != "aws:appautoscaling/target:Target":
        return
    actions = [
        each
        for each in store
        if each.type == "aws:appautoscaling/scheduledAction:ScheduledAction"
        and each.actual.get("resourceId") == thing.actual.get("resourceId")
    ]
    if actions:
        thing.actual.update(min(actions, key=lambda each: each.name).actual.get("scalableTargetAction") or {})


def _weights(thing: Thing, _store: Store) -> None:
    """A rollout shifts the weights of a forward over several target groups."""
    if thing.type != "aws:lb/listenerRule:ListenerRule":
        return
    for action in thing.actual.get("actions") or []:
        groups = (action.get("forward") or {}).get("targetGroups") or []
        if len(groups) > 1:
            heaviest, *others = sorted(groups, key=lambda group: (-int(group.get("weight", 1)), str(group.get("arn"))))
            step = min(10, int(heaviest.get("weight", 1)))
            heaviest["weight"] = int(heaviest.get("weight", 1)) - step
            others[0]["weight"] = int(others[0].get("weight", 1)) + step


def _sets(thing: Thing, _store: Store) -> None:
    """The cloud answers with sets in its own order."""
    for path in SETS.get(thing.type, ()):
        _reverse(thing.actual, path.split("."))


def _reverse(value: Any, path: list[str]) -> None:
    if isinstance(value, list):
        for item in value:
            _reverse(item, path)
    elif isinstance(value, dict) and path[0] in value:
        inner = value[path[0]]
        if path[1:]:
            _reverse(inner, path[1:])
        elif isinstance(inner, list):
            inner.reverse()


def _policies(thing: Thing, _store: Store) -> None:
    """IAM and the others give policies back in their own spelling."""
    for path in POLICIES.get(thing.type, ()):
        if isinstance(thing.actual.get(path), str):
            thing.actual[path] = rewritten(thing.type, path, thing.actual[path])


def _containers(thing: Thing, _store: Store) -> None:
    """ECS fills defaults into container definitions and sorts environments."""
    token, path = CONTAINERS
    if thing.type == token and isinstance(thing.actual.get(path), str):
        thing.actual[path] = rewritten(token, path, thing.actual[path])


KINDS: Final[dict[str, Callable[[Thing, Store], None]]] = {
    "desired_counts": _desired_counts,
    "schedules": _schedules,
    "weights": _weights,
    "sets": _sets,
    "policies": _policies,
    "containers": _containers,
}


def drift(store: Store, kinds: tuple[str, ...]) -> list[str]:
    """Let things move; returns one line per thing that did. Raises ValueError for an unknown kind."""
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise ValueError(f"no drift is called {', '.join(unknown)}; there are {', '.join(KINDS)}")
    moved = []
    with store.lock:
        for thing in store:
            for kind in kinds or tuple(KINDS):
                before = copy.deepcopy(thing.actual)
                KINDS[kind](thing, store)
                if thing.actual != before:
                    moved.append(f"{kind}: {thing.type} {thing.name}")
        store.save()
    return moved
