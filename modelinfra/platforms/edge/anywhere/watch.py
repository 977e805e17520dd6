"""Who hears of devices that fall silent, and of rings whose deployment fails."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.platforms.ecs.objectives import failed_deployments
from modelinfra.platforms.edge.event_rules import register_rules


def register_watch(
    children: Children, topic_arn: Input[str], cluster_arn: Output[str], services: Mapping[str, aws.ecs.Service]
) -> None:
    """Rules over ECS's events (ECS developer guide, "Amazon ECS container instance state change events" and "... deployment state change events")."""
    patterns = {
        "silent": (
            f"Fleet {children.name}: devices whose agent has lost its connection",
            cluster_arn.apply(_silent),
        ),
        "deployment": (
            f"Fleet {children.name}: deployments to a ring that fail",
            Output.all(*(service.id for service in services.values())).apply(failed_deployments),
        ),
    }
    register_rules(children, topic_arn, patterns)


def _silent(cluster_arn: str) -> str:
    return json.dumps(
        {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Container Instance State Change"],
            "detail": {"clusterArn": [cluster_arn], "agentConnected": [False]},
        }
    )
