"""The log group of an endpoint or of a fleet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children
from modelinfra.options.endpoint_parts import DEFAULT_RETENTION_DAYS
from modelinfra.platforms.ecs.masking import masking


@dataclass(frozen=True)
class LogGroup:
    """Where the server's output goes."""

    name: Output[str]
    arn: Output[str]
    region: Output[str]


def register_log_group(children: Children, logs: Any) -> LogGroup:
    """The one that is made, or the one that is handed in. logs: validated options."""
    if logs.group_arn is not None:
        # arn:aws:logs:REGION:ACCOUNT:log-group:NAME, and in some answers of AWS `:*` behind it.
        arn = Output.from_input(logs.group_arn).apply(lambda given: given.removesuffix(":*"))
        return LogGroup(arn.apply(lambda found: found.split(":")[6]), arn, arn.apply(lambda found: found.split(":")[3]))
    group = aws.cloudwatch.LogGroup(
        children.named("logs", "log group"),
        retention_in_days=logs.retention_days or DEFAULT_RETENTION_DAYS,
        kms_key_id=logs.kms_key_arn,
        opts=children.opts("log-group"),
    )
    if logs.masked is not None:
        aws.cloudwatch.LogDataProtectionPolicy(
            children.named("mask"),
            log_group_name=group.name,
            policy_document=Output.all(
                name=group.name,
                partition=group.arn.apply(lambda arn: arn.split(":")[1]),
                findings=logs.findings_group_arn,
            ).apply(lambda found: masking(list(logs.masked), **found)),
            opts=children.opts("log-mask"),
        )
    return LogGroup(group.name, group.arn, group.region)
