"""What is kept of requests and answers for retraining."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.arns import BUCKET_NAME, KMS_KEY_ARN
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    BUCKET_ENCRYPTION,
    BUCKET_LIFECYCLE,
    CAPTURE,
    CAPTURE_BUCKET,
    CAPTURE_PROXY,
    TASK,
    TASK_POLICY,
)  # fmt: skip
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Bytes
from modelinfra.shipper.masks import MaskError, parse

DEFAULT_CAPTURE_DAYS: Final = 90

_MIB: Final = 2**20

_SETTINGS: Final = f"{CAPTURE}.environment"
_PROXY: Final = f"{CAPTURE_PROXY}.command"


class CaptureOptions(TypedDict):
    """A sample of predictions, requests with their answers, written to S3 for retraining."""

    sample_percent: NotRequired[
        Annotated[float, Option(default=5, at_least=0.01, at_most=100, lands=(_PROXY,), example=50)]
    ]
    """Share of predictions that is kept, in percent; up to what the proxy's `memory` allows, which the preview says."""

    mask: NotRequired[
        Annotated[
            Sequence[str], Option(at_least=1, at_most=100, lands=(_SETTINGS,), example=["email", "$.inputs[*].name"])
        ]
    ]
    """Fields that are masked before anything is written: names (at any depth), or paths such as `$.inputs[*].data`. None otherwise."""

    unparsed: NotRequired[
        Annotated[Literal["drop", "keep"], Option(default="drop", lands=(_SETTINGS,), example="keep")]
    ]
    """What becomes of requests and answers that are no JSON, such as images: nothing can be masked in them. `keep` writes them as they
    are, in base64."""

    max_body: NotRequired[
        Annotated[
            Bytes,
            Option(
                default="256KiB", at_least=1024, at_most=8 * _MIB, lands=(_SETTINGS, _PROXY, f"{CAPTURE}.memory"),
                example="2MiB",
            ),
        ]
    ]  # fmt: skip
    """The largest request, and the largest answer, that is kept; larger ones pass, and are counted."""

    memory: NotRequired[
        Annotated[
            Bytes,
            Option(
                default="256MiB",
                at_least=192 * _MIB,
                at_most=8 * 2**30,
                lands=(f"{CAPTURE_PROXY}.memory", _PROXY, f"{TASK}.memory"),
                example="2GiB",
            ),
        ]
    ]
    """Memory of the proxy, beside the server's. What it holds of requests that are kept never exceeds it: how many are kept a second
    follows from it."""

    retention_days: NotRequired[
        Annotated[
            int,
            Option(
                default_text=str(DEFAULT_CAPTURE_DAYS),
                at_least=1,
                at_most=3650,
                lands=(f"{BUCKET_LIFECYCLE}.rules",),
                example=30,
            ),
        ]
    ]
    """How long it is kept, in days."""

    bucket: NotRequired[
        Annotated[
            Input[str],
            replace(BUCKET_NAME, lands=(*CAPTURE_BUCKET, _SETTINGS, f"{TASK_POLICY}.policy"), example="acme-training"),
        ]
    ]
    """An existing bucket, in place of one that is made. Objects lie below `<endpoint>/captured/`; it is not changed, and its own rules
    say who reads it and what expires."""

    kms_key_arn: NotRequired[
        Annotated[
            Input[str],
            replace(
                KMS_KEY_ARN,
                lands=(f"{ADDED}{BUCKET_ENCRYPTION}", f"{TASK_POLICY}.policy"),
                example="arn:aws:kms:us-west-2:123456789012:key/captured",
            ),
        ]
    ]
    """KMS key of one's own that encrypts what is kept. S3's own key otherwise."""


@rule(CaptureOptions, "mask")
def masks_name_something(capture: Mapping[str, Any]) -> Iterable[Problem]:
    masks = list(capture["mask"] or ())
    for index, mask in enumerate(masks):
        where = f"mask[{index}]"
        try:
            parse(mask)
        except MaskError as error:
            yield Problem(where, str(error), "Write a name, such as email, or a path, such as $.inputs[*].data.", mask)
            continue
        if mask in masks[:index]:
            yield Problem(where, "this stands here twice", "Remove it.", mask)


@rule(CaptureOptions, "bucket", "retention_days")
def an_existing_bucket_says_itself_what_expires(capture: Mapping[str, Any]) -> Iterable[Problem]:
    if capture["bucket"] is not None and capture["retention_days"] is not None:
        reason = "an existing bucket (`bucket`) says itself how long it keeps what it holds"
        yield Problem("retention_days", reason, "Remove one of the two.", capture["retention_days"])


def predictions_pass_a_proxy(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `mode` and `capture`."""
    if endpoint["mode"] == "async" and endpoint["capture"] is not None:
        reason = "no proxy stands before the server of an asynchronous endpoint: its worker asks it"
        remedy = "Remove it. Answers lie in S3 already, for `queue.result_retention_days`, and inputs that clients put there."
        yield Problem("capture", reason, remedy)
