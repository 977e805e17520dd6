"""Rules over events of a fleet, and who is told when one fits."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi_aws as aws
from pulumi import Input

from modelinfra.children import Children


def register_rules(children: Children, topic_arn: Input[str], patterns: Mapping[str, tuple[str, Input[str]]]) -> None:
    """patterns: name of a rule -> what it finds, and the pattern of its events. The roles of its children are `NAME-rule` and `NAME-target`."""
    for name, (description, pattern) in patterns.items():
        rule = aws.cloudwatch.EventRule(
            children.named(name, "event rule"),
            description=description,
            event_pattern=pattern,
            opts=children.opts(f"{name}-rule"),
        )
        aws.cloudwatch.EventTarget(
            children.named(name), rule=rule.name, arn=topic_arn, opts=children.opts(f"{name}-target")
        )
