"""What is handed in to an endpoint is never changed, so the preview says what it must allow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pulumi import Input

from modelinfra.options.asynchronous import is_asynchronous
from modelinfra.options.exposure import stands_alone
from modelinfra.platforms.ecs.capture import front
from modelinfra.platforms.remote_model import RemoteModel
from modelinfra.platforms.served_model import ServedModel

_WORKING = (
    "sqs:ReceiveMessage, DeleteMessage and ChangeMessageVisibility on the queue, s3:GetObject on inputs, s3:PutObject and ListBucket on "
    "results, and ecs:GetTaskProtection and UpdateTaskProtection on the cluster's tasks"
)


def needs_of_adopted(cluster: Any, endpoint: Any, served: ServedModel) -> Iterator[str]:
    """One sentence for each thing that is handed in and that must allow something."""
    port = front(endpoint, served, "").port
    read = [each for each in served.fetched if each.source.through_aws]
    if endpoint.execution_role_arn is not None:
        token = any(each.token is not None for each in served.remotes)
        secrets = ", and reading the secrets" if endpoint.secrets or token else ""
        if endpoint.secrets_kms_key_arn is not None:
            secrets += _decrypting(endpoint.secrets_kms_key_arn, "the key of the secrets")
        yield (
            "the execution role is handed in: it must trust ecs-tasks.amazonaws.com and allow pulling the image "
            f"(ecr:GetAuthorizationToken, BatchGetImage, GetDownloadUrlForLayer) and logs:CreateLogStream and PutLogEvents{secrets}"
        )
    metrics = (endpoint.scaling.metrics or {}).values()
    if cluster.cluster_arn is not None and any(each.target_per_replica is not None for each in metrics):
        yield "the cluster is handed in: its Container Insights must count the replicas, over which metrics are divided"
    if endpoint.task_role_arn is not None:
        console = ", and ssmmessages' channels for `exec`" if cluster.exec else ""
        model = f" and allow {'; '.join(dict.fromkeys(map(_reading, read)))}" if read else ""
        if is_asynchronous(endpoint):
            model += f"{' and' if not model else ','} {'allow ' if not model else ''}{_WORKING}"
            key = endpoint.queue.kms_key_arn if endpoint.queue is not None else None
            if key is not None:
                named = key if isinstance(key, str) else "the key of the queue"
                model += f", and kms:Decrypt and kms:GenerateDataKey with {named}"
        yield f"the task role is handed in: it must trust ecs-tasks.amazonaws.com{console}{model}"
    if endpoint.security_group_id is not None:
        inward = "" if is_asynchronous(endpoint) else f"port {port} in from the load balancer, and "
        messages = ", messages" if is_asynchronous(endpoint) else ""
        yield (
            f"the replicas' security group is handed in: it must let {inward}HTTPS out to "
            f"image, log{messages}{', model' if served.fetched else ''} and secrets"
        )
    if is_asynchronous(endpoint):
        return
    shared = not stands_alone(endpoint.load_balancer, endpoint.exposure)
    if shared and (cluster.listener_arn is not None or cluster.load_balancer_security_group_id is not None):
        yield f"the load balancer's security group is handed in: it must let port {port} out to the replicas"
        if served.samples:
            yield (
                "the load balancer's security group is handed in: it must let its listener's port in from the replicas' subnets, "
                "where the function stands that tries `rollout.checks`"
            )


def _reading(remote: RemoteModel) -> str:
    """What `register_fetch_rights` gives to a role that is made."""
    source = remote.source
    if source.kind == "oci":
        actions = "ecr:GetAuthorizationToken, and BatchCheckLayerAvailability, BatchGetImage and GetDownloadUrlForLayer"
        return f"{actions} on {source.ecr_repository_arn}"
    key = remote.kms_key_arn
    decrypting = "" if key is None else _decrypting(key, "the key of the objects")
    below = f"{source.parent}*"
    return f"s3:GetObject on s3://{source.bucket}/{below} and s3:ListBucket on {source.bucket} for the prefix {below}{decrypting}"


def _decrypting(key: Input[str], unnamed: str) -> str:
    """unnamed: what to call a key whose ARN an Output will say."""
    return f", and kms:Decrypt with {key if isinstance(key, str) else unnamed}"
