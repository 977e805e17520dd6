"""`Notifications`: the topic to which an environment's alarms are told, and who hears it."""

from __future__ import annotations

import hashlib
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Adjustments, Children
from modelinfra.components.chat import register_chat
from modelinfra.platforms.iam import document


class Notifications(pulumi.ComponentResource):
    """An SNS topic, what may tell it, and who reads it; or the topic that is handed in, unchanged. of_budget: whether AWS Budgets tells it, too."""

    topic_arn: Output[str]
    """ARN of the topic."""

    def __init__(
        self,
        name: str,
        options: Any,
        adjustments: Adjustments,
        opts: pulumi.ResourceOptions | None = None,
        *,
        of_budget: bool = False,
    ) -> None:
        super().__init__("modelinfra:index:Notifications", name, None, opts)
        if options.topic_arn is not None:
            self.topic_arn = Output.from_input(options.topic_arn)
        else:
            self.topic_arn = _topic(Children(self, name, adjustments), options, of_budget)
        self.register_outputs({"topic_arn": self.topic_arn})


def _topic(children: Children, options: Any, of_budget: bool) -> Output[str]:
    topic = aws.sns.Topic(
        children.named("alarms", "topic"), kms_master_key_id=options.kms_key_arn, opts=children.opts("topic")
    )
    account = aws.get_caller_identity_output(opts=children.invoke).account_id
    policy = aws.sns.TopicPolicy(
        children.named("alarms"),
        arn=topic.arn,
        policy=Output.all(topic.arn, account).apply(lambda found: _may_tell(found[0], found[1], of_budget)),
        opts=children.opts("topic-policy"),
    )
    register_chat(children, options, topic.arn, account)
    for email in options.emails or ():
        aws.sns.TopicSubscription(
            # Addresses are no names, and no place in a list is one.
            children.named(f"mail-{hashlib.sha256(email.encode()).hexdigest()[:8]}"),
            topic=topic.arn,
            protocol="email",
            endpoint=email,
            opts=children.opts("subscription"),
        )
    for name, secret_arn in sorted((options.webhooks or {}).items()):
        url = aws.secretsmanager.get_secret_version_output(secret_id=secret_arn, opts=children.invoke).secret_string
        aws.sns.TopicSubscription(
            children.named(f"webhook-{name}"),
            topic=topic.arn,
            protocol="https",
            # Whoever knows the address may raise alarms with it.
            endpoint=Output.secret(url),
            endpoint_auto_confirms=True,
            opts=children.opts("subscription", additional_secret_outputs=["endpoint"]),
        )
    # Whoever tells something needs the policy, not only the topic.
    return Output.all(topic.arn, policy.id).apply(lambda found: str(found[0]))


def _may_tell(topic: str, account: str, of_budget: bool) -> str:
    """CloudWatch user guide, "Notifying users on alarm changes"; AWS Cost Management user guide, "Creating an Amazon SNS topic for budget
    notifications"; EventBridge sends no account in a topic's policy (its user guide, targets)."""
    publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    ours = {"Condition": {"StringEquals": {"aws:SourceAccount": account}}}
    budgets = {**publish, "Principal": {"Service": "budgets.amazonaws.com"}, **ours}
    return document(
        {**publish, "Principal": {"Service": "cloudwatch.amazonaws.com"}, **ours},
        {**publish, "Principal": {"Service": "events.amazonaws.com"}},
        *([budgets] if of_budget else []),
    )
