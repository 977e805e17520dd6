"""`Notifications`: the topic to which an environment's alarms are told, and who hears it."""

from __future__ import annotations

import hashlib
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Adjustments, Children
from modelinfra.platforms.iam import document


class Notifications(pulumi.ComponentResource):
    """An SNS topic, what CloudWatch and EventBridge may tell it, and who reads it; or the topic that is handed in, unchanged."""

    topic_arn: Output[str]
    """ARN of the topic."""

    def __init__(
        self, name: str, options: Any, adjustments: Adjustments, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("modelinfra:index:Notifications", name, None, opts)
        if options.topic_arn is not None:
            self.topic_arn = Output.from_input(options.topic_arn)
        else:
            self.topic_arn = _topic(Children(self, name, adjustments), options)
        self.register_outputs({"topic_arn": self.topic_arn})


def _topic(children: Children, options: Any) -> Output[str]:
    topic = aws.sns.Topic(
        children.named("alarms", "topic"), kms_master_key_id=options.kms_key_arn, opts=children.opts("topic")
    )
    account = aws.get_caller_identity_output(opts=children.invoke).account_id
    policy = aws.sns.TopicPolicy(
        children.named("alarms"),
        arn=topic.arn,
        policy=Output.all(topic.arn, account).apply(lambda found: _may_tell(*found)),
        opts=children.opts("topic-policy"),
    )
    for email in options.emails or ():
        aws.sns.TopicSubscription(
            # Addresses are no names, and no place in a list is one.
            children.named(f"mail-{hashlib.sha256(email.encode()).hexdigest()[:8]}"),
            topic=topic.arn,
            protocol="email",
            endpoint=email,
            opts=children.opts("subscription"),
        )
    # Whoever tells something needs the policy, not only the topic.
    return Output.all(topic.arn, policy.id).apply(lambda found: str(found[0]))


def _may_tell(topic: str, account: str) -> str:
    """CloudWatch user guide, "Notifying users on alarm changes"; EventBridge sends no account in a topic's policy (its user guide, targets)."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
        },
    )
