"""What Fargate refuses in a task definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelinfra.catalog.fargate import (
    EPHEMERAL_STORAGE_LEAST_GIB,
    EPHEMERAL_STORAGE_MOST_GIB,
    SIZES,
    STOP_TIMEOUT_CEILING_SECONDS,
)
from modelinfra.graph.model import Node
from modelinfra.policies import tokens
from modelinfra.policies.rule import Found, Rule
from modelinfra.policies.view import View, listed, mapping, number, parsed

_START_TIMEOUT_CEILING_SECONDS = 120
_LOG_DRIVERS = {"awslogs", "splunk", "awsfirelens"}
_CAPABILITIES = {"SYS_PTRACE"}


def containers(task: dict[str, Any]) -> list[dict[str, Any]]:
    """The container definitions of a task definition; none when they are not known yet."""
    return [each for each in listed(parsed(task.get("containerDefinitions"))) if isinstance(each, dict)]


def on_fargate(task: dict[str, Any]) -> bool:
    """Whether a task definition asks to be checked as one for Fargate."""
    return "FARGATE" in listed(task.get("requiresCompatibilities"))


def _tasks(view: View) -> Iterator[tuple[Node, dict[str, Any]]]:
    return ((node, task) for node, task in view.each(tokens.TASK) if on_fargate(task))


def _containers(view: View) -> Iterator[tuple[Node, dict[str, Any]]]:
    return ((node, container) for node, task in _tasks(view) for container in containers(task))


def _size(view: View) -> Found:
    for node, task in _tasks(view):
        cpu, memory = number(task.get("cpu")), number(task.get("memory"))
        if cpu is None or memory is None:
            if "cpu" not in task or "memory" not in task:
                yield node, "the task says no cpu or no memory"
        elif memory not in SIZES.get(int(cpu), ()):
            yield node, f"there is no size of {cpu:g} CPU units with {memory:g} MiB"


def _over(key: str, ceiling: int) -> Any:
    def find(view: View) -> Found:
        for node, container in _containers(view):
            seconds = number(container.get(key))
            if seconds is not None and seconds > ceiling:
                yield node, f"{key} is {seconds:g} s"

    return find


def _shared_memory(view: View) -> Found:
    for node, container in _containers(view):
        for key in ("sharedMemorySize", "maxSwap", "swappiness", "devices", "tmpfs"):
            if mapping(container.get("linuxParameters")).get(key):
                yield node, f"linuxParameters.{key} is set"


def _gpu(view: View) -> Found:
    for node, container in _containers(view):
        for requirement in listed(container.get("resourceRequirements")):
            yield node, f"resourceRequirements asks for {mapping(requirement).get('type')}"


def _ulimits(view: View) -> Found:
    for node, container in _containers(view):
        for ulimit in listed(container.get("ulimits")):
            if mapping(ulimit).get("name") != "nofile":
                yield node, f"the ulimit {mapping(ulimit).get('name')} is set"


def _network_mode(view: View) -> Found:
    for node, task in _tasks(view):
        mode = task.get("networkMode")
        if (isinstance(mode, str) and mode != "awsvpc") or mode is None:
            yield node, f"networkMode is {mode}"


def _host_port(view: View) -> Found:
    for node, container in _containers(view):
        for port in listed(container.get("portMappings")):
            host = mapping(port).get("hostPort")
            if host not in (None, mapping(port).get("containerPort")):
                yield node, f"hostPort {host} is not containerPort {mapping(port).get('containerPort')}"


def _storage(view: View) -> Found:
    for node, task in _tasks(view):
        size = number(mapping(task.get("ephemeralStorage")).get("sizeInGib"))
        if size is not None and not EPHEMERAL_STORAGE_LEAST_GIB <= size <= EPHEMERAL_STORAGE_MOST_GIB:
            yield node, f"ephemeralStorage is {size:g} GiB"


def _privileged(view: View) -> Found:
    for node, container in _containers(view):
        if container.get("privileged"):
            yield node, "the container is privileged"
        added = listed(mapping(mapping(container.get("linuxParameters")).get("capabilities")).get("add"))
        for capability in sorted(set(added) - _CAPABILITIES):
            yield node, f"the capability {capability} is added"


def _host(view: View) -> Found:
    for node, task in _tasks(view):
        if task.get("ipcMode") == "host" or task.get("pidMode") == "host":
            yield node, "ipcMode or pidMode is host"
        for volume in listed(task.get("volumes")):
            if mapping(volume).get("hostPath") or mapping(volume).get("dockerVolumeConfiguration"):
                yield node, f"the volume {mapping(volume).get('name')} is the host's"
        if listed(task.get("placementConstraints")):
            yield node, "placementConstraints are set"


def _log_driver(view: View) -> Found:
    for node, container in _containers(view):
        driver = mapping(container.get("logConfiguration")).get("logDriver")
        if driver is not None and driver not in _LOG_DRIVERS:
            yield node, f"the log driver is {driver}"


def _container_memory(view: View) -> Found:
    for node, task in _tasks(view):
        whole = number(task.get("memory"))
        for container in containers(task):
            for key in ("memory", "memoryReservation"):
                part = number(container.get(key))
                if whole is not None and part is not None and part > whole:
                    yield node, f"{key} of the container is {part:g} MiB, of the task {whole:g} MiB"


_GUIDE = "ECS developer guide, task definition parameters for Fargate"
_MODEL = "botocore ecs"

RULES = (
    Rule(
        "fargate-size",
        "Fargate offers certain pairs of CPU and memory only",
        "ECS developer guide, Task size (facts serving.md 2b)",
        "Take a pair of the table.",
        _size,
    ),
    Rule(
        "fargate-stop-timeout",
        "On Fargate a container has 120 s at most to stop",
        f"{_MODEL} ContainerDefinition.stopTimeout (facts serving.md 2a)",
        "Write 120 or less; what takes longer must be drained before.",
        _over("stopTimeout", STOP_TIMEOUT_CEILING_SECONDS),
    ),
    Rule(
        "fargate-start-timeout",
        "On Fargate a container waits 120 s at most for another one",
        f"{_MODEL} ContainerDefinition.startTimeout",
        "Write 120 or less; a slow start belongs to the service's grace period.",
        _over("startTimeout", _START_TIMEOUT_CEILING_SECONDS),
    ),
    Rule(
        "fargate-linux-parameters",
        "Fargate offers no shared memory size, swap, devices or tmpfs",
        f"{_MODEL} LinuxParameters (facts serving.md 2a)",
        "Remove it, or run on EC2 capacity.",
        _shared_memory,
    ),
    Rule(
        "fargate-gpu",
        "Fargate has no GPU",
        f"{_GUIDE}; facts serving.md 2a, GPU not possible on",
        "Run on EC2 or Managed Instances.",
        _gpu,
    ),
    Rule(
        "fargate-ulimits",
        "On Fargate the only ulimit that can be set is nofile",
        f"{_GUIDE}, Resource limits",
        "Remove the others.",
        _ulimits,
    ),
    Rule(
        "fargate-network-mode",
        "Fargate takes the network mode awsvpc only",
        f"{_MODEL} RegisterTaskDefinitionRequest.networkMode",
        "Write awsvpc.",
        _network_mode,
    ),
    Rule(
        "awsvpc-host-port",
        "With awsvpc a host port is the container's port",
        f"{_MODEL} PortMapping.hostPort",
        "Leave hostPort out.",
        _host_port,
    ),
    Rule(
        "fargate-ephemeral-storage",
        "Ephemeral storage is 21 to 200 GiB; 20 is the default and cannot be written",
        f"{_MODEL} EphemeralStorage.sizeInGiB",
        "Write 21 to 200, or leave it out.",
        _storage,
    ),
    Rule(
        "fargate-privileged",
        "Fargate takes no privileged containers and no added capability but SYS_PTRACE",
        f"{_MODEL} ContainerDefinition.privileged, KernelCapabilities.add",
        "Remove it.",
        _privileged,
    ),
    Rule(
        "fargate-host",
        "Fargate shares nothing of its host: no host namespaces, host or Docker volumes, placement constraints",
        f"{_GUIDE}",
        "Remove it.",
        _host,
    ),
    Rule(
        "fargate-log-driver",
        "On Fargate the log drivers are awslogs, splunk and awsfirelens",
        f"{_MODEL} LogConfiguration.logDriver",
        "Take one of these.",
        _log_driver,
    ),
    Rule(
        "container-memory",
        "A container's memory is part of its task's",
        f"{_MODEL} ContainerDefinition.memory",
        "Give the task more, or the container less.",
        _container_memory,
    ),
)
