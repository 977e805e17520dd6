"""A recogniser of handwritten digits beside resources of the company's own: a queue that it may write to, a dashboard."""

from __future__ import annotations

import json
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from modelinfra import EcsCluster, ModelEndpoint, ServingNetwork


class ExistingVpc(TypedDict):
    """The VPC that `own-program:vpc` names."""

    id: str
    privateSubnetIds: list[str]


def serving_network(existing: ExistingVpc | None) -> ServingNetwork:
    """A network made for serving, or the company's own VPC."""
    if existing is None:
        return ServingNetwork("serving", zones=2, nat="single")
    return ServingNetwork("serving", vpc={"id": existing["id"], "private_subnet_ids": existing["privateSubnetIds"]})


def send_policy(queue_arn: str) -> str:
    """What the model may do: write to this one queue."""
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue_arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role_name(arn: str) -> str:
    """The name at the end of a role's ARN."""
    return arn.rsplit("/", 1)[-1]


def dashboard_body(log_group: str, region: str) -> str:
    """The latest lines of the model's log."""
    widget = {
        "type": "log",
        "width": 24,
        "height": 8,
        "properties": {
            "title": "Digits: the server's log",
            "region": region,
            "query": f"SOURCE '{log_group}' | fields @timestamp, @message | sort @timestamp desc | limit 50",
        },
    }
    return json.dumps({"widgets": [widget]})


config = pulumi.Config()
platform = EcsCluster("web", network=serving_network(config.get_object("vpc")))

# Written by hand: where the model puts the images that it is not sure of.
doubts = aws.sqs.Queue("doubts", message_retention_seconds=14 * 24 * 3600, sqs_managed_sse_enabled=True)

digits = ModelEndpoint(
    "digits",
    platform=platform,
    server="mlserver",
    model=config.get("model") or "model",
    memory="2GiB",
    environment={"DOUBTS_QUEUE_URL": doubts.url},
    scaling={"min": 2, "max": 4, "requests_per_second_per_replica": 20},
    dashboard=False,  # there is one of its own below
)

# The endpoint's own role comes without any right; what the model itself calls is granted here.
aws.iam.RolePolicy(
    "digits-may-send-doubts",
    role=digits.task_role_arn.apply(role_name),
    policy=doubts.arn.apply(send_policy),
)
dashboard = aws.cloudwatch.Dashboard(
    "digits",
    dashboard_name=f"digits-{pulumi.get_stack()}",
    dashboard_body=pulumi.Output.all(digits.log_group, doubts.region).apply(lambda found: dashboard_body(*found)),
)

pulumi.export("predictUrl", digits.predict_url)
pulumi.export("doubtsQueueUrl", doubts.url)
