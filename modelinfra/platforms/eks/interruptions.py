"""The queue in which Karpenter reads of instances that EC2 will take away, so that their pods move in time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children
from modelinfra.platforms.iam import document, nothing_in_the_clear

# Karpenter's documentation, "Disruption: interruption", and the template of its getting-started guide (aws/karpenter-provider-aws@1d92708).
EVENTS: Final[Mapping[str, tuple[str, str]]] = {
    "health": ("aws.health", "AWS Health Event"),
    "spot": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state": ("aws.ec2", "EC2 Instance State-change Notification"),
    "reservation": ("aws.ec2", "EC2 Capacity Reservation Instance Interruption Warning"),
}
"""Word -> source and detail type."""


def register_interruptions(children: Children) -> tuple[aws.sqs.Queue, list[pulumi.Resource]]:
    """The queue, and what writes there."""
    queue = aws.sqs.Queue(
        children.named("interruptions", "queue"),
        # What is older has happened.
        message_retention_seconds=300,
        sqs_managed_sse_enabled=True,
        opts=children.opts("interruption-queue"),
    )
    rules = {
        word: aws.cloudwatch.EventRule(
            children.named(f"interruptions-{word}", "event rule"),
            description=f"{kind}, for Karpenter",
            event_pattern=json.dumps({"source": [source], "detail-type": [kind]}),
            opts=children.opts("interruption-rule"),
        )
        for word, (source, kind) in EVENTS.items()
    }
    policy = aws.sqs.QueuePolicy(
        children.named("interruptions"),
        queue_url=queue.url,
        policy=Output.all(queue.arn, *(each.arn for each in rules.values())).apply(
            lambda found: _policy(found[0], found[1:])
        ),
        opts=children.opts("interruption-policy"),
    )
    targets = [
        aws.cloudwatch.EventTarget(
            children.named(f"interruptions-{word}"),
            rule=each.name,
            arn=queue.arn,
            opts=children.opts("interruption-target", depends_on=[policy]),
        )
        for word, each in rules.items()
    ]
    return queue, [policy, *targets]


def _policy(queue: str, rules: list[str]) -> str:
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": rules}},
        },
        nothing_in_the_clear("sqs", queue),
    )
