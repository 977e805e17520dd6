"""Sample predictions that new replicas must answer before traffic moves to them: a function that ECS calls when test traffic has moved.

It asks the load balancer as clients do. Where that is in the network, the function stands beside the replicas; where it faces the internet,
so does the function, because addresses of the network reach it through NAT only, which not every network has.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.checker.function import AGAIN_SECONDS, MOST_ATTEMPTS, SETTLE_SECONDS, SPARE_SECONDS, needed_seconds
from modelinfra.options.endpoint_parts import DEFAULT_RETENTION_DAYS
from modelinfra.options.exposure import exposed
from modelinfra.options.problems import Problem
from modelinfra.options.rollout import TEST_HEADER
from modelinfra.platforms.base import EndpointRequest, NetworkReference
from modelinfra.platforms.ecs.load_balancer import LoadBalancerReference
from modelinfra.platforms.iam import document
from modelinfra.platforms.samples import Sample
from modelinfra.platforms.served_model import ServedModel
from modelinfra.platforms.trusted import trusted

_RUNTIME: Final = "python3.13"
_MEMORY_MIB: Final = 256
# Lambda quotas: a function's longest time.
_LONGEST_SECONDS: Final = 900

# AWS managed policy reference: the interfaces of a function in a network, and nothing else.
_INTERFACES: Final = "service-role/AWSLambdaENIManagementAccess"

# Interfaces of a function are let go some time after it; 35 minutes were measured (readiness.md, durations, row 8, outside this repository).
_DELETE: Final = pulumi.CustomTimeouts(delete="45m")

STAGE: Final = "POST_TEST_TRAFFIC_SHIFT"
"""Amazon ECS API, DeploymentLifecycleHook: new replicas have all test traffic, and no other."""


@dataclass(frozen=True)
class Checks:
    """The function, where it writes what it finds, and what must be there before it is called."""

    function: aws.lambda_.Function
    log_group: Output[str]
    needs: Sequence[pulumi.Resource]


def unanswered(options: Any, served: ServedModel) -> Iterator[Problem]:
    """Samples for paths that the load balancer does not forward; paths are relative to the endpoint."""
    exposure = options.exposure
    if not exposed(exposure):
        return
    patterns = exposure.paths or (served.predict_path, served.health_path)
    for sample in served.samples:
        path = urlsplit(sample["path"]).path
        if not any(fnmatchcase(path, pattern) for pattern in patterns):
            reason = f"the load balancer forwards {' and '.join(patterns)} alone"
            remedy = "Write one of these, or name it in `exposure.paths`, which opens it for clients, too."
            yield Problem(f"rollout.checks.{sample['name']}.path", reason, remedy, sample["path"])


def check_minutes(samples: Sequence[Sample]) -> int:
    """How long trying samples takes at the most."""
    if not samples:
        return 0
    return math.ceil((_seconds(samples) + MOST_ATTEMPTS * AGAIN_SECONDS) / 60)


def _seconds(samples: Sequence[Sample]) -> float:
    return SETTLE_SECONDS + sum(needed_seconds(each) + SPARE_SECONDS for each in samples)


def register_checks(
    request: EndpointRequest, network: NetworkReference, balancer: LoadBalancerReference, prefix: str
) -> Checks | None:
    """Register the function with what it needs; None without samples. prefix: of the endpoint's paths at the load balancer."""
    samples, children, logs = request.served.samples, request.children, request.options.logs
    if not samples:
        return None
    group = aws.cloudwatch.LogGroup(
        children.named("checks", "log group"),
        retention_in_days=logs.retention_days or DEFAULT_RETENTION_DAYS,
        kms_key_id=logs.kms_key_arn,
        opts=children.opts("check-log-group"),
    )
    inside = not request.options.exposure.public
    group_id, hops = _hop(request, network, balancer) if inside else (None, [])
    role, rights = _role(request, group, inside=inside)
    host = balancer.url.apply(lambda url: urlsplit(url).hostname or "")
    function = aws.lambda_.Function(
        children.named("checks", "function"),
        description=f"Tries sample predictions at new replicas of endpoint {request.name}",
        runtime=_RUNTIME,
        architectures=["arm64"],
        handler="function.handler",
        code=_code(samples, prefix),
        role=role.arn,
        memory_size=_MEMORY_MIB,
        timeout=min(_LONGEST_SECONDS, math.ceil(_seconds(samples))),
        environment={
            "variables": {
                "CHECK_CONNECT": balancer.dns_name,
                "CHECK_PORT": Output.from_input(balancer.port).apply(str),
                "CHECK_TLS": Output.from_input(balancer.encrypted).apply(lambda encrypted: str(int(encrypted))),
                "CHECK_HOST": host,
                "CHECK_HEADER": f"{TEST_HEADER}: {request.name}",
            }
        },
        logging_config={"log_format": "Text", "log_group": group.name},
        vpc_config={"subnet_ids": list(network.task_subnet_ids), "security_group_ids": [group_id]}
        if group_id
        else None,
        opts=children.opts("check-function", depends_on=rights),
    )
    return Checks(function, group.name, (function, *rights, *hops))


