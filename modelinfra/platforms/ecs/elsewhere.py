"""What of an endpoint's options means something on Kubernetes alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelinfra.catalog.child_roles import KUBERNETES_ENDPOINT_ROLES
from modelinfra.options.problems import Problem
from modelinfra.options.variables import of_kubernetes


def of_kubernetes_alone(options: Any) -> Iterator[Problem]:
    """What was said for another kind of platform, with paths relative to the endpoint."""
    if options.service_account is not None:
        reason = "on ECS replicas run with a role"
        yield Problem("service_account", reason, "Write `task_role_arn`, or leave both out to have a role made.")
    for name, value in (options.secrets or {}).items():
        if isinstance(value, str) and of_kubernetes(value):
            reason = "a secret is given by reference, never by value, and on ECS a reference is an ARN"
            remedy = "Write the ARN of a Secrets Manager secret or of an SSM parameter."
            yield Problem(f"secrets.{name}", reason, remedy)
    for role in options.transforms or ():
        if role in KUBERNETES_ENDPOINT_ROLES:
            reason = "there is nothing for it to adjust: it is a child of endpoints on Kubernetes"
            yield Problem(f"transforms.{role}", reason, "Remove it.")
