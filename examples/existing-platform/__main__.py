"""A recogniser of handwritten digits on a platform that another team owns: only what belongs to the endpoint itself is made."""

from __future__ import annotations

from typing import TypedDict

import pulumi

from modelinfra import EcsCluster, ModelEndpoint, NetworkReference


class Platform(TypedDict):
    """What the infrastructure team hands out, in `existing-platform:platform`."""

    vpc: str
    cidr: str
    privateSubnets: list[str]
    cluster: str
    listener: str
    address: str
    repository: str
    logGroup: str
    taskSecurityGroup: str
    executionRole: str
    boundary: str


config = pulumi.Config()
existing: Platform = config.require_object("platform")

cluster = EcsCluster(
    "shared",
    network=NetworkReference(
        vpc_id=existing["vpc"],
        cidr=existing["cidr"],
        load_balancer_subnet_ids=existing["privateSubnets"],
        task_subnet_ids=existing["privateSubnets"],
    ),
    cluster_arn=existing["cluster"],
    listener_arn=existing["listener"],
    load_balancer_url=existing["address"],
)

digits = ModelEndpoint(
    "digits",
    platform=cluster,
    server="mlserver",
    model=config.get("model") or "model",
    memory="2GiB",
    scaling={"min": 2, "max": 4, "requests_per_second_per_replica": 20},
    # Handed in, and left as they are; `pulumi preview` says what each of them must allow.
    repository={"arn": existing["repository"]},
    logs={"group_arn": existing["logGroup"]},
    security_group_id=existing["taskSecurityGroup"],
    execution_role_arn=existing["executionRole"],
    # The task's role is this endpoint's own, within the bounds that hold for everybody.
    permissions_boundary=existing["boundary"],
    tags={"team": "recognition", "cost-center": "4711"},
    # The last word on single properties.
    transforms={"target-group": {"health_check": {"interval": 10}}},
)

pulumi.export("predictUrl", digits.predict_url)
