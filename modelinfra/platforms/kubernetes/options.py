"""What of an endpoint's options a Kubernetes cluster takes; of every other one, why not and what to write instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelinfra.catalog.child_roles import BUILD_ROLES, KUBERNETES_ENDPOINT_ROLES
from modelinfra.options.models import owners_of_models
from modelinfra.options.problems import Problem, did_you_mean
from modelinfra.platforms.kubernetes.servings import REFUSED_BY, TAKEN_BY

TAKEN = frozenset(
    {
        "platform",
        "server",
        "model",
        "models",
        "image",
        "cpu",
        "memory",
        "ephemeral_storage",
        "accelerator",
        "architecture",
        "environment",
        "secrets",
        "service_account",
        "storage_secrets",
        "startup_budget",
        "longest_request",
        "stop_timeout",
        "scaling",
        "path",
        "exposure",
        "repository",
        "revisions",
        "traffic",
        "mirror",
        "transforms",
        "tenant",
        "slo",
        "rollback",
        "dashboard",
        "metrics",
        "transformer",
        "explainer",
        "batching",
        "payload_logging",
        "model_volume",
    }
)
"""Keys of an endpoint that mean here what they mean everywhere."""

TAKEN_OF_SCALING = frozenset(
    {
        "min",
        "max",
        "concurrency",
        "cpu_percent",
        "memory_percent",
        "requests_per_second_per_replica",
        "p95_latency_ms",
        "schedule",
        "scale_out_cooldown",
        "scale_in_cooldown",
    }
)

_IAM = "replicas run with a service account of the cluster"
_LOAD_BALANCER = "there is no load balancer of AWS: requests come through the cluster's own network, or its gateway"
_REMOVE = "Remove it."

REFUSED: Mapping[str, tuple[str, str]] = {
    "tags": ("nothing of AWS is made that could have tags", _REMOVE),
    "permissions_boundary": ("no role is made", _REMOVE),
    "node_pool": (
        "the platform has no pools of nodes",
        "Say with `accelerators` of the platform which nodes replicas take, or add a pool to a cluster on EKS that is made here.",
    ),
    "secrets_kms_key_arn": ("secrets are the cluster's own", _REMOVE),
    "logs": ("the cluster's own collection takes what the server writes", _REMOVE),
    "execution_role_arn": (_IAM, "Write `service_account`."),
    "task_role_arn": (_IAM, "Write `service_account`: one whose annotations, or whose association, give it the role."),
    "security_group_id": ("replicas have a network policy instead", "Adjust `network-policy` with `transforms`."),
    "mode": ("queues are made on ECS only", "Write `platform` with one of type ecs."),
    "queue": ("queues are made on ECS only", "Write `platform` with one of type ecs."),
    "spot": (
        "the nodes are the cluster's own",
        "Write `spot` at the node pool, or let labels of `accelerators` choose spot nodes.",
    ),
    "load_balancer": (_LOAD_BALANCER, _REMOVE),
    "rule_priority": (_LOAD_BALANCER, _REMOVE),
    "stickiness": (
        "routes of the Gateway API divide each request by itself, and Envoy Gateway keeps clients at a replica and at no revision",
        _REMOVE,
    ),
    "rollout": ("a Deployment moves replica by replica", "Remove it, or divide traffic between `revisions` yourself."),
    "alarm_topic_arn": (
        "Alertmanager tells, and not CloudWatch",
        "Remove it, and write `prometheus.alerts` of the platform: `topic_arn`, or `webhook`.",
    ),
    "tracing": ("no collector is made beside the server", "Send traces with `environment` to one of the cluster."),
    "collector": ("no collector is made beside the server", _REMOVE),
    "capture": (
        "no proxy of this library stands before the server",
        "Remove it. `payload_logging` copies requests and answers to a service of yours: all of them, with nothing masked.",
    ),
}
"""Key of an endpoint -> why it is refused here, and what to write instead."""

REFUSED_OF_SCALING: Mapping[str, tuple[str, str]] = {
    "backlog_per_replica": ("there is no queue", _REMOVE),
    "metrics": ("these are metrics of CloudWatch", "Write `concurrency`, `cpu_percent` or `memory_percent`."),
    "steps": ("these are steps of CloudWatch's alarms", "Write `concurrency`, `cpu_percent` or `memory_percent`."),
}
"""Key of `scaling` -> likewise."""


def refused(options: Any, serving: str, *, pools: bool, in_ecr: bool = False) -> Iterator[Problem]:
    """What a user said that means nothing here, with paths relative to the endpoint. pools: whether the platform has some. in_ecr: whether
    its images lie in AWS."""
    taken = {key for key, here in (("node_pool", pools), ("tags", in_ecr)) if here}
    for key in sorted(options.model_fields_set):
        if key in REFUSED and _says_something(getattr(options, key)) and key not in taken:
            yield _not_here(key, REFUSED[key])
    yield from refused_by(options, serving)
    for role in options.transforms or ():
        if role not in KUBERNETES_ENDPOINT_ROLES and role not in BUILD_ROLES:
            reason = "there is nothing for it to adjust: on Kubernetes an endpoint has other children"
            yield Problem(f"transforms.{role}", reason, did_you_mean(role, list(KUBERNETES_ENDPOINT_ROLES)))
    for owner, models in owners_of_models(options).items():
        reason = "no gateway here opens a route to the key of one tenant alone"
        remedy = "Remove it, or give the tenant an endpoint of its own (`tenant` of the endpoint)."
        for model in models:
            yield Problem(f"models.{model}.tenant", reason, remedy, owner)
    for name, value in (options.secrets or {}).items():
        if isinstance(value, str) and value.startswith("arn:"):
            reason = "a pod reads secrets of its own namespace, and none of AWS"
            yield Problem(
                f"secrets.{name}", reason, "Write NAME/KEY of a Kubernetes secret, which External Secrets may fill."
            )


def refused_by(options: Any, serving: str) -> Iterator[Problem]:
    """What this way of running replicas does not take of an endpoint, or of a revision, with paths relative to it."""
    taken, told = TAKEN_BY.get(serving, frozenset()), REFUSED_BY.get(serving, {})
    for key in sorted(options.scaling.model_fields_set):
        path = f"scaling.{key}"
        if path in told:
            yield Problem(path, *told[path])
        elif key in REFUSED_OF_SCALING and path not in taken:
            yield _not_here(path, REFUSED_OF_SCALING[key])
    for key in sorted(options.model_fields_set & told.keys()):
        if _says_something(getattr(options, key)):
            yield Problem(key, *told[key])


def _says_something(value: Any) -> bool:
    return value is not None and value != {} and value is not False


def _not_here(path: str, told: tuple[str, str]) -> Problem:
    reason, remedy = told
    return Problem(path, f"this means nothing on Kubernetes: {reason}", remedy)
