"""Hand-written programs with pulumi-aws alone, before and after a change that people make on the second day."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws

Program = Callable[[bool], None]
"""Called with whether the change is made."""

CERTIFICATE = "arn:aws:acm:us-west-2:123456789012:certificate/one"
TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _network() -> tuple[aws.ec2.Vpc, list[aws.ec2.Subnet]]:
    vpc = aws.ec2.Vpc("main", cidr_block="10.0.0.0/16")
    return vpc, [
        aws.ec2.Subnet(f"s{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{index}.0/24", availability_zone=f"us-west-2{zone}")
        for index, zone in enumerate("ab")
    ]


def ingress(after: list[str]) -> Program:
    """A group that lets the office in, and then others."""

    def program(changed: bool) -> None:
        vpc, _ = _network()
        group = aws.ec2.SecurityGroup("front", vpc_id=vpc.id, description="web")
        for index, cidr in enumerate(["10.0.0.0/8", *(after if changed else [])]):
            aws.vpc.SecurityGroupIngressRule(
                f"https-{index}",
                security_group_id=group.id,
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                cidr_ipv4=cidr,
            )

    return program


def load_balancer(changed: bool) -> None:
    vpc, subnets = _network()
    balancer = aws.lb.LoadBalancer("web", internal=not changed, subnets=[each.id for each in subnets])
    group = aws.lb.TargetGroup("to", port=8080, protocol="HTTP", target_type="ip", vpc_id=vpc.id)
    forward = [{"type": "forward", "target_group_arn": group.arn}]
    aws.lb.Listener(
        "https",
        load_balancer_arn=balancer.arn,
        port=443,
        protocol="HTTPS",
        certificate_arn=CERTIFICATE,
        default_actions=forward,
    )


def listener(**given: Any) -> Program:
    """A public load balancer that authenticates over HTTPS, and then with what is given instead."""

    def program(changed: bool) -> None:
        vpc, subnets = _network()
        balancer = aws.lb.LoadBalancer("web", internal=False, subnets=[each.id for each in subnets])
        group = aws.lb.TargetGroup("to", port=8080, protocol="HTTP", target_type="ip", vpc_id=vpc.id)
        oidc = {
            "authorization_endpoint": "https://login/a", "client_id": "c", "client_secret": pulumi.Output.secret("hunter2"),
            "issuer": "https://login", "token_endpoint": "https://login/t", "user_info_endpoint": "https://login/u",
        }  # fmt: skip
        forward: dict[str, Any] = {"type": "forward", "target_group_arn": group.arn, "order": 2}
        arguments: dict[str, Any] = {
            "protocol": "HTTPS", "port": 443, "certificate_arn": CERTIFICATE, "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "default_actions": [{"type": "authenticate-oidc", "authenticate_oidc": oidc, "order": 1}, forward],
        }  # fmt: skip
        if changed:
            arguments |= given
            if given.get("default_actions") == "forward":
                arguments["default_actions"] = [forward]
            arguments = {key: value for key, value in arguments.items() if value is not None}
        aws.lb.Listener("https", load_balancer_arn=balancer.arn, **arguments)

    return program


def bucket(protect: bool = False, retain: bool = False) -> Program:
    """A bucket that is there, and then not."""

    def program(changed: bool) -> None:
        aws.sns.Topic("other")
        if not changed:
            options = pulumi.ResourceOptions(protect=protect, retain_on_delete=retain)
            aws.s3.Bucket("models", force_destroy=True, opts=options)

    return program


def public_access(changed: bool) -> None:
    models = aws.s3.Bucket("models")
    blocked = not changed
    aws.s3.BucketPublicAccessBlock(
        "models",
        bucket=models.id,
        block_public_acls=blocked,
        block_public_policy=blocked,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )


def database(**given: Any) -> Program:
    """A database with a change of one argument."""

    def program(changed: bool) -> None:
        arguments = {
            "identifier": "features", "engine": "postgres", "instance_class": "db.t4g.medium", "allocated_storage": 20, "storage_encrypted": True,
            "username": "ml", "password": pulumi.Output.secret("hunter2"), "skip_final_snapshot": True,
        }  # fmt: skip
        aws.rds.Instance("features", **{**arguments, **(given if changed else {})})

    return program


def key(changed: bool) -> None:
    aws.sns.Topic("other")
    if not changed:
        aws.kms.Key("models", deletion_window_in_days=7)


def permission(*statements: dict[str, Any]) -> Program:
    """A role that may read models, and then more."""

    def program(changed: bool) -> None:
        role = aws.iam.Role("task", assume_role_policy=document(TRUST))
        read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-models/*"}
        aws.iam.RolePolicy("task", role=role.name, policy=document(read, *(statements if changed else ())))

    return program


def trust(changed: bool) -> None:
    anyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    aws.iam.Role("task", assume_role_policy=document(TRUST, *([anyone] if changed else [])))


def gpu_machines(changed: bool) -> None:
    template = aws.ec2.LaunchTemplate(
        "gpu", image_id="ami-0123456789abcdef0", instance_type="g6.xlarge" if changed else "g5.xlarge"
    )
    aws.autoscaling.Group(
        "gpu",
        min_size=1,
        max_size=4,
        availability_zones=["us-west-2a"],
        launch_template={"id": template.id, "version": "$Latest"},
    )


def cluster(version: str) -> Program:
    """An EKS cluster whose version goes up."""

    def program(changed: bool) -> None:
        _, subnets = _network()
        aws.eks.Cluster(
            "serving", role_arn="arn:aws:iam::123456789012:role/eks", version=version if changed else "1.34",
            vpc_config={"subnet_ids": [each.id for each in subnets], "endpoint_public_access": False, "endpoint_private_access": True},
        )  # fmt: skip

    return program


def function_url(changed: bool) -> None:
    function = aws.lambda_.Function(
        "f", role="arn:aws:iam::123456789012:role/f", image_uri="r@sha256:" + "0" * 64, package_type="Image"
    )
    aws.lambda_.FunctionUrl("f", function_name=function.name, authorization_type="NONE" if changed else "AWS_IAM")
