"""What lets devices into a ring: an activation of Systems Manager, whose code lies in Secrets Manager."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children
from modelinfra.platforms.edge.entry_secret import register_entry_secret


def register_activation(
    children: Children,
    activation: Any,
    *,
    device_role: aws.iam.Role,
    needs: pulumi.Resource,
    production: bool,
) -> Output[str]:
    """The ARN of the secret with the activation's id and code. needs: what a device must be allowed when it comes.

    An activation that is replaced deregisters nobody: it only lets devices in (Systems Manager user guide, "Create a hybrid activation").
    """
    made = aws.ssm.Activation(
        children.named("activation"),
        name=children.name,
        iam_role=device_role.name,
        expiration_date=f"{activation.expires}T00:00:00Z",
        registration_limit=activation.devices,
        # AWS shows the code once, and the provider keeps it in the state.
        opts=children.opts("activation", depends_on=[needs], additional_secret_outputs=["activationCode"]),
    )
    code: Output[str] = Output.all(made.id, made.activation_code).apply(
        lambda found: json.dumps({"ActivationId": found[0], "ActivationCode": found[1]})
    )
    return register_entry_secret(children, "activation", code, production=production)
