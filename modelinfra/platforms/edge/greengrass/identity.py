"""Who a device is: a certificate of its own with a policy of its own in AWS IoT, and the role that its components take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.platforms.ecs.fetch import pull_statements
from modelinfra.platforms.ecs.log_group import LogGroup
from modelinfra.platforms.edge.fallback import Door
from modelinfra.platforms.edge.router import register_rights
from modelinfra.platforms.edge.telemetry import may_write_lines
from modelinfra.platforms.iam import document
from modelinfra.platforms.trusted import trusted

# AWS IoT API, CreateRoleAlias: the least of `credentialDurationSeconds`. A device that is taken out keeps its credentials that long.
CREDENTIAL_SECONDS: Final = 900

THING_OF_CREDENTIALS: Final = "${credentials-iot:ThingName}"
"""The device in policies of the role (AWS IoT developer guide, "Authorizing direct calls to AWS services"). The nucleus says its thing's name with
each request, and AWS IoT gives credentials only where the certificate is that thing's."""


@dataclass(frozen=True)
class Identity:
    """needs: what must be there before a device starts anything."""

    role: aws.iam.Role
    alias: aws.iot.RoleAlias
    needs: Sequence[pulumi.Resource]


def register_identity(
    children: Children,
    repositories: Sequence[Input[str]],
    door: Door | None,
    samples: aws.s3.Bucket | None,
    lines: LogGroup | None,
) -> Identity:
    """The role of all devices of a fleet, and the alias by which they ask for it. repositories: ARNs; empty where not in ECR. lines: where their
    routers tell how they are."""
    role = aws.iam.Role(
        children.named("device", "role"),
        assume_role_policy=trusted(children, "credentials.iot.amazonaws.com"),
        opts=children.opts("device-role"),
    )
    pulls = aws.iam.RolePolicy(
        children.named("device", "role policy"),
        role=role.name,
        policy=Output.all(*repositories).apply(may_pull),
        opts=children.opts("device-policy"),
    )
    policy_arn = door.policy_arn if door is not None else None
    own_lines = lines.arn.apply(lambda arn: may_write_lines(arn, THING_OF_CREDENTIALS)) if lines is not None else None
    rights = register_rights(children, role, policy_arn, samples, may_write_own_samples, own_lines)
    alias = aws.iot.RoleAlias(
        children.named("devices", "role alias"),
        alias=children.unique("devices", "role alias"),
        role_arn=role.arn,
        credential_duration=CREDENTIAL_SECONDS,
        opts=children.opts("role-alias"),
    )
    return Identity(role, alias, [pulls, *rights])


def may_pull(repositories: Sequence[str]) -> str:
    """Pull the fleet's images, which the Docker application manager does with these credentials."""
    found = [arn for arn in repositories if arn]
    if not found:
        # A role without any policy is one that somebody forgot; this one says that nothing is allowed.
        return document({"Effect": "Deny", "Action": "*", "Resource": "*"})
    return document(*pull_statements(found))


def may_write_own_samples(bucket_arn: str) -> str:
    """Put objects below the device's own name, in whichever ring it is, and read none."""
    own = f"{bucket_arn}/ring=*/device={THING_OF_CREDENTIALS}/*"
    return document({"Effect": "Allow", "Action": "s3:PutObject", "Resource": own})
