"""What a device runs: one container with the server and its model, which is asked whether it is ready."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.platforms.base import Revision
from modelinfra.platforms.ecs.containers import RESTARTED, logged
from modelinfra.platforms.ecs.log_group import LogGroup
from modelinfra.platforms.ecs.task import CONTAINER_NAME
from modelinfra.platforms.edge import router
from modelinfra.platforms.edge.fallback import Door
from modelinfra.platforms.edge.planner import FleetPlan, PlannedRing
from modelinfra.platforms.served_model import ServedModel

# ECS API, HealthCheck: the most of `startPeriod`, `interval` and `retries`, in seconds and times.
_LONGEST_START: Final = 300
_INTERVAL: Final = 30
_RETRIES: Final = 3
_MOST_RETRIES: Final = 10
_TIMEOUT: Final = 10


@dataclass(frozen=True)
class Routed:
    """What stands before the server on devices with a fallback. image: the router's. door: of the endpoint. samples: where they lie."""

    image: Input[str]
    door: Door
    samples: aws.s3.Bucket | None


def register_task_definition(
    children: Children,
    plan: FleetPlan,
    ring: PlannedRing,
    revision: Revision,
    *,
    image: Input[str],
    log_group: LogGroup,
    region: Output[str],
    execution_role_arn: Input[str],
    task_role_arn: Input[str],
    routed: Routed | None,
    telemetry: Mapping[str, Any] | None,
) -> aws.ecs.TaskDefinition:
    """What the devices of a ring run. region: of the fleet, which need not be that of an adopted log group. telemetry: what CloudWatch is told."""
    cpu, options, served = plan.options.cpu, revision.options, revision.served
    return aws.ecs.TaskDefinition(
        children.named("task", "task definition"),
        family=children.named("task", "task definition"),
        requires_compatibilities=["EXTERNAL"],
        # ECS Anywhere has no awsvpc; with `host` every port of the server would be one of the device.
        network_mode="bridge",
        cpu=str(math.ceil(cpu * 1024)) if cpu is not None else None,
        memory=str(plan.memory_mib(served)),
        runtime_platform={"operating_system_family": "LINUX", "cpu_architecture": options.architecture.upper()},
        execution_role_arn=execution_role_arn,
        task_role_arn=task_role_arn,
        container_definitions=Output.all(
            image=image,
            group=log_group.name,
            log_region=log_group.region,
            environment={**served.server.environment, **(options.environment or {})},
            secrets=options.secrets or {},
            router=routed.image if routed else None,
            telemetry=telemetry,
            **(router.known_later(routed.door.url, region, routed.samples, router.prefix(ring.name)) if routed else {}),
        ).apply(lambda found: json.dumps(_containers(plan, ring, served, found))),
        volumes=_volumes(plan) if routed else None,
        opts=children.opts("task-definition"),
    )


def _volumes(plan: FleetPlan) -> list[aws.ecs.TaskDefinitionVolumeArgsDict]:
    """Of the router."""
    volumes: list[aws.ecs.TaskDefinitionVolumeArgsDict] = [
        {
            "name": router.volume(plan),
            # Docker's own, not a folder of the device: it takes its owner from the image, and outlives the task.
            "docker_volume_configuration": {"scope": "shared", "autoprovision": True, "driver": "local"},
        },
        {"name": router.NAME_VOLUME, "host_path": router.NAME_HOME},
    ]
    shown = router.shown_directory(plan)
    if shown is not None:
        volumes.append({"name": router.SHOWN_VOLUME, "host_path": shown})
    return volumes


def _containers(
    plan: FleetPlan, ring: PlannedRing, served: ServedModel, found: Mapping[str, Any]
) -> list[dict[str, Any]]:
    server = _server(plan, served, found)
    if plan.fallback is None:
        return [server]
    local = f"http://{CONTAINER_NAME}:{served.server.ports['http']}"
    told = router.settings(
        plan, served, plan.fallback, ring=ring.name, revision=ring.revision, local=local, found=found
    )
    # Clients come to the router alone; its other port stays the server's own.
    before = [each for each in server["portMappings"] if each["name"] != "http"]
    standing = router.container(
        told,
        volume=router.volume(plan),
        image=found["router"],
        port=served.server.ports["http"],
        model=CONTAINER_NAME,
        region=found["region"],
        stop=plan.stop_timeout(served),
        logs=server["logConfiguration"],
        shown=router.shown_directory(plan) is not None,
        gpus=plan.tells and plan.options.gpus > 0,
    )
    return [{**server, "portMappings": before}, {**standing, "restartPolicy": RESTARTED}]


def _server(plan: FleetPlan, served: ServedModel, found: Mapping[str, Any]) -> dict[str, Any]:
    server, gpus = served.server, plan.options.gpus
    secrets = [{"name": name, "valueFrom": arn} for name, arn in sorted(found["secrets"].items())]
    limits = [{"name": name, "softLimit": most, "hardLimit": most} for name, most in sorted(server.ulimits.items())]
    linux: dict[str, Any] = {"initProcessEnabled": True}
    if server.shared_memory_mib:
        linux["sharedMemorySize"] = server.shared_memory_mib
    return {
        "name": CONTAINER_NAME,
        "image": found["image"],
        "essential": True,
        "portMappings": [
            {"name": role, "containerPort": port, "hostPort": port, "protocol": "tcp"}
            for role, port in sorted(server.ports.items())
        ],
        "environment": [{"name": name, "value": value} for name, value in sorted(found["environment"].items())],
        **({"secrets": secrets} if secrets else {}),
        **({"resourceRequirements": [{"type": "GPU", "value": str(gpus)}]} if gpus else {}),
        **({"ulimits": limits} if limits else {}),
        "stopTimeout": plan.stop_timeout(served),
        "linuxParameters": linux,
        "restartPolicy": RESTARTED,
        "healthCheck": health_check(served),
        "logConfiguration": logged(found["group"], found["log_region"], CONTAINER_NAME),
    }


def health_check(served: ServedModel) -> dict[str, Any]:
    """Asks the server whether its model is ready, since no load balancer does. It takes nothing but bash, which the images of all servers have.

    A server that loads longer than ECS's longest `startPeriod` has as many failed checks more as that takes.
    """
    port, path = served.server.ports["http"], served.health_path
    ask = (
        f"exec 3<>/dev/tcp/127.0.0.1/{port} && "
        f"printf 'GET {path} HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && "
        'read -r -t 5 _ status _ <&3 && [ "$status" = 200 ]'
    )
    loading = max(served.startup_seconds - _LONGEST_START, 0)
    retries = min(_RETRIES + math.ceil(loading / _INTERVAL), _MOST_RETRIES)
    interval = max(_INTERVAL, math.ceil(loading / (_MOST_RETRIES - _RETRIES)))
    return {
        "command": ["CMD", "bash", "-c", ask],
        "startPeriod": min(served.startup_seconds, _LONGEST_START),
        "interval": min(interval, _LONGEST_START),
        "timeout": _TIMEOUT,
        "retries": retries,
    }
