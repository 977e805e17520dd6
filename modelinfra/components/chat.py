"""Channels of Slack and Microsoft Teams in which alarms are told, by Amazon Q Developer in chat applications (AWS Chatbot)."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.platforms.iam import document, trust

# What nobody in a channel can go beyond, whatever role they have; left out, AWS takes AdministratorAccess (CreateSlackChannelConfiguration).
_GUARDRAIL = "CloudWatchReadOnlyAccess"


def register_chat(children: Children, options: Any, topic_arn: Input[str], account: Input[str]) -> None:
    """Register the channels that are named. Whoever writes in one can look at alarms and metrics, and change nothing."""
    if options.slack is None and options.teams is None:
        return
    partition = aws.get_partition_output(opts=children.invoke).partition
    guardrail = Output.concat("arn:", partition, ":iam::aws:policy/", _GUARDRAIL)
    role = aws.iam.Role(
        children.named("chat", "role"),
        assume_role_policy=Output.from_input(account).apply(lambda id_: trust("chatbot.amazonaws.com", id_)),
        opts=children.opts("chat-role"),
    )
    aws.iam.RolePolicy(
        children.named("chat", "role policy"),
        role=role.name,
        policy=Output.from_input(topic_arn).apply(_may_look),
        opts=children.opts("chat-policy"),
    )
    if options.slack is not None:
        aws.chatbot.SlackChannelConfiguration(
            children.named("slack", "chat configuration"),
            configuration_name=children.unique("slack", "chat configuration"),
            slack_team_id=options.slack.workspace_id,
            slack_channel_id=options.slack.channel_id,
            iam_role_arn=role.arn,
            guardrail_policy_arns=[guardrail],
            sns_topic_arns=[topic_arn],
            opts=children.opts("slack-channel"),
        )
    if options.teams is not None:
        aws.chatbot.TeamsChannelConfiguration(
            children.named("teams", "chat configuration"),
            configuration_name=children.unique("teams", "chat configuration"),
            tenant_id=options.teams.tenant_id,
            team_id=options.teams.team_id,
            channel_id=options.teams.channel_id,
            iam_role_arn=role.arn,
            guardrail_policy_arns=[guardrail],
            sns_topic_arns=[topic_arn],
            opts=children.opts("teams-channel"),
        )


def _may_look(topic_arn: str) -> str:
    """What a message takes to have the graph of its alarm. Logs are not among it: a channel has more readers than an account."""
    _, partition, _, region, account, _ = topic_arn.split(":")
    # These know no resource (service authorization reference, Amazon CloudWatch).
    metrics = ["GetMetricData", "GetMetricStatistics", "GetMetricWidgetImage", "ListMetrics"]
    alarms = f"arn:{partition}:cloudwatch:{region}:{account}:alarm:*"
    return document(
        {"Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": alarms},
        {"Effect": "Allow", "Action": [f"cloudwatch:{action}" for action in metrics], "Resource": "*"},
    )
