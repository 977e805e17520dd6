"""What runs beside the server of an asynchronous endpoint: a container that waits until the server is ready, and the worker.

The worker depends on both: it starts when the server can answer, and ECS stops it before the server (ECS API, ContainerDependency: the
order is reversed when a task stops), so that what it has begun it can finish. An unset `startTimeout` sets no limit to how long it
waits, see `fetch`; the waiting container itself gives up after the start-up budget, and then the task cannot start.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.catalog.fargate import STOP_TIMEOUT_CEILING_SECONDS
from modelinfra.options.queue import places
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.containers import logged_beside
from modelinfra.platforms.ecs.queue import Queue, visibility_seconds
from modelinfra.platforms.ecs.sizing import EcsSizing
from modelinfra.platforms.iam import document

CONTAINER_NAME: Final = "worker"
WAIT_NAME: Final = "server-ready"
SETTINGS_VARIABLE: Final = "MODELINFRA_WORKER"

# Beside the request itself: reading input, writing the answer, saying so to SQS.
_BESIDE_THE_REQUEST = 15

# The worker says on this port whether all is well, to its own container's health check only. Nothing in the catalogue listens there.
_STATUS_PORT = 47100

_HEALTH_SECONDS = 30


def stop_seconds(sizing: EcsSizing, *, on_nodes: bool) -> int:
    """How long the worker may take to finish what it has begun."""
    asked = sizing.stop_timeout + _BESIDE_THE_REQUEST
    return asked if on_nodes else min(asked, STOP_TIMEOUT_CEILING_SECONDS)


def settings(request: EndpointRequest, sizing: EcsSizing, queue: Queue, found: Mapping[str, Any], stop: int) -> str:
    """What the worker is told (`modelinfra.worker.settings`). found: the values of Outputs."""
    served, options = request.served, queue.options
    return json.dumps(
        {
            "queue": found["queue"],
            "store": found["store"],
            "server": f"http://127.0.0.1:{served.server.ports['http']}",
            "predictPath": served.predict_path,
            "healthPath": served.health_path,
            "statusPort": _status_port(request),
            "concurrency": options.concurrency,
            "maxReceiveCount": options.max_receive_count,
            "visibilitySeconds": visibility_seconds(sizing.longest_request),
            "longestRequestSeconds": sizing.longest_request,
            "startupSeconds": sizing.startup,
            "stopSeconds": stop,
        },
        sort_keys=True,
    )


def containers(
    request: EndpointRequest,
    sizing: EcsSizing,
    queue: Queue,
    found: Mapping[str, Any],
    server: Mapping[str, Any],
    *,
    on_nodes: bool,
) -> list[dict[str, Any]]:
    """The one that waits, and the worker. server: the server's own container. found: the values of Outputs."""
    stop = stop_seconds(sizing, on_nodes=on_nodes)
    common = {
        "image": found["worker"],
        "environment": [
            {"name": "AWS_DEFAULT_REGION", "value": found["region"]},
            {"name": SETTINGS_VARIABLE, "value": settings(request, sizing, queue, found, stop)},
        ],
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True},
    }
    started = {"containerName": server["name"], "condition": "START"}
    return [
        {
            "name": WAIT_NAME,
            "essential": False,
            "command": ["python", "-m", "modelinfra.worker", "wait"],
            "dependsOn": [started],
            "logConfiguration": logged_beside(server["logConfiguration"], WAIT_NAME),
            **common,
        },
        {
            "name": CONTAINER_NAME,
            "essential": True,
            "dependsOn": [started, {"containerName": WAIT_NAME, "condition": "SUCCESS"}],
            "stopTimeout": stop,
            "healthCheck": {
                "command": ["CMD", "python", "-m", "modelinfra.worker", "health"],
                "interval": _HEALTH_SECONDS,
                "timeout": 15,
                "retries": 3,
                "startPeriod": _HEALTH_SECONDS,
            },
            "logConfiguration": logged_beside(server["logConfiguration"], CONTAINER_NAME),
            **common,
        },
    ]


def _status_port(request: EndpointRequest) -> int:
    server = request.served.server
    taken = {*server.ports.values(), *server.management_ports}
    return next(port for port in range(_STATUS_PORT, _STATUS_PORT + len(taken) + 1) if port not in taken)


def register_worker_rights(
    request: EndpointRequest, role: aws.iam.Role, queue: Queue, cluster_arn: Output[str]
) -> Sequence[pulumi.Resource]:
    """Let the task work the queue off, and nothing else."""
    policy = Output.all(
        queue=queue.queue.arn,
        bucket=queue.bucket_arn,
        cluster=cluster_arn,
        keys=_keys(queue),
        inputs_key=queue.options.input_kms_key_arn,
    ).apply(lambda found: document(*_may_work(queue, **found)))
    children = request.children
    name, opts = children.named("worker", "role policy"), children.opts("worker-policy")
    return [aws.iam.RolePolicy(name, role=role.name, policy=policy, opts=opts)]


def client_policy(queue: Queue) -> Output[str]:
    """What a client may do: send messages, store inputs, read results."""
    return Output.all(queue=queue.queue.arn, bucket=queue.bucket_arn, keys=_keys(queue)).apply(
        lambda found: document(*_may_ask(queue, **found))
    )


def _keys(queue: Queue) -> list[Input[str]]:
    return [] if queue.options.kms_key_arn is None else [queue.options.kms_key_arn]


def _may_work(
    of: Queue, queue: str, bucket: str, cluster: str, keys: Sequence[str], inputs_key: str | None
) -> list[dict[str, Any]]:
    """All of them ARNs."""
    partition = bucket.split(":")[1]
    # arn:aws:ecs:REGION:ACCOUNT:cluster/NAME -> its tasks; of which service they are an ARN does not say.
    tasks = f"{cluster.replace(':cluster/', ':task/')}/*"
    given = [f"arn:{partition}:s3:::{name}/{prefix}*" for name, prefix in places(of.options)]
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
            "Resource": queue,
        },
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"{bucket}/{of.prefix}inputs/*", *given]},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/{of.prefix}results/*"},
        _may_list(bucket, of.prefix),
        {"Effect": "Allow", "Action": ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"], "Resource": tasks},
    ]
    if inputs_key is not None:
        statements.append({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": inputs_key})
    return [*statements, *_may_use(keys)]


def _may_ask(of: Queue, queue: str, bucket: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    """All of them ARNs."""
    return [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/{of.prefix}inputs/*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket}/{of.prefix}results/*"},
        _may_list(bucket, of.prefix),
        *_may_use(keys),
    ]


def _may_list(bucket: str, prefix: str) -> dict[str, Any]:
    """Whoever looks for one result lists it: S3 answers 403 and not 404 for what is not there where listing is not allowed."""
    return {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": bucket,
        "Condition": {"StringLike": {"s3:prefix": f"{prefix}results/*"}},
    }


def _may_use(keys: Sequence[str]) -> list[dict[str, Any]]:
    """Read and write what the key encrypts, in SQS and in S3 (SQS developer guide, "Key management")."""
    return [{"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key} for key in keys]
