"""VPC flow logs in CloudWatch Logs."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from pulumi import Output

from modelinfra import naming
from modelinfra.platforms.iam import document, trust


def register_flow_logs(component: pulumi.ComponentResource, name: str, vpc: aws.ec2.Vpc, retention_days: int) -> None:
    """Record every accepted and rejected connection."""
    opts = pulumi.ResourceOptions(parent=component)
    group = aws.cloudwatch.LogGroup(
        naming.child(name, "flows", "log group"), retention_in_days=retention_days, opts=opts
    )
    account = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(parent=component)).account_id
    role = aws.iam.Role(naming.child(name, "flows", "role"), assume_role_policy=account.apply(_trust), opts=opts)
    policy = aws.iam.RolePolicy(
        naming.child(name, "flows", "role policy"), role=role.name, policy=group.arn.apply(_policy), opts=opts
    )
    aws.ec2.FlowLog(
        naming.child(name, "flows"),
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination=group.arn,
        iam_role_arn=Output.all(role.arn, policy.id).apply(lambda found: found[0]),
        opts=opts,
    )


def _trust(account: str) -> str:
    return trust("vpc-flow-logs.amazonaws.com", account)


def _policy(group_arn: str) -> str:
    actions = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    return document({"Effect": "Allow", "Action": actions, "Resource": f"{group_arn}:*"})
