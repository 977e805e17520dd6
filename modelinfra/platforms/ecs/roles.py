"""The two roles of a task: what ECS may do to start it, and what the server may do while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs import collector, fetch
from modelinfra.platforms.ecs.queue import Queue
from modelinfra.platforms.ecs.worker import register_worker_rights
from modelinfra.platforms.iam import document


@dataclass(frozen=True)
class TaskRoles:
    """execution_arn: used by ECS itself. task_arn: used by the server. policies: what must be attached before a task starts. task: the
    server's role where it is made here."""

    execution_arn: Input[str]
    task_arn: Input[str]
    policies: Sequence[pulumi.Resource]
    task: aws.iam.Role | None = None

    def with_rights(self, policies: Sequence[pulumi.Resource]) -> TaskRoles:
        """The same with more that must be attached."""
        return replace(self, policies=[*self.policies, *policies])


def register_roles(
    request: EndpointRequest,
    log_group_arn: Input[str],
    *,
    trust: Output[str],
    exec_enabled: bool,
    cluster_arn: Output[str],
    queue: Queue | None = None,
) -> TaskRoles:
    """Register both roles with what this one endpoint needs and nothing else. trust: who may take them, the same for a whole cluster.

    queue: what the tasks work off; None where requests come over a load balancer.

    The revisions of an endpoint share them. A role that is handed in stays as it is.
    """
    children, options = request.children, request.options
    revisions = (request, *request.revisions.values())
    execution_arn: Input[str] | None = options.execution_role_arn
    task_arn: Input[str] | None = options.task_role_arn
    policies: list[pulumi.Resource] = []
    if execution_arn is None:
        execution = aws.iam.Role(
            children.named("execution", "role"), assume_role_policy=trust, opts=children.opts("execution-role")
        )
        secrets: Mapping[str, Input[str]] = options.secrets or {}
        repositories = [
            arn
            for each in revisions
            for arn in (
                each.repository_arn,
                *(beside.repository_arn for beside in (each.fetcher, each.worker, each.capture) if beside is not None),
            )
        ]
        repositories += collector.repository(request)
        may_start = Output.all(
            repositories=repositories,
            log_group=log_group_arn,
            secrets=[
                *secrets.values(),
                *(token for each in revisions for token in fetch.secrets(each)),
                *collector.secrets(request),
            ],
            key=options.secrets_kms_key_arn,
        ).apply(lambda found: execution_policy(**found))
        policy = aws.iam.RolePolicy(
            children.named("execution", "role policy"),
            role=execution.name,
            policy=may_start,
            opts=children.opts("execution-policy"),
        )
        policies.append(policy)
        execution_arn = execution.arn
    task: aws.iam.Role | None = None
    if task_arn is None:
        task = aws.iam.Role(children.named("task", "role"), assume_role_policy=trust, opts=children.opts("task-role"))
        if exec_enabled:
            policy = aws.iam.RolePolicy(
                children.named("exec", "role policy"),
                role=task.name,
                policy=Output.from_input(log_group_arn).apply(_exec_policy),
                opts=children.opts("exec-policy"),
            )
            policies.append(policy)
        policies += [policy for each in revisions for policy in fetch.register_fetch_rights(each, task)]
        if queue is not None:
            policies += register_worker_rights(request, task, queue, cluster_arn)
        task_arn = task.arn
    return TaskRoles(execution_arn, task_arn, policies, task)


def execution_policy(repositories: Sequence[str], log_group: str, secrets: Sequence[str], key: str | None) -> str:
    """All of them ARNs. key: what encrypts the secrets, where it is not AWS's own key."""
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{log_group}:*"}
    ]
    if any(repositories):
        statements += fetch.pull_statements([arn for arn in repositories if arn])
    # The ARN that a task definition takes may go on behind the secret's own with a key, a stage and a version.
    managed = sorted({":".join(arn.split(":")[:7]) for arn in secrets if ":secretsmanager:" in arn})
    parameters = sorted({arn for arn in secrets if ":ssm:" in arn})
    if managed:
        statements.append({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": managed})
    if parameters:
        statements.append({"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": parameters})
    if key is not None:
        statements.append({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key})
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
