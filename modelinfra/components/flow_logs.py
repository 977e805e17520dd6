"""VPC flow logs in CloudWatch Logs."""

from __future__ import annotations

import pulumi_aws as aws
from pulumi import Output

from modelinfra.children import Children
from modelinfra.platforms.iam import document
from modelinfra.platforms.trusted import trusted


def register_flow_logs(children: Children, vpc: aws.ec2.Vpc, retention_days: int) -> None:
    """Record every accepted and rejected connection."""
    group = aws.cloudwatch.LogGroup(
        children.named("flows", "log group"), retention_in_days=retention_days, opts=children.opts("flow-log-group")
    )
    role = aws.iam.Role(
        children.named("flows", "role"),
        assume_role_policy=trusted(children, "vpc-flow-logs.amazonaws.com"),
        opts=children.opts("flow-log-role"),
    )
    policy = aws.iam.RolePolicy(
        children.named("flows", "role policy"),
        role=role.name,
        policy=group.arn.apply(_policy),
        opts=children.opts("flow-log-policy"),
    )
    aws.ec2.FlowLog(
        children.named("flows"),
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination=group.arn,
        iam_role_arn=Output.all(role.arn, policy.id).apply(lambda found: found[0]),
        opts=children.opts("flow-log"),
    )


def _policy(group_arn: str) -> str:
    actions = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    return document({"Effect": "Allow", "Action": actions, "Resource": f"{group_arn}:*"})
