"""What runs on the devices of a fleet: as ECS and Systems Manager see them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.enrollment.deployed import DeployedFleet, Fleet, FleetError
from modelinfra.enrollment.script import DEVICE, RING, SITE

# ECS API, DescribeContainerInstances and DescribeTasks, DescribeServices; SSM API, DescribeInstanceInformation (filter values).
_AT_ONCE: Final = 100
_SERVICES_AT_ONCE: Final = 10
_NODES_AT_ONCE: Final = 50


@dataclass(frozen=True)
class DeviceStatus:
    """node: id in Systems Manager. connected: whether the agent of ECS is, now. revision: the task definition that runs, as `family:number`;
    empty where none does. health: HEALTHY, UNHEALTHY or UNKNOWN. last_seen: by Systems Manager; None where it never was. drawn: the ring
    that would be drawn for the device now."""

    name: str
    node: str
    ring: str
    site: str
    connected: bool
    revision: str
    health: str
    last_seen: datetime.datetime | None
    drawn: str
    instance_arn: str

    @property
    def moved(self) -> bool:
        """Whether the shares of the rings have changed since it was enrolled, so that it would be elsewhere now."""
        return self.drawn != self.ring


@dataclass(frozen=True)
class RingStatus:
    """A ring's service. revision: that is being deployed, or is. state: of the deployment. running, wanted: devices."""

    name: str
    revision: str
    state: str
    reason: str
    running: int
    wanted: int


def devices(fleet: DeployedFleet, session: Any) -> list[DeviceStatus]:
    """Every device of the fleet, by ring and name. session: of boto3, in the fleet's region."""
    ecs, ssm = session.client("ecs"), session.client("ssm")
    instances = list(_instances(ecs, fleet.cluster))
    tasks = {task["containerInstanceArn"]: task for task in _tasks(ecs, fleet.cluster)}
    seen = _last_seen(ssm, [each["ec2InstanceId"] for each in instances if each.get("ec2InstanceId")])
    found = [_device(fleet, each, tasks.get(each["containerInstanceArn"]), seen) for each in instances]
    return in_order(found, fleet)


def rings(fleet: DeployedFleet, session: Any) -> list[RingStatus]:
    """The rings' services."""
    services = fleet.services
    ecs = session.client("ecs")
    found: dict[str, Any] = {}
    for some in _parts(list(services.values()), _SERVICES_AT_ONCE):
        for service in ecs.describe_services(cluster=fleet.cluster, services=list(some))["services"]:
            found[service["serviceName"]] = service
    return [_ring(ring, found[name]) for ring, name in services.items() if name in found]


def revoke(fleet: DeployedFleet, device: DeviceStatus, session: Any) -> None:
    """Take a device out of the fleet: it gets nothing to run any more, and its credentials are not renewed."""
    ecs, ssm = session.client("ecs"), session.client("ssm")
    # First what renews its credentials: were only the rest of this to fail, the device could still not come back.
    if device.node:
        ssm.deregister_managed_instance(InstanceId=device.node)
    ecs.deregister_container_instance(cluster=fleet.cluster, containerInstance=device.instance_arn, force=True)


def in_order(found: Iterable[DeviceStatus], fleet: Fleet) -> list[DeviceStatus]:
    """By ring, as the stack file has them, and name; those of no ring first."""
    order = list(fleet.shares)
    return sorted(found, key=lambda each: (order.index(each.ring) if each.ring in order else -1, each.name))


def named(found: Iterable[DeviceStatus], name: str, fleet: Fleet) -> DeviceStatus:
    """The device of this name. Raises FleetError where there is none, or more than one."""
    matching = [each for each in found if each.name == name]
    if len(matching) == 1:
        return matching[0]
    if matching:
        nodes = ", ".join(each.node or each.instance_arn for each in matching)
        raise FleetError(
            f"{len(matching)} machines say that they are '{name}': {nodes}. Take out the wrong one by its own id."
        )
    raise FleetError(
        f"The fleet '{fleet.name}' has no device '{name}'. `modelinfra fleet status {fleet.name}` lists them."
    )


def _instances(ecs: Any, cluster: str) -> Iterator[Mapping[str, Any]]:
    arns = [
        arn
        for page in ecs.get_paginator("list_container_instances").paginate(cluster=cluster)
        for arn in page["containerInstanceArns"]
    ]
    for some in _parts(arns, _AT_ONCE):
        yield from ecs.describe_container_instances(cluster=cluster, containerInstances=list(some))[
            "containerInstances"
        ]


def _tasks(ecs: Any, cluster: str) -> Iterator[Mapping[str, Any]]:
    arns = [arn for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster) for arn in page["taskArns"]]
    for some in _parts(arns, _AT_ONCE):
        for task in ecs.describe_tasks(cluster=cluster, tasks=list(some))["tasks"]:
            if task.get("lastStatus") == "RUNNING" and "containerInstanceArn" in task:
                yield task


def _last_seen(ssm: Any, nodes: Sequence[str]) -> dict[str, datetime.datetime]:
    seen: dict[str, datetime.datetime] = {}
    for some in _parts(nodes, _NODES_AT_ONCE):
        pages = ssm.get_paginator("describe_instance_information").paginate(
            Filters=[{"Key": "InstanceIds", "Values": list(some)}]
        )
        for page in pages:
            seen |= {each["InstanceId"]: each["LastPingDateTime"] for each in page["InstanceInformationList"]}
    return seen


def _device(
    fleet: DeployedFleet,
    instance: Mapping[str, Any],
    task: Mapping[str, Any] | None,
    seen: Mapping[str, datetime.datetime],
) -> DeviceStatus:
    said = {each["name"]: each.get("value", "") for each in instance.get("attributes", [])}
    node = instance.get("ec2InstanceId", "")
    name = said.get(DEVICE) or node
    return DeviceStatus(
        name=name,
        node=node,
        ring=said.get(RING, ""),
        site=said.get(SITE, ""),
        connected=bool(instance.get("agentConnected")),
        revision=_revision(task["taskDefinitionArn"]) if task else "",
        health=task.get("healthStatus", "UNKNOWN") if task else "UNKNOWN",
        last_seen=seen.get(node),
        drawn=fleet.ring_of(name),
        instance_arn=instance["containerInstanceArn"],
    )


def _ring(name: str, service: Mapping[str, Any]) -> RingStatus:
    newest: Mapping[str, Any] = next(
        (each for each in service.get("deployments", []) if each.get("status") == "PRIMARY"), {}
    )
    return RingStatus(
        name=name,
        revision=_revision(newest.get("taskDefinition", service["taskDefinition"])),
        state=newest.get("rolloutState", "UNKNOWN"),
        reason=newest.get("rolloutStateReason", ""),
        running=service.get("runningCount", 0),
        wanted=service.get("desiredCount", 0),
    )


def _parts(whole: Sequence[str], size: int) -> Iterator[list[str]]:
    return (list(whole[start : start + size]) for start in range(0, len(whole), size))


def _revision(arn: str) -> str:
    return arn.rpartition("/")[2]
