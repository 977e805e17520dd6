"""How findings call things: a resource by what it is and to whom it belongs, values without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from modelinfra.graph.model import STACK_TYPE, Graph, Node
from modelinfra.graph.values import Secret, Unknown, has_unknown, jsonable

ENDPOINT = "modelinfra:index:ModelEndpoint"
_ENVIRONMENT = "modelinfra:index:Environment"
_LONGEST_VALUE = 80

# What people call a type where the token does not say it.
_NOUNS = {
    "aws:apigatewayv2/api:Api": "API gateway",
    "aws:apigatewayv2/domainName:DomainName": "domain of the API gateway",
    "aws:ec2/vpcEndpointService:VpcEndpointService": "endpoint service",
    "aws:alb/loadBalancer:LoadBalancer": "load balancer",
    "aws:appautoscaling/policy:Policy": "scaling policy",
    "aws:appautoscaling/scheduledAction:ScheduledAction": "scheduled action",
    "aws:appautoscaling/target:Target": "scaling target",
    "aws:autoscaling/group:Group": "Auto Scaling group",
    "aws:cloudwatch/logGroup:LogGroup": "log group",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "alarm",
    "aws:dynamodb/table:Table": "DynamoDB table",
    "aws:ebs/volume:Volume": "volume",
    "aws:ec2/eip:Eip": "public address",
    "aws:ec2/natGateway:NatGateway": "NAT gateway",
    "aws:ec2/vpc:Vpc": "VPC",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "VPC endpoint",
    "aws:ecs/taskDefinition:TaskDefinition": "task definition",
    "aws:efs/fileSystem:FileSystem": "file system",
    "aws:eks/cluster:Cluster": "EKS cluster",
    "aws:eks/nodeGroup:NodeGroup": "node group",
    "aws:fsx/lustreFileSystem:LustreFileSystem": "file system",
    "aws:iam/policy:Policy": "IAM policy",
    "aws:kms/key:Key": "KMS key",
    "aws:lambda/functionUrl:FunctionUrl": "function URL",
    "aws:lb/loadBalancer:LoadBalancer": "load balancer",
    "aws:rds/cluster:Cluster": "database cluster",
    "aws:rds/instance:Instance": "database",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "public access block",
    "aws:sqs/queue:Queue": "queue",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "ingress rule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "egress rule",
    "docker-build:index:Image": "image",
    "kubernetes:gateway.networking.k8s.io/v1:GRPCRoute": "gRPC route",
    "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute": "route",
    "kubernetes:monitoring.coreos.com/v1:PrometheusRule": "rules of Prometheus",
}


def noun(token: str) -> str:
    """`aws:lb/targetGroup:TargetGroup` -> `target group`."""
    known = _NOUNS.get(token)
    if known is not None:
        return known
    last = token.rpartition(":")[2]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", last).lower()


def owner(graph: Graph, node: Node) -> Node | None:
    """The outermost component to which a resource belongs, the environment itself aside; None where it stands alone."""
    found, here = None, graph.nodes.get(node.parent)
    while here is not None and here.type not in (STACK_TYPE, _ENVIRONMENT):
        if not here.custom:
            found = here
        here = graph.nodes.get(here.parent)
    return found


def endpoint_of(graph: Graph, node: Node) -> Node | None:
    """The endpoint to which a resource belongs."""
    here: Node | None = node
    while here is not None and here.type != ENDPOINT:
        here = graph.nodes.get(here.parent)
    return here


def whose(graph: Graph, node: Node) -> str:
    """The endpoint to which a resource belongs, by name; the resource itself where it belongs to none."""
    endpoint = endpoint_of(graph, node)
    return bare_name(graph, endpoint) if endpoint is not None else called(graph, node)


def bare_name(graph: Graph, component: Node) -> str:
    """The name that the user wrote: a component of an environment carries the environment's name in front."""
    parent = graph.nodes.get(component.parent)
    if parent is not None and parent.type == _ENVIRONMENT:
        return component.name.removeprefix(f"{parent.name}-")
    return component.name


def called(graph: Graph, node: Node) -> str:
    """`the load balancer of web`, `the task role of iris`; without a component `the bucket models`."""
    what, home = noun(node.type), owner(graph, node)
    if home is None:
        return f"the {what} {node.name}"
    siblings = [each for each in graph.all(node.type) if owner(graph, each) is home]
    # Names of another revision's children begin with a second hyphen.
    leaf = node.name.removeprefix(f"{home.name}-").removeprefix("-") if len(siblings) > 1 else ""
    # The task role is called `task`: its own name says which of them it is.
    return f"the {leaf} {what} of {bare_name(graph, home)}".replace("the  ", "the ")


def place(graph: Graph, node: Node, path: str) -> str:
    """Where a property is written: `web: idleTimeout`."""
    home = owner(graph, node)
    return f"{bare_name(graph, home) if home is not None else node.name}: {path}"


def listing(words: Iterable[str], most: int = 4) -> str:
    """`a`, `a and b`, `a, b and 3 more`: each once, in order."""
    found = list(dict.fromkeys(words))
    if len(found) > most:
        found = [*found[: most - 1], f"{len(found) - most + 1} more"]
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""


def plural(count: int, what: str) -> str:
    """`1 resource`, `3 resources`."""
    if count == 1:
        return f"1 {what}"
    return f"{count} {what[:-1]}ies" if what.endswith("y") and what[-2:-1] not in "aeiou" else f"{count} {what}s"


def shown(node: Node | None, path: str, value: Any) -> str:
    """A value in a sentence: short, `[secret]` where any part of it is one, `known after apply` where it is not known."""
    if node is not None and is_secret(node.inputs, path):
        return "[secret]"
    if value is Unknown or has_unknown(value):
        return "known after apply"
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(jsonable(value), sort_keys=True)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def is_secret(inputs: Mapping[str, Any], path: str) -> bool:
    """Whether the value at a path, what holds it, or a part of it is marked as a secret."""
    here: Any = inputs
    for part in re.findall(r"[^.\[\]]+", path):
        if isinstance(here, Secret):
            return True
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, list) and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        else:
            return False
    return _holds_secret(here)


def _holds_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_secret(each) for each in value.values())
    if isinstance(value, list):
        return any(_holds_secret(each) for each in value)
    return isinstance(value, Secret)
