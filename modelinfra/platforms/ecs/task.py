"""The task definition: a container with the server and its model, one that fetches the model, and those that work a queue off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi_aws as aws
from pulumi import Output

from modelinfra.platforms.base import EndpointRequest
from modelinfra.platforms.ecs import capture as capturing
from modelinfra.platforms.ecs import fetch, worker
from modelinfra.platforms.ecs.capture import Capture
from modelinfra.platforms.ecs.collector import CPU_SHARES, Collector, collector_container, known_later
from modelinfra.platforms.ecs.collector import environment as variables
from modelinfra.platforms.ecs.containers import logged
from modelinfra.platforms.ecs.log_group import LogGroup
from modelinfra.platforms.ecs.placement import Placement
from modelinfra.platforms.ecs.queue import Queue
from modelinfra.platforms.ecs.roles import TaskRoles
from modelinfra.platforms.ecs.sizing import EcsSizing

CONTAINER_NAME = "model"


def register_task_definition(
    request: EndpointRequest,
    sizing: EcsSizing,
    log_group: LogGroup,
    roles: TaskRoles,
    *,
    placement: Placement | None,
    cluster_arn: Output[str],
    collector: Collector | None,
    queue: Queue | None = None,
    capture: Capture | None = None,
) -> aws.ecs.TaskDefinition:
    """A revision of the endpoint. placement: on which nodes; None on Fargate. cluster_arn: of the cluster that its tasks run in.

    collector: what stands beside the server, if anything does. queue: what its requests come from; None where they come over a load balancer.
    capture: where a sample of them is kept; None where none is.
    """
    options = request.options
    storage = sizing.ephemeral_storage_gib
    containers = Output.all(
        image=request.image,
        log_group=log_group.name,
        log_region=log_group.region,
        environment={
            **request.served.server.environment,
            **variables(options, request.name),
            **(options.environment or {}),
        },
        secrets=options.secrets or {},
        fetcher=request.fetcher.reference if request.fetcher else None,
        # An adopted log group may lie in another region than the tasks.
        region=cluster_arn.apply(lambda arn: arn.split(":")[3])
        if request.fetcher or request.worker or collector or capture
        else None,
        worker=request.worker.reference if request.worker else None,
        queue=queue.queue.url if queue else None,
        store=queue.store_uri if queue else None,
        tokens=fetch.tokens(request),
        **known_later(request, collector),
        **capturing.known_later(request, capture),
    ).apply(lambda found: json.dumps(_containers(request, sizing, placement, queue, collector, capture, found)))
    return aws.ecs.TaskDefinition(
        request.children.named("task", "task definition"),
        family=request.children.named("task", "task definition"),
        requires_compatibilities=["FARGATE" if placement is None else placement.compatibility],
        network_mode="awsvpc",
        cpu=str(sizing.task.cpu),
        memory=str(sizing.task.memory),
        runtime_platform={"operating_system_family": "LINUX", "cpu_architecture": options.architecture.upper()},
        ephemeral_storage={"size_in_gib": storage} if storage is not None else None,
        execution_role_arn=roles.execution_arn,
        task_role_arn=roles.task_arn,
        container_definitions=containers,
        volumes=[*fetch.volumes(request), *capturing.volumes(capture)] or None,
        opts=request.children.opts("task-definition"),
    )


def _containers(
    request: EndpointRequest,
    sizing: EcsSizing,
    placement: Placement | None,
    queue: Queue | None,
    collector: Collector | None,
    capture: Capture | None,
    found: Mapping[str, Any],
) -> list[dict[str, Any]]:
    server = _behind_a_proxy(
        _on_nodes(_container(request, sizing, found), request, placement), sizing, capture, collector
    )
    logs = server["logConfiguration"]
    fetching = fetch.fetch_container(request, found, logs)
    working = worker.containers(request, sizing, queue, found, server, on_nodes=placement is not None) if queue else []
    collecting = collector_container(request, collector, found, logs)
    return [
        server,
        *fetching,
        *working,
        *collecting,
        *capturing.containers(request, capture, found, logs, sizing.stop_timeout),
    ]


def _behind_a_proxy(
    container: dict[str, Any], sizing: EcsSizing, capture: Capture | None, collector: Collector | None
) -> dict[str, Any]:
    """The server's container with what it gets from being behind one: it starts later and stops earlier, and the processor is its own but
    for the others' shares."""
    if capture is None:
        return container
    beside = capturing.CPU_SHARES + (CPU_SHARES if collector is not None else 0)
    started = {"containerName": capturing.PROXY_NAME, "condition": "START"}
    return {
        **container,
        "cpu": sizing.task.cpu - beside,
        "dependsOn": [*container.get("dependsOn", []), started],
    }


def _container(request: EndpointRequest, sizing: EcsSizing, found: Mapping[str, Any]) -> dict[str, Any]:
    secrets = [{"name": name, "valueFrom": arn} for name, arn in sorted(found["secrets"].items())]
    return {
        "name": CONTAINER_NAME,
        "image": found["image"],
        "essential": True,
        "portMappings": [
            {"name": role, "containerPort": port, "hostPort": port, "protocol": "tcp"}
            for role, port in sorted(request.served.server.ports.items())
        ],
        "environment": [{"name": name, "value": value} for name, value in sorted(found["environment"].items())],
        # AWS answers without the key when there is none.
        **({"secrets": secrets} if secrets else {}),
        **fetch.of_server(request),
        "stopTimeout": sizing.stop_timeout,
        # An init process reaps what the server's workers and `exec` leave behind, and passes SIGTERM on.
        "linuxParameters": {"initProcessEnabled": True},
        "logConfiguration": logged(found["log_group"], found["log_region"], CONTAINER_NAME),
    }


def _on_nodes(container: dict[str, Any], request: EndpointRequest, placement: Placement | None) -> dict[str, Any]:
    """The server's container with what nodes have and Fargate does not: accelerators, shared memory, limits of the process."""
    if placement is None:
        return container
    server = request.served.server
    linux = {**container["linuxParameters"], **placement.linux_parameters}
    if server.shared_memory_mib and not placement.pool.managed:
        linux["sharedMemorySize"] = server.shared_memory_mib
    limits = [{"name": name, "softLimit": limit, "hardLimit": limit} for name, limit in sorted(server.ulimits.items())]
    return {
        **container,
        **placement.requirements,
        "linuxParameters": linux,
        **({"ulimits": limits} if limits else {}),
    }
