"""What of an endpoint's options a Kubernetes cluster takes; of every other one, why not and what to write instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelinfra.catalog.child_roles import KUBERNETES_ENDPOINT_ROLES
from modelinfra.options.problems import Problem, did_you_mean

TAKEN = frozenset(
    {
        "platform",
        "server",
        "model",
        "image",
        "cpu",
        "memory",
        "accelerator",
        "architecture",
        "environment",
        "secrets",
        "service_account",
        "startup_budget",
        "longest_request",
        "stop_timeout",
        "scaling",
        "path",
        "revisions",
        "traffic",
        "transforms",
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
        "scale_out_cooldown",
        "scale_in_cooldown",
    }
)

_IAM = "replicas run with a service account of the cluster"
_CLOUDWATCH = "CloudWatch sees nothing of this cluster"
_LOAD_BALANCER = "there is no load balancer of AWS: requests come through the cluster's own network, or its gateway"
_REMOVE = "Remove it."

REFUSED: Mapping[str, tuple[str, str]] = {
    "tags": ("nothing of AWS is made that could have tags", _REMOVE),
    "permissions_boundary": ("no role is made", _REMOVE),
    "models": (
        "several models on one container are served on ECS only",
        "Write `model`, and an endpoint for each of the others, or `platform` with one of type ecs.",
    ),
    "node_pool": (
        "the nodes are the cluster's own",
        "Say with `accelerators` of the platform which nodes replicas take.",
    ),
    "ephemeral_storage": ("the disk is the node's", "Remove it; models lie on the node's disk."),
    "secrets_kms_key_arn": ("secrets are the cluster's own", _REMOVE),
    "logs": ("the cluster's own collection takes what the server writes", _REMOVE),
    "repository": ("no image is built for Kubernetes", _REMOVE),
    "execution_role_arn": (_IAM, "Write `service_account`."),
    "task_role_arn": (_IAM, "Write `service_account`: one whose annotations, or whose association, give it the role."),
    "security_group_id": ("replicas have a network policy instead", "Adjust `network-policy` with `transforms`."),
    "mode": ("queues are made on ECS only", "Write `platform` with one of type ecs."),
    "queue": ("queues are made on ECS only", "Write `platform` with one of type ecs."),
    "spot": ("the nodes are the cluster's own", "Let labels of `accelerators`, or the cluster, choose spot nodes."),
    "load_balancer": (_LOAD_BALANCER, _REMOVE),
    "exposure": (
        _LOAD_BALANCER,
        "Let the listeners of the platform's `gateway` say who may come, and how they prove who they are.",
    ),
    "rule_priority": (_LOAD_BALANCER, _REMOVE),
    "stickiness": ("routes of the Gateway API divide each request by itself", _REMOVE),
    "rollout": ("a Deployment moves replica by replica", "Remove it, or divide traffic between `revisions` yourself."),
    "rollback": (_CLOUDWATCH, "Remove it: a revision that does not start leaves the one before serving."),
    "slo": (_CLOUDWATCH, _REMOVE),
    "alarm_topic_arn": (_CLOUDWATCH, _REMOVE),
    "dashboard": (_CLOUDWATCH, _REMOVE),
    "metrics": ("pods have the `prometheus.io` annotations, and the cluster's Prometheus scrapes them", _REMOVE),
    "tracing": ("no collector is made beside the server", "Send traces with `environment` to one of the cluster."),
    "collector": ("no collector is made beside the server", _REMOVE),
    "capture": (
        "no proxy of this library stands before the server",
        "Remove it; a transform of `inference-service` can switch KServe's own `logger` on, which sends requests and answers to a service of yours.",
    ),
    "tenant": (
        "endpoints of one namespace are not kept apart",
        "Give the tenant a platform of its own, with a `namespace` of its own and the same `tenant`.",
    ),
}
"""Key of an endpoint -> why it is refused here, and what to write instead."""

REFUSED_OF_SCALING: Mapping[str, tuple[str, str]] = {
    "requests_per_second_per_replica": ("nothing counts requests here", "Write `concurrency`, or `cpu_percent`."),
    "backlog_per_replica": ("there is no queue", _REMOVE),
    "metrics": ("these are metrics of CloudWatch", "Write `concurrency`, `cpu_percent` or `memory_percent`."),
    "steps": ("these are steps of CloudWatch's alarms", "Write `concurrency`, `cpu_percent` or `memory_percent`."),
    "schedule": ("schedules are kept on ECS only", _REMOVE),
    "p95_latency_ms": ("nothing measures latencies here", _REMOVE),
}
"""Key of `scaling` -> likewise."""


def refused(options: Any, tenant: str | None) -> Iterator[Problem]:
    """What a user said that means nothing here, with paths relative to the endpoint. tenant: whose platform it is."""
    for key in sorted(options.model_fields_set):
        own = key == "tenant" and options.tenant == tenant
        if key in REFUSED and _says_something(getattr(options, key)) and not own:
            yield _not_here(key, key, REFUSED)
    for key in sorted(options.scaling.model_fields_set):
        if key in REFUSED_OF_SCALING:
            yield _not_here(f"scaling.{key}", key, REFUSED_OF_SCALING)
    for role in options.transforms or ():
        if role not in KUBERNETES_ENDPOINT_ROLES:
            reason = "there is nothing for it to adjust: on Kubernetes an endpoint has other children"
            yield Problem(f"transforms.{role}", reason, did_you_mean(role, list(KUBERNETES_ENDPOINT_ROLES)))
    for name, value in (options.secrets or {}).items():
        if isinstance(value, str) and value.startswith("arn:"):
            reason = "a pod reads secrets of its own namespace, and none of AWS"
            yield Problem(
                f"secrets.{name}", reason, "Write NAME/KEY of a Kubernetes secret, which External Secrets may fill."
            )


def _says_something(value: Any) -> bool:
    return value is not None and value != {} and value is not False


def _not_here(path: str, key: str, table: Mapping[str, tuple[str, str]]) -> Problem:
    reason, remedy = table[key]
    return Problem(path, f"this means nothing on Kubernetes: {reason}", remedy)
