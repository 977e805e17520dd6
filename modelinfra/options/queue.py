"""The queue in front of an asynchronous endpoint, and where its results go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.arns import BUCKET_NAME, KMS_KEY_ARN
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    BUCKET_ENCRYPTION,
    BUCKET_LIFECYCLE,
    QUEUE,
    RESULT_BUCKET,
    TASK_POLICY,
    WORKER_SETTINGS,
)  # fmt: skip
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Duration

DEFAULT_RESULT_DAYS = 30

# Of a key, what a pattern in a policy would take for something else (`*`, `?`, `$`) is left out.
_PLACE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/((?:[A-Za-z0-9!_.'()=+@,~-]+/)*)")


DEFAULT_RETENTION: Final = 96 * 3600
"""In seconds: Amazon SQS's own default, four days."""


class QueueOptions(TypedDict):
    """The queue of an asynchronous endpoint, its dead-letter queue, and the bucket of inputs and results."""

    concurrency: NotRequired[
        Annotated[int, Option(default=1, at_least=1, at_most=256, lands=WORKER_SETTINGS, example=4)]
    ]
    """Messages that a replica works on at once: what its server answers in parallel."""

    max_receive_count: NotRequired[
        Annotated[
            int,
            Option(default=5, at_least=1, at_most=1000, lands=(f"{QUEUE}.redrivePolicy", *WORKER_SETTINGS), example=3),
        ]
    ]
    """How often a message is tried before it goes to the dead-letter queue. Attempts that end with their replica count, too."""

    retention: NotRequired[
        Annotated[
            Duration,
            Option(
                default=f"{DEFAULT_RETENTION // 3600}h",
                # Replicas that sleep take minutes to wake, and a message that is dropped meanwhile is lost.
                at_least=3600,
                at_most=14 * 86400,
                lands=(f"{QUEUE}.messageRetentionSeconds",),
                example="24h",
            ),
        ]
    ]
    """How long a message waits before SQS drops it. Dead letters are kept for 14 days from when they were sent, which is the most that
    SQS offers."""

    bucket: NotRequired[
        Annotated[
            Input[str],
            replace(
                BUCKET_NAME, lands=(*RESULT_BUCKET, *WORKER_SETTINGS, f"{TASK_POLICY}.policy"), example="acme-results"
            ),
        ]
    ]
    """An existing bucket for large inputs and for results, in place of one that is made. Objects lie below the endpoint's name; it is not
    changed, and its own rules say what expires."""

    result_retention_days: NotRequired[
        Annotated[
            int,
            Option(
                default_text=str(DEFAULT_RESULT_DAYS),
                at_least=1,
                at_most=3650,
                lands=(f"{BUCKET_LIFECYCLE}.rules",),
                example=7,
            ),
        ]
    ]
    """How long inputs and results are kept, in days."""

    kms_key_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                KMS_KEY_ARN,
                lands=(
                    f"{QUEUE}.kmsMasterKeyId",
                    f"{QUEUE}.kmsDataKeyReusePeriodSeconds",
                    f"{QUEUE}.sqsManagedSseEnabled",
                    f"{ADDED}{BUCKET_ENCRYPTION}",
                    f"{TASK_POLICY}.policy",
                ),
                example="arn:aws:kms:us-west-2:123456789012:key/queues",
            ),
        ]
    ]
    """KMS key that encrypts messages, inputs and results. AWS encrypts with keys of SQS and S3 otherwise."""

    inputs: NotRequired[
        Annotated[
            Sequence[str],
            Option(at_least=1, at_most=50, lands=(f"{TASK_POLICY}.policy",), example=["s3://acme-photos/incoming/"]),
        ]
    ]
    """Places in S3 from which messages may name objects, beside the endpoint's own: `s3://bucket/prefix/`. None otherwise."""

    input_kms_key_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                KMS_KEY_ARN, lands=(f"{TASK_POLICY}.policy",), example="arn:aws:kms:us-west-2:123456789012:key/photos"
            ),
        ]
    ]
    """KMS key with which the objects in `inputs` are encrypted. None where S3's own key does."""


def queue_of(options: Any) -> Any:
    """The validated queue of an asynchronous endpoint; with the defaults where nothing is said of it."""
    # Checking loads pydantic, which importing a component does not.
    from modelinfra.options.strict import validate

    return options.queue if options.queue is not None else validate(QueueOptions, {})


@rule(QueueOptions, "bucket", "result_retention_days")
def an_existing_bucket_keeps_what_it_keeps(queue: Mapping[str, Any]) -> Iterable[Problem]:
    if queue["bucket"] is not None and queue["result_retention_days"] is not None:
        reason = "an existing bucket (`bucket`) says itself how long it keeps what it holds"
        yield Problem("result_retention_days", reason, "Remove one of the two.", queue["result_retention_days"])


@rule(QueueOptions, "inputs", "input_kms_key_arn")
def a_key_of_inputs_has_inputs(queue: Mapping[str, Any]) -> Iterable[Problem]:
    if queue["input_kms_key_arn"] is not None and not queue["inputs"]:
        reason = "there are no `inputs` that it could have encrypted"
        yield Problem("input_kms_key_arn", reason, "Write `inputs`, or remove it.", queue["input_kms_key_arn"])


@rule(QueueOptions, "inputs")
def inputs_are_places_in_s3(queue: Mapping[str, Any]) -> Iterable[Problem]:
    uris = list(queue["inputs"] or ())
    for index, uri in enumerate(uris):
        where = f"inputs[{index}]"
        if not _PLACE.fullmatch(uri):
            remedy = (
                "Write for example s3://acme-photos/incoming/, of letters, digits and !_.'()=+@,~- between the slashes."
            )
            yield Problem(where, "this is no place in S3 that ends with a slash", remedy, uri)
        elif uri in uris[:index]:
            yield Problem(where, "this is named twice", "Remove it.", uri)


def places(queue: Any) -> list[tuple[str, str]]:
    """Bucket and prefix of each of the `inputs`."""
    return [found.groups() for uri in queue.inputs or () if (found := _PLACE.fullmatch(uri))]  # type: ignore[misc]
