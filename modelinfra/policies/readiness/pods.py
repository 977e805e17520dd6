"""Whether pods that serve are asked for their health, stop without cutting requests, and are Ready only when their load balancer is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.graph.values import Unknown
from modelinfra.policies.readiness.kubernetes import (
    Workload,
    annotations_of,
    containers,
    each_of,
    labels_of,
    name_of,
    namespace_of,
    quantity,
    resource,
    serving,
    serving_containers,
)
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping, number

GATE: Final = "elbv2.k8s.aws/pod-readiness-gate-inject"
# Kubernetes API reference, Probe and PodSpec: what holds where nothing is written.
_DELAY, _PERIOD, _FAILURES, _GRACE = 0, 10, 3, 30
_SLEEP = re.compile(r"(?:^|[\s;/])sleep\s+(\d+(?:\.\d+)?)\s*(s|m)?(?![\w.])")
_SHUTDOWN = "--shutdown-timeout"


def _answering(view: View) -> Iterator[tuple[Workload, Mapping[str, Any], str]]:
    for workload in serving(view):
        for container in serving_containers(workload):
            yield workload, container, str(container.get("name", "its container"))


def _not_asked(view: View) -> Found:
    for workload, container, name in _answering(view):
        if container.get("readinessProbe") is None:
            yield workload.node, f"{name} has no readinessProbe: requests come before its model is loaded"


def _never_restarted(view: View) -> Found:
    for workload, container, name in _answering(view):
        if container.get("livenessProbe") is None:
            yield workload.node, f"{name} has no livenessProbe: a server that hangs stays"


def _killed_while_loading(view: View) -> Found:
    for workload, container, name in _answering(view):
        liveness = container.get("livenessProbe")
        if not isinstance(liveness, Mapping) or container.get("startupProbe") is not None:
            continue
        delay, period, failures = (
            number(default if liveness.get(key) is None else liveness[key])
            for key, default in (
                ("initialDelaySeconds", _DELAY), ("periodSeconds", _PERIOD), ("failureThreshold", _FAILURES),
            )
        )  # fmt: skip
        if delay is not None and period is not None and failures is not None:
            seconds = delay + period * failures
            yield (
                workload.node,
                f"{name} has no startupProbe: it is killed when its model is not loaded after about {seconds:g} s",
            )


def _cut(view: View) -> Found:
    for workload in serving(view):
        given = workload.pod.get("terminationGracePeriodSeconds")
        grace = number(_GRACE if given is None else given)
        for container in containers(workload.pod):
            sleep, shutdown = _slept(container), _shutdown(container)
            if grace is not None and sleep + shutdown and grace <= sleep + shutdown:
                spent = " and ".join(
                    f"{what} {seconds:g} s" for what, seconds in (("preStop", sleep), (_SHUTDOWN, shutdown)) if seconds
                )
                yield (
                    workload.node,
                    f"{container.get('name')} is killed after {grace:g} s, of which {spent} are spent waiting",
                )


def _slept(container: Mapping[str, Any]) -> float:
    hook = mapping(mapping(container.get("lifecycle")).get("preStop"))
    seconds = number(mapping(hook.get("sleep")).get("seconds"))
    command = listed(mapping(hook.get("exec")).get("command"))
    if seconds is None and all(isinstance(each, str) for each in command):
        found = _SLEEP.search(" ".join(command))
        seconds = float(found[1]) * (60 if found[2] == "m" else 1) if found else None
    return seconds or 0


def _shutdown(container: Mapping[str, Any]) -> float:
    words = [word for key in ("command", "args") for each in listed(container.get(key)) for word in str(each).split()]
    for index, word in enumerate(words):
        name, _, value = word.partition("=")
        if name == _SHUTDOWN:
            return number(value or (words[index + 1] if index + 1 < len(words) else None)) or 0
    return 0


def _ungated(view: View) -> Found:
    """Namespaces in the graph that a load balancer sends to by pod address, and that do not gate readiness on it."""
    targeted: dict[str, str] = {}
    for node, given in each_of(view, "elbv2.k8s.aws", "TargetGroupBinding"):
        if mapping(given.get("spec")).get("targetType") == "ip":
            targeted.setdefault(str(namespace_of(view, node)), node.name)
    for node, _ in each_of(view, "networking.k8s.io", "Ingress"):
        annotations = annotations_of(view, node)
        if mapping(annotations).get("alb.ingress.kubernetes.io/target-type") == "ip":
            targeted.setdefault(str(namespace_of(view, node)), node.name)
    for node, _ in each_of(view, "core", "Namespace"):
        labels, through = labels_of(view, node), targeted.get(str(name_of(view, node)))
        if through and labels is not Unknown and labels.get(GATE) not in ("enabled", Unknown):
            yield (
                node,
                f"its pods are Ready before the load balancer of {through} knows them: a rollout takes the old ones too early",
            )


def _squeezed(view: View) -> Found:
    for workload, container, name in _answering(view):
        limits, requests = (resource(container, kind) for kind in ("limits", "requests"))
        if Unknown in (limits, requests):
            continue
        limit, request = limits.get("memory"), requests.get("memory")
        if Unknown in (limit, request):
            continue
        if limit is None:
            yield (
                workload.node,
                f"{name} has no limit of memory: it takes that of its neighbours, and is the first to be killed",
            )
        elif request is not None and quantity(request) != quantity(limit):
            yield (
                workload.node,
                f"{name} asks for {request} of memory and may use {limit}: it is killed when its node has no more",
            )


_FACTS = "facts readiness.md section 1 row"
_PROBES = f"{_FACTS} 32 (EKS best practices reliability/application)"

RULES = (
    Rule(
        "ready-pod-readiness",
        "Requests come to a pod only when its model is loaded",
        _PROBES,
        "Write a readinessProbe on the path that answers 200 when the model is loaded.",
        _not_asked,
        "medium",
    ),
    Rule(
        "ready-pod-liveness",
        "A server that hangs is restarted",
        _PROBES,
        "Write a livenessProbe on the path that answers 200 while the server lives, and a startupProbe with it.",
        _never_restarted,
        "low",
    ),
    Rule(
        "ready-pod-startup",
        "A model that loads slowly is not killed for it, over and over",
        f"{_PROBES}, section 2 row 5",
        "Write a startupProbe whose periodSeconds x failureThreshold is longer than the model loads.",
        _killed_while_loading,
        "medium",
    ),
    Rule(
        "ready-pod-drain",
        "The grace period of a pod is longer than what it waits for before it ends",
        f"{_FACTS} 33, section 2 row 3; facts demand.md section 1 row 9 (vLLM from 0.18)",
        "Write terminationGracePeriodSeconds above the sum of preStop and the server's own time to finish.",
        _cut,
        "medium",
    ),
    Rule(
        "ready-pod-gate",
        "A pod behind a load balancer is Ready when its target is healthy",
        f"{_FACTS} 33, section 2 row 4 (EKS best practices networking/loadbalancing)",
        f'Label the namespace {GATE} "enabled".',
        _ungated,
        "medium",
    ),
    Rule(
        "ready-pod-memory",
        "What serves is given the memory that it may use",
        f"{_FACTS} 35 (EKS best practices reliability/dataplane)",
        "Write the same memory as request and as limit.",
        _squeezed,
        "medium",
    ),
)
