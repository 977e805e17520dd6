"""The two roles of a task: what ECS may do to start it, and what the server may do while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra import naming
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs import fetch
from modelinfra.platforms.iam import document


@dataclass(frozen=True)
class TaskRoles:
    """execution: used by ECS itself. task: used by the server. policies: what must be attached before a task starts."""

    execution: aws.iam.Role
    task: aws.iam.Role
    policies: Sequence[pulumi.Resource]


def register_roles(
    request: EndpointRequest,
    log_group: aws.cloudwatch.LogGroup,
    *,
    trust: Output[str],
    exec_enabled: bool,
    opts: pulumi.ResourceOptions,
) -> TaskRoles:
    """Register both roles with what this one endpoint needs and nothing else. trust: who may take them, the same for a whole cluster."""
    name = request.name
    execution = aws.iam.Role(naming.child(name, "execution", "role"), assume_role_policy=trust, opts=opts)
    task = aws.iam.Role(naming.child(name, "task", "role"), assume_role_policy=trust, opts=opts)
    secrets: Mapping[str, Input[str]] = request.options.secrets or {}
    repositories = [request.repository_arn, *([request.fetcher.repository_arn] if request.fetcher else [])]
    may_start = Output.all(
        repositories=repositories, log_group=log_group.arn, secrets=[*secrets.values(), *fetch.secrets(request)]
    ).apply(lambda found: _execution_policy(found["repositories"], found["log_group"], found["secrets"]))
    policies: list[pulumi.Resource] = [
        aws.iam.RolePolicy(
            naming.child(name, "execution", "role policy"), role=execution.name, policy=may_start, opts=opts
        )
    ]
    if exec_enabled:
        policies.append(
            aws.iam.RolePolicy(
                naming.child(name, "exec", "role policy"),
                role=task.name,
                policy=log_group.arn.apply(_exec_policy),
                opts=opts,
            )
        )
    policies += fetch.register_fetch_rights(request, task, opts)
    return TaskRoles(execution, task, policies)


def _execution_policy(repository_arns: Sequence[str], log_group_arn: str, secret_arns: Sequence[str]) -> str:
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{log_group_arn}:*"}
    ]
    if any(repository_arns):
        statements += fetch.pull_statements([arn for arn in repository_arns if arn])
    # The ARN that a task definition takes may go on behind the secret's own with a key, a stage and a version.
    managed = sorted({":".join(arn.split(":")[:7]) for arn in secret_arns if ":secretsmanager:" in arn})
    parameters = sorted({arn for arn in secret_arns if ":ssm:" in arn})
    if managed:
        statements.append({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": managed})
    if parameters:
        statements.append({"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": parameters})
    return document(*statements)


def _exec_policy(log_group_arn: str) -> str:
    """Open the channels of a session, and write what is typed into the log (ECS developer guide, "Logging using ECS Exec")."""
    # These four, and the one that lists groups, know no resource (service authorization reference).
    channels = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"]
    everywhere = [*(f"ssmmessages:{action}" for action in channels), "logs:DescribeLogGroups"]
    in_group = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    return document(
        {"Effect": "Allow", "Action": everywhere, "Resource": "*"},
        {"Effect": "Allow", "Action": in_group, "Resource": f"{log_group_arn}:*"},
    )
