"""Who is told of alarms, of deployments that fail, and of budgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, NotRequired, TypedDict

from pulumi import Input

from modelinfra.options.addresses import address_problems
from modelinfra.options.arns import CLIENT_SECRET_ARN, KMS_KEY_ARN, TOPIC_ARN
from modelinfra.options.declare import Option, rule
from modelinfra.options.landing import (
    ADDED,
    ROLE,
    SLACK_CHANNEL,
    SUBSCRIPTION,
    TASK_POLICY,
    TEAMS_CHANNEL,
    TOPIC,
)  # fmt: skip
from modelinfra.options.names import Name
from modelinfra.options.problems import Problem

_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def _id(pattern: str, text: str, example: str, lands: str, other: str) -> Option:
    return Option(pattern=pattern, pattern_text=text, pattern_example=example, lands=(lands,), example=other)


class SlackOptions(TypedDict):
    """A channel of Slack."""

    workspace_id: Annotated[
        str,
        _id(r"[0-9A-Z]{1,255}", "the id of a workspace", "T0123ABCD", f"{SLACK_CHANNEL}.slackTeamId", "T0000ZZZZ"),
    ]
    """Id of the workspace, which somebody has to allow once in the console of Amazon Q Developer in chat applications (AWS Chatbot)."""

    channel_id: Annotated[
        str,
        _id(r"[0-9A-Za-z]{1,255}", "the id of a channel", "C0123ABCD", f"{SLACK_CHANNEL}.slackChannelId", "C0000ZZZZ"),
    ]
    """Id of the channel, the last part of its link. Into a private one the app has to be invited."""


class TeamsOptions(TypedDict):
    """A channel of Microsoft Teams."""

    tenant_id: Annotated[
        str,
        _id(
            _UUID,
            "the id of a tenant",
            "12345678-1234-1234-1234-123456789012",
            f"{TEAMS_CHANNEL}.tenantId",
            "12345678-1234-1234-1234-210987654321",
        ),
    ]
    """Id of the tenant of Microsoft."""

    team_id: Annotated[
        str,
        _id(
            _UUID,
            "the id of a team",
            "12345678-4321-4321-4321-123456789012",
            f"{TEAMS_CHANNEL}.teamId",
            "12345678-4321-4321-4321-210987654321",
        ),
    ]
    """Id of the team, which somebody has to allow once in the console of Amazon Q Developer in chat applications (AWS Chatbot)."""

    channel_id: Annotated[
        str,
        _id(
            r"19(:|%3[aA]).{1,250}",
            "the id of a channel, which begins with 19: or 19%3a",
            "19%3aab6ef35dc342d56ba5654e6fc6d25a071%40thread.tacv2",
            f"{TEAMS_CHANNEL}.channelId",
            "19%3a00000000000000000000000000000000%40thread.tacv2",
        ),
    ]
    """Id of the channel, as its link has it."""


class NotifyOptions(TypedDict):
    """Who is told of alarms and of deployments that fail."""

    topic_arn: NotRequired[Annotated[Input[str], TOPIC_ARN]]
    """An existing SNS topic, in place of one that is made. Its policy must let cloudwatch.amazonaws.com and events.amazonaws.com publish,
    and budgets.amazonaws.com where a `budget` names nobody else."""

    emails: NotRequired[
        Annotated[
            Sequence[str],
            Option(at_least=1, at_most=20, lands=(f"{ADDED}{SUBSCRIPTION}",), example=["another@example.com"]),
        ]
    ]
    """Addresses that are written to, once whoever reads there has confirmed it. None otherwise."""

    slack: NotRequired[
        Annotated[
            SlackOptions,
            Option(
                lands=(f"{ADDED}{SLACK_CHANNEL}", f"{ADDED}{ROLE}", f"{ADDED}{TASK_POLICY}"),
                example={"workspace_id": "T0123ABCD", "channel_id": "C0123ABCD"},
            ),
        ]
    ]
    """A channel of Slack in which alarms are told. None otherwise."""

    teams: NotRequired[
        Annotated[
            TeamsOptions,
            Option(
                lands=(f"{ADDED}{TEAMS_CHANNEL}", f"{ADDED}{ROLE}", f"{ADDED}{TASK_POLICY}"),
                example={
                    "tenant_id": "12345678-1234-1234-1234-123456789012",
                    "team_id": "12345678-4321-4321-4321-123456789012",
                    "channel_id": "19%3aab6ef35dc342d56ba5654e6fc6d25a071%40thread.tacv2",
                },
            ),
        ]
    ]
    """A channel of Microsoft Teams in which alarms are told. None otherwise."""

    webhooks: NotRequired[
        Annotated[
            Mapping[Name, Annotated[str, CLIENT_SECRET_ARN]],
            Option(
                lands=(f"{ADDED}{SUBSCRIPTION}",),
                example={"pagerduty": "arn:aws:secretsmanager:us-west-2:123456789012:secret:pagerduty-AbCdEf"},
            ),
        ]
    ]
    """Paging services: a name of your own -> ARN of the Secrets Manager secret whose whole text is the address (https://) that is posted to,
    such as the integration URL of PagerDuty or Opsgenie for Amazon CloudWatch. It must confirm the subscription by itself, as these do. A
    deployment reads the secret, and whoever deploys needs secretsmanager:GetSecretValue. None otherwise."""

    kms_key_arn: NotRequired[
        Annotated[
            Input[str], replace(KMS_KEY_ARN, lands=(f"{TOPIC}.kmsMasterKeyId",), example=KMS_KEY_ARN.pattern_example)
        ]
    ]
    """KMS key that encrypts what is waiting to be told; its policy must let cloudwatch.amazonaws.com and events.amazonaws.com use it, and the
    disconnect role of a fleet on Greengrass. None otherwise: messages name alarms and numbers, and nothing that anybody asked a model."""


_OF_A_TOPIC = ("emails", "slack", "teams", "webhooks", "kms_key_arn")


@rule(NotifyOptions, "topic_arn", *_OF_A_TOPIC)
def a_topic_is_made_or_handed_in(notify: Mapping[str, Any]) -> Iterable[Problem]:
    if all(notify[key] is None for key in notify if key != "kms_key_arn"):
        yield Problem("", "nobody is named here", "Write for example `emails`, `slack` or `topic_arn`.")
    for key in _OF_A_TOPIC:
        if notify["topic_arn"] is not None and notify[key] is not None:
            reason = "an existing topic (`topic_arn`) is not changed"
            yield Problem(key, reason, "Remove one of the two.", notify[key])


@rule(NotifyOptions, "emails")
def addresses_are_addresses(notify: Mapping[str, Any]) -> Iterable[Problem]:
    yield from address_problems("emails", notify["emails"])
