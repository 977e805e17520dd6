"""A deployed endpoint's state, made by hand: the smallest graph that has the whole contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelinfra.graph.model import Graph, Node

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits"
BASE = "docker.io/seldonio/mlserver:1.7.1"
DIGEST = "sha256:" + "1b" * 32
REPOSITORY = "123456789012.dkr.ecr.us-west-2.amazonaws.com/digits-1a2b3c4"
GROUP_ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/digits-5d6e7f8/0123456789abcdef"
URL = "http://internal-web-1234567890.us-west-2.elb.amazonaws.com/digits"
DOCKERFILE = f"""\
# digits, served by MLServer 1.7.1
FROM {BASE}
ENV MLSERVER_HOST=0.0.0.0 MLSERVER_HTTP_PORT=8080 MLSERVER_GRPC_PORT=8081 MLSERVER_METRICS_PORT=8082
COPY --chown=1000:0 . /mnt/models
USER 1000
EXPOSE 8080 8081
CMD ["mlserver", "start", "/mnt/models"]
"""


def deployed(model: Path | str, *, grace_seconds: int = 60) -> Graph:
    """The state of an endpoint `digits` whose model lies in `model`."""
    graph = Graph(project="project", stack="dev")

    def add(type_token: str, name: str, parent: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> str:
        urn = f"urn:pulumi:dev::project::{type_token}::{name}"
        custom = not type_token.startswith("modelinfra:")
        graph.nodes[urn] = Node(urn, name, type_token, parent, custom=custom, inputs=inputs, outputs=outputs)
        return urn

    environment = add("modelinfra:index:Environment", "dev", "", {}, {})
    endpoint = add(
        "modelinfra:index:ModelEndpoint",
        "digits",
        environment,
        {},
        {"url": URL, "predict_url": f"{URL}/v2/models/digits/infer", "health_url": f"{URL}/v2/health/ready"},
    )
    add(
        "docker-build:index:Image",
        "digits-image",
        endpoint,
        {"dockerfile": {"inline": DOCKERFILE}, "context": {"location": str(model)}, "tags": [f"{REPOSITORY}:1"]},
        {"digest": DIGEST, "ref": f"{REPOSITORY}@{DIGEST}"},
    )
    container = {
        "name": "model",
        "image": f"{REPOSITORY}@{DIGEST}",
        "essential": True,
        "linuxParameters": {"initProcessEnabled": True},
        "environment": [{"name": "MLSERVER_DEBUG", "value": "false"}],
        "portMappings": [
            {"name": "http", "containerPort": 8080, "protocol": "tcp"},
            {"name": "grpc", "containerPort": 8081, "protocol": "tcp"},
            {"name": "metrics", "containerPort": 8082, "protocol": "tcp"},
        ],
    }
    add(
        "aws:ecs/taskDefinition:TaskDefinition",
        "digits-task",
        endpoint,
        {"containerDefinitions": json.dumps([container]), "cpu": "512", "memory": "1024"},
        {},
    )
    add(
        "aws:lb/targetGroup:TargetGroup",
        "digits-targets",
        endpoint,
        {
            "port": 8080,
            "protocol": "HTTP",
            "targetType": "ip",
            "healthCheck": {"path": "/v2/health/ready", "matcher": "200"},
        },
        {"arn": GROUP_ARN},
    )
    add(
        "aws:lb/listenerRule:ListenerRule",
        "digits-rule",
        endpoint,
        {
            "priority": 4711,
            "actions": [{"type": "forward", "targetGroupArn": GROUP_ARN}],
            "conditions": [{"pathPattern": {"values": ["/digits/*"]}}],
            "transforms": [
                {"type": "url-rewrite", "urlRewriteConfig": {"rewrite": {"regex": "^/digits/(.*)$", "replace": "/$1"}}}
            ],
        },
        {},
    )
    add(
        "aws:ecs/service:Service",
        "digits-service",
        endpoint,
        {
            "healthCheckGracePeriodSeconds": grace_seconds,
            "loadBalancers": [{"targetGroupArn": GROUP_ARN, "containerName": "model", "containerPort": 8080}],
        },
        {},
    )
    return graph


def part(graph: Graph, kind: str) -> Node:
    """The node whose type ends with that word."""
    return next(node for node in graph if node.type.rpartition(":")[2] == kind)


def edit_container(graph: Graph, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change the model container inside the task definition's JSON."""
    inputs = part(graph, "TaskDefinition").inputs
    containers = json.loads(inputs["containerDefinitions"])
    edit(containers[0])
    inputs["containerDefinitions"] = json.dumps(containers)


def edit_dockerfile(graph: Graph, before: str, after: str) -> None:
    """Replace text in the Dockerfile; the text must be there."""
    dockerfile = part(graph, "Image").inputs["dockerfile"]
    assert before in dockerfile["inline"]
    dockerfile["inline"] = dockerfile["inline"].replace(before, after)
