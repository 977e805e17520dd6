"""What an endpoint promises, and who is told when it does not hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.arns import KMS_KEY_ARN, TOPIC_ARN
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import ADDED, ALARM, COMPOSITE_ALARM, SUBSCRIPTION, TOPIC
from modelinfra.options.problems import Problem
from modelinfra.options.quantities import Duration

_LATENCY = Option(at_least=1, at_most=3_600_000, lands=(f"{ALARM}.threshold", f"{ALARM}.alarmDescription"))


class SloOptions(TypedDict):
    """Service level objectives. Each becomes alarms; none of them takes a deployment back, `rollback` does."""

    availability: NotRequired[
        Annotated[
            float,
            Option(
                at_least=90,
                at_most=99.99,
                lands=(f"{ALARM}.metricQueries", f"{ALARM}.alarmDescription", f"{COMPOSITE_ALARM}.alarmDescription"),
                example=99.5,
            ),
        ]
    ]
    """Share of requests, in percent, that are not answered with 5xx, over 30 days. Told when errors use what is left of it up too fast: 14.4
    times faster than it lasts, for an hour and still now, or 6 times faster for six hours. Left out, it is not watched."""

    p95_latency_ms: NotRequired[Annotated[float, replace(_LATENCY, example=150)]]
    """Within so many milliseconds 95 of 100 requests are answered. Left out, it is not watched."""

    p99_latency_ms: NotRequired[Annotated[float, replace(_LATENCY, example=400)]]
    """Within so many milliseconds 99 of 100 requests are answered. Left out, it is not watched."""

    oldest_message: NotRequired[
        Annotated[
            Duration,
            Option(
                at_least=60, at_most=14 * 86400, lands=(f"{ALARM}.threshold", f"{ALARM}.alarmDescription"), example="1h"
            ),
        ]
    ]
    """How long a message of an asynchronous endpoint waits at the most. Left out, it is not watched."""


class NotifyOptions(TypedDict):
    """Who is told of alarms and of deployments that fail."""

    topic_arn: NotRequired[Annotated[Input[str], TOPIC_ARN]]
    """An existing SNS topic, in place of one that is made. Its policy must let cloudwatch.amazonaws.com and events.amazonaws.com publish."""

    emails: NotRequired[
        Annotated[
            Sequence[str],
            Option(at_least=1, at_most=20, lands=(f"{ADDED}{SUBSCRIPTION}",), example=["another@example.com"]),
        ]
    ]
    """Addresses that are written to, once whoever reads there has confirmed it. None otherwise."""

    kms_key_arn: NotRequired[
        Annotated[
            Input[str], replace(KMS_KEY_ARN, lands=(f"{TOPIC}.kmsMasterKeyId",), example=KMS_KEY_ARN.pattern_example)
        ]
    ]
    """KMS key that encrypts what is waiting to be told; its policy must let cloudwatch.amazonaws.com and events.amazonaws.com use it. None
    otherwise: messages name alarms and numbers, and nothing that anybody asked a model."""


@rule(NotifyOptions, "topic_arn", "emails", "kms_key_arn")
def a_topic_is_made_or_handed_in(notify: Mapping[str, Any]) -> Iterable[Problem]:
    if all(value is None for value in notify.values()):
        yield Problem("", "nobody is named here", "Write `emails` or `topic_arn`.")
    for key in ("emails", "kms_key_arn"):
        if notify["topic_arn"] is not None and notify[key] is not None:
            reason = "an existing topic (`topic_arn`) is not changed"
            yield Problem(key, reason, "Remove one of the two.", notify[key])


@rule(NotifyOptions, "emails")
def addresses_are_addresses(notify: Mapping[str, Any]) -> Iterable[Problem]:
    emails = notify["emails"] or ()
    for index, email in enumerate(emails):
        name, at, domain = email.partition("@")
        if not (name and at and "." in domain) or any(each.isspace() for each in email):
            yield Problem(f"emails[{index}]", "this is no address", "Write for example on-call@example.com.", email)
        elif email in emails[:index]:
            yield Problem(f"emails[{index}]", "this stands here twice", "Remove it.", email)


@rule(SloOptions, "availability", "p95_latency_ms", "p99_latency_ms", "oldest_message")
def objectives_are_ones(slo: Mapping[str, Any]) -> Iterable[Problem]:
    if all(value is None for value in slo.values()):
        yield Problem("", "nothing is promised here", "Write for example `availability`: 99.9.")
    p95, p99 = slo["p95_latency_ms"], slo["p99_latency_ms"]
    if p95 is not None and p99 is not None and p99 < p95:
        yield Problem(
            "p99_latency_ms", f"this is less than `p95_latency_ms`, which is {p95:g}", f"Write {p95:g} or more.", p99
        )
