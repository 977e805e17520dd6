"""A replica fetches its model: a container that ends before the server starts, a volume for both, and the right to read.

An unset `startTimeout` sets no limit to how long the server waits (amazon-ecs-agent, dependencygraph: a time-out of 0 never
passes); a set one could be 120 s at most on Fargate. Where the fetch fails, the server cannot start, and ECS stops the task.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.iam import document
from modelinfra.platforms.remote_model import FETCHED_TO, RemoteModel

CONTAINER_NAME = "model-fetch"
VOLUME_NAME = "model"
WORK_VARIABLE = "MODELINFRA_FETCH"
TOKEN_VARIABLE = "MODELINFRA_FETCH_TOKEN"


def fetched(request: EndpointRequest) -> RemoteModel | None:
    """The model, where replicas fetch it themselves."""
    return request.served.remote if request.served.fetched else None


def volumes(request: EndpointRequest) -> list[aws.ecs.TaskDefinitionVolumeArgsDict]:
    """The volume on the task's own disk that holds the model."""
    return [{"name": VOLUME_NAME}] if fetched(request) else []


def of_server(request: EndpointRequest) -> dict[str, Any]:
    """What the server's container says besides."""
    if fetched(request) is None:
        return {}
    mount = {"sourceVolume": VOLUME_NAME, "containerPath": request.served.server.model_directory, "readOnly": True}
    return {
        "dependsOn": [{"containerName": CONTAINER_NAME, "condition": "SUCCESS"}],
        "mountPoints": [mount],
    }


def fetch_container(
    request: EndpointRequest, found: Mapping[str, Any], logs: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The container that fetches. found: the values of Outputs. logs: where the server's output goes."""
    remote = fetched(request)
    if remote is None:
        return []
    options = {**logs["options"], "awslogs-stream-prefix": CONTAINER_NAME}
    token = {"secrets": [{"name": TOKEN_VARIABLE, "valueFrom": found["token"]}]} if remote.token is not None else {}
    return [
        {
            "name": CONTAINER_NAME,
            "image": found["fetcher"],
            "essential": False,
            "environment": [
                {"name": "AWS_DEFAULT_REGION", "value": found["region"]},
                {"name": WORK_VARIABLE, "value": json.dumps(remote.work, sort_keys=True)},
            ],
            **token,
            # The image has a VOLUME of this path that belongs to its user: so the user may write there (ECS developer guide, bind mounts).
            "mountPoints": [{"sourceVolume": VOLUME_NAME, "containerPath": FETCHED_TO, "readOnly": False}],
            "readonlyRootFilesystem": True,
            "linuxParameters": {"initProcessEnabled": True},
            "logConfiguration": {**logs, "options": options},
        }
    ]


def register_fetch_rights(request: EndpointRequest, role: aws.iam.Role) -> Sequence[pulumi.Resource]:
    """Let the task read its model, where that takes a role."""
    remote = fetched(request)
    if remote is None or not remote.source.through_aws:
        return []
    policy = Output.all(role=role.arn, key=remote.kms_key_arn).apply(
        lambda found: document(*_statements(remote, found["role"].split(":")[1], found["key"]))
    )
    children = request.children
    name, opts = children.named("fetch", "role policy"), children.opts("fetch-policy")
    return [aws.iam.RolePolicy(name, role=role.name, policy=policy, opts=opts)]


def _statements(remote: RemoteModel, partition: str, key: str | None) -> list[dict[str, Any]]:
    source = remote.source
    if source.kind == "oci":
        return pull_statements([source.ecr_repository_arn])
    bucket = f"arn:{partition}:s3:::{source.bucket}"
    statements: list[dict[str, Any]] = [
        # The prefix above: the version before can be taken back to, and the next one deployed, without another right.
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket}/{source.parent}*"},
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": bucket,
            "Condition": {"StringLike": {"s3:prefix": f"{source.parent}*"}},
        },
    ]
    if key is not None:
        statements.append({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key})
    return statements


def pull_statements(repository_arns: Sequence[str]) -> list[dict[str, Any]]:
    """The right to pull from repositories of ECR."""
    arns = list(dict.fromkeys(repository_arns))
    return [
        # The token is the registry's: the action knows no resource (service authorization reference, Amazon ECR).
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Resource": arns if len(arns) > 1 else arns[0],
        },
    ]


def secrets(request: EndpointRequest) -> list[Input[str]]:
    """What ECS reads for the container before it starts."""
    remote = fetched(request)
    return [remote.token] if remote is not None and remote.token is not None else []
