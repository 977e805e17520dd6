"""Where what lets devices into a fleet is kept: in Secrets Manager, and encrypted in the state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children

_RECOVERY_DAYS: Final = 7


def register_entry_secret(
    children: Children, name: str, content: Output[str], *, production: bool, after: Sequence[pulumi.Resource] = ()
) -> Output[str]:
    """Its ARN. name: of its children, whose roles are `NAME-secret` and `NAME-version`. after: without which the content lets nobody in."""
    secret = aws.secretsmanager.Secret(
        children.named(name, "secret"),
        description=f"Lets devices into {children.name}",
        recovery_window_in_days=_RECOVERY_DAYS if production else 0,
        opts=children.opts(f"{name}-secret"),
    )
    aws.secretsmanager.SecretVersion(
        children.named(name),
        secret_id=secret.id,
        secret_string=Output.secret(content),  # type: ignore[arg-type]
        opts=children.opts(f"{name}-version", depends_on=[*after] or None),
    )
    return secret.arn
