"""A device that goes into another ring."""

from __future__ import annotations

from typing import Any

from modelinfra.enrollment.deployed import DeployedFleet, Fleet, FleetError, GreengrassFleet
from modelinfra.enrollment.script import RING
from modelinfra.enrollment.status import DeviceStatus


def check(fleet: Fleet, device: DeviceStatus, ring: str) -> None:
    """Raises FleetError where it cannot go there."""
    fleet.check_ring(ring)
    if device.ring == ring:
        raise FleetError(f"{device.name} is in the ring {ring} already.")
    if not isinstance(fleet, DeployedFleet):
        return
    if ring not in fleet.roles:
        raise FleetError(
            "This state does not say which role the devices of a ring have. Run `pulumi up`, and export it anew."
        )
    if not device.node:
        raise FleetError(f"{device.name} is no node of Systems Manager any more. Enrol it anew, with --ring {ring}.")


def move(fleet: DeployedFleet | GreengrassFleet, device: DeviceStatus, ring: str, session: Any) -> None:
    """Whoever runs the containers ends on it what does not belong there any more, and starts what the ring runs."""
    if isinstance(fleet, GreengrassFleet):
        # A thing that leaves a group takes off what that group's deployment brought (Greengrass v2 developer guide, "Manage deployments").
        session.client("iot").update_thing_groups_for_thing(
            thingName=device.node,
            thingGroupsToAdd=[fleet.groups[ring]],
            thingGroupsToRemove=[fleet.groups[device.ring]] if device.ring in fleet.groups else [],
        )
        return
    # First the role: the old ring's goes with that ring, and a device without one is lost. With the new one it may do the same.
    session.client("ssm").update_managed_instance_role(InstanceId=device.node, IamRole=fleet.roles[ring])
    # A service runs on each device with its ring (ECS API, Service: schedulingStrategy DAEMON).
    attribute = {"name": RING, "value": ring, "targetId": device.instance_arn}
    session.client("ecs").put_attributes(cluster=fleet.cluster, attributes=[attribute])


def afterwards(fleet: DeployedFleet | GreengrassFleet, device: DeviceStatus, ring: str) -> str:
    """What the device itself knows of it, in words."""
    if isinstance(fleet, GreengrassFleet):
        return "Nothing is to be done on the device: its group says what it runs."
    # amazon-ecs-agent, README: ECS_INSTANCE_ATTRIBUTES.
    return (
        f"Its own file (/etc/ecs/ecs.config) still says {device.ring}: the agent reads that only when a machine joins. Should it have to join "
        f"anew, write its script with --ring {ring}."
    )
