"""What of an endpoint's options means something on Kubernetes alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelinfra.catalog.child_roles import KUBERNETES_ENDPOINT_ROLES
from modelinfra.options.asynchronous import is_asynchronous
from modelinfra.options.problems import Problem
from modelinfra.options.variables import of_kubernetes

_KSERVES = {
    "transformer": (
        "a task of ECS has the server alone before the load balancer",
        "Write `platform` with one of type kubernetes, or an image whose server does it (`image`).",
    ),
    "explainer": (
        "explanations would need a service of their own",
        "Write `platform` with one of type kubernetes, or a second endpoint that explains.",
    ),
    "batching": (
        "its agent puts requests together, and there is none on ECS",
        "Remove it, and say in the server's own settings how it batches (`environment`, or files of the model).",
    ),
    "payload_logging": ("its agent copies requests, and there is none on ECS", "Write `capture`, which masks, too."),
}
"""Key of an endpoint -> why ECS does not have it, and what to write instead."""


def of_kubernetes_alone(options: Any) -> Iterator[Problem]:
    """What was said for another kind of platform, with paths relative to the endpoint."""
    if options.service_account is not None:
        reason = "on ECS replicas run with a role"
        yield Problem("service_account", reason, "Write `task_role_arn`, or leave both out to have a role made.")
    if options.storage_secrets is not None:
        reason = "on ECS replicas fetch models with a role, or with the model's `token`"
        yield Problem("storage_secrets", reason, "Remove it.")
    for key, (reason, remedy) in _KSERVES.items():
        if getattr(options, key) is not None:
            yield Problem(key, f"this is KServe's: {reason}", remedy)
    if options.model_volume is not None:
        reason = "a volume claim is of a Kubernetes cluster"
        yield Problem("model_volume", reason, "Remove it, or bake the model into the image (`model.delivery: baked`).")
    if options.mirror is not None:
        reason = "a load balancer of AWS forwards each request once"
        yield Problem("mirror", reason, "Remove it, or write `platform` with one of type kubernetes.")
    for name, value in (options.secrets or {}).items():
        if isinstance(value, str) and of_kubernetes(value):
            reason = "a secret is given by reference, never by value, and on ECS a reference is an ARN"
            remedy = "Write the ARN of a Secrets Manager secret or of an SSM parameter."
            yield Problem(f"secrets.{name}", reason, remedy)
    if options.scaling.min == 0 and not is_asynchronous(options):
        reason = (
            "a load balancer without replicas answers 503 at once, and no part of AWS holds a request of a synchronous endpoint until "
            "one has started"
        )
        remedy = "Write `mode: async`, whose queue holds requests and wakes the first replica, or a `min` of 1."
        yield Problem("scaling.min", reason, remedy, 0)
    for role in options.transforms or ():
        if role in KUBERNETES_ENDPOINT_ROLES:
            reason = "there is nothing for it to adjust: it is a child of endpoints on Kubernetes"
            yield Problem(f"transforms.{role}", reason, "Remove it.")
