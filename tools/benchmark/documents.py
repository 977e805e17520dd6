"""The JSON documents of the hand-written program."""

from __future__ import annotations

import json
from typing import Any

ENVIRONMENT = {
    "MLSERVER_DEBUG": "false",
    "MLSERVER_GRPC_PORT": "8081",
    "MLSERVER_HOST": "0.0.0.0",
    "MLSERVER_HTTP_PORT": "8080",
    "MLSERVER_METRICS_PORT": "8082",
}

DOCKERFILE = (
    "FROM docker.io/seldonio/mlserver:1.7.1\n"
    "COPY --chown=1000:0 . /mnt/models\n"
    + "".join(f"ENV {name}={json.dumps(value)}\n" for name, value in ENVIRONMENT.items())
    + 'EXPOSE 8081 8080 8082\nUSER 1000\nCMD ["mlserver", "start", "/mnt/models"]\n'
)

LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "What a build left behind without a tag",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 14,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)


def trust_policy(account: str) -> str:
    """Who may take the roles."""
    return _policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
    )


def execution_policy(repository_arn: str, log_group_arn: str) -> str:
    """What ECS may do to start a task."""
    return _policy(
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{log_group_arn}:*"},
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Resource": repository_arn,
        },
    )


def containers(image: str, log_group: str, region: str) -> str:
    """The container definitions of a task."""
    ports = (("grpc", 8081), ("http", 8080), ("metrics", 8082))
    container = {
        "name": "model",
        "image": image,
        "essential": True,
        "portMappings": [
            {"name": name, "containerPort": port, "hostPort": port, "protocol": "tcp"} for name, port in ports
        ],
        "environment": [
            {"name": name, "value": value} for name, value in sorted({"LOG_LEVEL": "info", **ENVIRONMENT}.items())
        ],
        "stopTimeout": 30,
        "linuxParameters": {"initProcessEnabled": True},
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group,
                "awslogs-region": region,
                "awslogs-stream-prefix": "model",
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        },
    }
    return json.dumps([container])


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
