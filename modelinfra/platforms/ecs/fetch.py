"""A replica fetches its models: a container that ends before the server starts, a volume for both, and the right to read.

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
from modelinfra.platforms.ecs.containers import logged_beside
from modelinfra.platforms.iam import document
from modelinfra.platforms.remote_model import FETCHED_TO, RemoteModel

CONTAINER_NAME = "model-fetch"
VOLUME_NAME = "model"
WORK_VARIABLE = "MODELINFRA_FETCH"
TOKEN_VARIABLE = "MODELINFRA_FETCH_TOKEN"


def tokens(request: EndpointRequest) -> dict[str, Input[str]]:
    """Variable -> the token that it holds: one for a single model, one for each of several that has one."""
    served = request.served
    given = [each for each in served.fetched if each.token is not None]
    return {_variable(each, several=served.several): each.token for each in given if each.token is not None}


def _variable(remote: RemoteModel, *, several: bool) -> str:
    # Names of models have characters that no variable has, and differ in case alone.
    return f"{TOKEN_VARIABLE}_{remote.folder.encode().hex().upper()}" if several else TOKEN_VARIABLE


def _work(request: EndpointRequest) -> str:
    """What the fetcher is told (`modelinfra.fetcher`)."""
    served = request.served
    if not served.several:
        return json.dumps(served.fetched[0].work, sort_keys=True)
    each = [remote.work | {"token": _variable(remote, several=True)} for remote in served.fetched]
    return json.dumps({"models": each}, sort_keys=True)


def volumes(request: EndpointRequest) -> list[aws.ecs.TaskDefinitionVolumeArgsDict]:
    """The volume on the task's own disk that holds the models."""
    return [{"name": VOLUME_NAME}] if request.served.fetched else []


def of_server(request: EndpointRequest) -> dict[str, Any]:
    """What the server's container says besides."""
    if not request.served.fetched:
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
    if not request.served.fetched:
        return []
    given = [{"name": name, "valueFrom": arn} for name, arn in sorted(found["tokens"].items())]
    return [
        {
            "name": CONTAINER_NAME,
            "image": found["fetcher"],
            "essential": False,
            "environment": [
                {"name": "AWS_DEFAULT_REGION", "value": found["region"]},
                {"name": WORK_VARIABLE, "value": _work(request)},
            ],
            **({"secrets": given} if given else {}),
            # The image has a VOLUME of this path that belongs to its user: so the user may write there (ECS developer guide, bind mounts).
            "mountPoints": [{"sourceVolume": VOLUME_NAME, "containerPath": FETCHED_TO, "readOnly": False}],
            "readonlyRootFilesystem": True,
            "linuxParameters": {"initProcessEnabled": True},
            "logConfiguration": logged_beside(logs, CONTAINER_NAME),
        }
    ]


def register_fetch_rights(request: EndpointRequest, role: aws.iam.Role) -> Sequence[pulumi.Resource]:
    """Let the task read its models, where that takes a role: of each the prefix or repository that is its own."""
    remotes = [each for each in request.served.fetched if each.source.through_aws]
    if not remotes:
        return []
    policy = Output.all(role=role.arn, keys=[each.kms_key_arn for each in remotes]).apply(
        lambda found: document(*_all_statements(remotes, found["role"].split(":")[1], found["keys"]))
    )
    children = request.children
    name, opts = children.named("fetch", "role policy"), children.opts("fetch-policy")
    return [aws.iam.RolePolicy(name, role=role.name, policy=policy, opts=opts)]


def _all_statements(remotes: Sequence[RemoteModel], partition: str, keys: Sequence[str | None]) -> list[dict[str, Any]]:
    """Of every model, what several have in common said once: the inline policies of a role have 10,240 characters at most."""
    found: dict[str, dict[str, Any]] = {}
    for remote, key in zip(remotes, keys, strict=True):
        for statement in _statements(remote, partition, key):
            listed = "Condition" in statement  # a bucket, and a prefix of it
            common = json.dumps([statement["Action"], statement["Resource"] if listed else ""])
            earlier = found.setdefault(common, statement)
            if listed:
                prefixes, own = (each["Condition"]["StringLike"] for each in (earlier, statement))
                prefixes["s3:prefix"] = _both(prefixes["s3:prefix"], own["s3:prefix"])
            else:
                earlier["Resource"] = _both(earlier["Resource"], statement["Resource"])
    return list(found.values())


def _both(one: str | list[str], other: str | list[str]) -> str | list[str]:
    texts = [text for each in (one, other) for text in ([each] if isinstance(each, str) else each)]
    found = list(dict.fromkeys(texts))
    return found if len(found) > 1 else found[0]


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
    return list(tokens(request).values())
