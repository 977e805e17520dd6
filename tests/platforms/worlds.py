"""One endpoint on one cluster, captured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from modelinfra import EcsCluster, ModelEndpoint, NetworkReference
from modelinfra.graph.model import Graph
from tests.making import captured, write_model

NETWORK = NetworkReference(
    vpc_id="vpc-1",
    cidr="10.0.0.0/16",
    load_balancer_subnet_ids=["subnet-1", "subnet-2"],
    task_subnet_ids=["subnet-3", "subnet-4"],
)
READY = {"image": "a.example/served@sha256:" + "0" * 64, "model": {"name": "digits"}}

SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
RULE = "aws:lb/listenerRule:ListenerRule"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE = "aws:iam/role:Role"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
REPOSITORY = "aws:ecr/repository:Repository"
IMAGE = "docker-build:index:Image"
SCALING_TARGET = "aws:appautoscaling/target:Target"
SCALING_POLICY = "aws:appautoscaling/policy:Policy"


def deployed(
    root: Path,
    endpoints: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    cluster: Mapping[str, Any] | None = None,
    network: NetworkReference = NETWORK,
    preview: bool = False,
    **options: Any,
) -> Graph:
    """A cluster with an endpoint `digits` of these options, or with the endpoints that are given."""
    write_model(root / "model")

    def program() -> None:
        platform = EcsCluster("web", {"network": network, **(cluster or {})})
        for name, each in (endpoints or {"digits": options}).items():
            model = {} if "models" in each else {"model": "model"}
            ModelEndpoint(name, {"server": "mlserver", **model, "platform": platform, **each})

    return captured(program, root, preview=preview)


def refusal(root: Path, *, cluster: Mapping[str, Any] | None = None, **options: Any) -> list[str]:
    """What is said of a wrong endpoint `digits`; that nothing of it was registered is checked on the way."""
    write_model(root / "model")
    said: list[str] = []

    def program() -> None:
        platform = EcsCluster("web", {"network": NETWORK, **(cluster or {})})
        try:
            model = {} if "models" in options else {"model": "model"}
            ModelEndpoint("digits", {"server": "mlserver", **model, "platform": platform, **options})
        except pulumi.RunError as error:
            said.extend(str(error).splitlines())

    assert captured(program, root).all("modelinfra:index:ModelEndpoint") == []
    return [line.strip() for line in said]
