"""The queue before an asynchronous endpoint, where its dead letters go, and the bucket of its inputs and results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.options.queue import DEFAULT_RESULT_DAYS, queue_of
from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs.private_bucket import closed_to_plain_http, encrypted, private_bucket
from modelinfra.platforms.iam import document, nothing_in_the_clear

# What SQS offers at the most (SQS API, SetQueueAttributes). A dead letter's age counts from when its message was sent.
_DEAD_LETTER_SECONDS = 14 * 86400

# Beside the server's own time: reading the input, writing the answer. The worker extends it while it works.
_BESIDE_THE_REQUEST = 60

# SQS API, SetQueueAttributes: how long a data key may be used again, and the longest time that a receive waits.
_KEY_REUSE_SECONDS = 3600

# SQS API, SendMessage. The AWS provider's own default is a quarter of it.
_LARGEST_MESSAGE = 2**20
_LONG_POLL_SECONDS = 20


@dataclass(frozen=True)
class Queue:
    """What workers and clients need of it. prefix: what the names of all objects begin with. needs: what must be there before either asks."""

    queue: aws.sqs.Queue
    dead: aws.sqs.Queue
    bucket: Input[str]
    bucket_arn: Output[str]
    prefix: str
    options: Any
    needs: Sequence[aws.sqs.QueuePolicy]

    @property
    def store_uri(self) -> Output[str]:
        """Where inputs and results lie."""
        return Output.concat("s3://", self.bucket, "/", self.prefix)


def visibility_seconds(longest_request: int) -> int:
    """How long a message that a replica took is hidden from the others, unless the replica asks for more time."""
    return longest_request + _BESIDE_THE_REQUEST


def register_queue(request: EndpointRequest, *, longest_request: int, production: bool) -> Queue:
    """Both queues and the bucket. In production clients' address is protected, and what lies in the bucket outlives the endpoint."""
    children, options = request.children, queue_of(request.options)
    key = options.kms_key_arn
    encrypted: dict[str, Any] = (
        {"sqs_managed_sse_enabled": True}
        if key is None
        else {"kms_master_key_id": key, "kms_data_key_reuse_period_seconds": _KEY_REUSE_SECONDS}
    )
    protect = production or None
    dead = aws.sqs.Queue(
        children.named("dead-letters", "queue"),
        message_retention_seconds=_DEAD_LETTER_SECONDS,
        max_message_size=_LARGEST_MESSAGE,
        **encrypted,
        opts=children.opts("dead-letter-queue", protect=protect),
    )
    queue = aws.sqs.Queue(
        children.named("requests", "queue"),
        visibility_timeout_seconds=visibility_seconds(longest_request),
        message_retention_seconds=options.retention,
        receive_wait_time_seconds=_LONG_POLL_SECONDS,
        max_message_size=_LARGEST_MESSAGE,
        redrive_policy=dead.arn.apply(
            lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": options.max_receive_count})
        ),
        **encrypted,
        opts=children.opts("queue", protect=protect),
    )
    aws.sqs.RedriveAllowPolicy(
        children.named("dead-letters"),
        queue_url=dead.url,
        redrive_allow_policy=queue.arn.apply(
            lambda arn: json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn]})
        ),
        opts=children.opts("redrive-policy"),
    )
    policies = [
        aws.sqs.QueuePolicy(
            children.named(suffix),
            queue_url=each.url,
            policy=each.arn.apply(lambda arn: document(nothing_in_the_clear("sqs", arn))),
            opts=children.opts("queue-policy"),
        )
        for suffix, each in (("requests", queue), ("dead-letters", dead))
    ]
    prefix = f"{request.name}/"
    if options.bucket is not None:
        partition = aws.get_partition_output(opts=children.invoke).partition
        arn = Output.concat("arn:", partition, ":s3:::", options.bucket)
        return Queue(queue, dead, options.bucket, arn, prefix, options, policies)
    bucket = _bucket(children, options, production)
    return Queue(queue, dead, bucket.bucket, bucket.arn, prefix, options, policies)


def _bucket(children: Children, options: Any, production: bool) -> aws.s3.Bucket:
    days = options.result_retention_days or DEFAULT_RESULT_DAYS
    bucket, block = private_bucket(children, "results", role="result", days=days, production=production)
    kept = production or None
    if options.kms_key_arn is not None:
        encrypted(children, "results", bucket, options.kms_key_arn, role="result-encryption", kept=kept)
    closed_to_plain_http(children, "results", bucket, block, role="result-policy", kept=kept)
    return bucket