def _code(samples: Sequence[Sample], prefix: str) -> pulumi.Archive:
    asked = [{**each, "path": f"{prefix}{each['path']}"} for each in samples]
    return pulumi.AssetArchive(
        {
            "function.py": pulumi.StringAsset(files("modelinfra.checker").joinpath("function.py").read_text()),
            "samples.json": pulumi.StringAsset(json.dumps(asked, indent=1)),
        }
    )


def _hop(
    request: EndpointRequest, network: NetworkReference, balancer: LoadBalancerReference
) -> tuple[Output[str], list[pulumi.Resource]]:
    """From the function to the load balancer, and nowhere else."""
    children = request.children
    group = aws.ec2.SecurityGroup(
        children.named("checks", "security group"),
        vpc_id=network.vpc_id,
        description=f"Sample predictions for endpoint {request.name}",
        opts=children.opts("check-security-group", custom_timeouts=_DELETE),
    )
    hop: dict[str, Any] = {"ip_protocol": "tcp", "from_port": balancer.port, "to_port": balancer.port}
    rules: list[pulumi.Resource] = [
        aws.vpc.SecurityGroupEgressRule(
            children.named("checks-to-lb"),
            security_group_id=group.id,
            referenced_security_group_id=balancer.security_group_id,
            description="To the load balancer",
            **hop,
            opts=children.opts("check-egress"),
        )
    ]
    if balancer.owns_security_group:
        rules.append(
            aws.vpc.SecurityGroupIngressRule(
                children.named("lb-from-checks"),
                security_group_id=balancer.security_group_id,
                referenced_security_group_id=group.id,
                description=f"Sample predictions for endpoint {request.name}",
                **hop,
                opts=children.opts("check-ingress"),
            )
        )
    return group.id, rules


def _role(
    request: EndpointRequest, group: aws.cloudwatch.LogGroup, *, inside: bool
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """What the function runs with. inside: whether it stands in the network."""
    children = request.children
    role = aws.iam.Role(
        children.named("checks", "role"),
        assume_role_policy=trusted(children, "lambda.amazonaws.com"),
        opts=children.opts("check-role"),
    )
    rights: list[pulumi.Resource] = [
        aws.iam.RolePolicy(
            children.named("checks", "role policy"),
            role=role.name,
            policy=group.arn.apply(lambda arn: _function_policy(arn.removesuffix(":*"), inside=inside)),
            opts=children.opts("check-policy"),
        )
    ]
    if inside:
        partition = aws.get_partition_output(opts=children.invoke).partition
        rights.append(
            aws.iam.RolePolicyAttachment(
                children.named("checks"),
                role=role.name,
                policy_arn=Output.concat("arn:", partition, ":iam::aws:policy/", _INTERFACES),
                opts=children.opts("check-interfaces"),
            )
        )
    return role, rights


def _function_policy(log_group_arn: str, *, inside: bool) -> str:
    """Lambda itself makes interfaces with the function's role; the code never does (Lambda developer guide, source function ARN)."""
    writes = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{log_group_arn}:*",
    }
    by_code = {
        "Effect": "Deny",
        "Action": "ec2:*",
        "Resource": "*",
        "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}},
    }
    return document(writes, *([by_code] if inside else []))


def register_call(request: EndpointRequest, role: aws.iam.Role, function_arn: Input[str]) -> aws.iam.RolePolicy:
    """That the role with which ECS moves traffic may call the function."""
    return aws.iam.RolePolicy(
        request.children.named("check-call", "role policy"),
        role=role.name,
        policy=Output.from_input(function_arn).apply(
            lambda arn: document({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn})
        ),
        opts=request.children.opts("check-call-policy"),
    )
