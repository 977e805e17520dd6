"""What the devices of a fleet on Greengrass say of themselves to AWS, and how one is taken out."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelinfra.enrollment.deployed import NO_SITE, GreengrassFleet
from modelinfra.enrollment.status import DeviceStatus, RingStatus, in_order

# Greengrass v2 developer guide, nucleus, fleetStatus.periodicStatusPublishIntervalSeconds: a device tells of itself once a day at least.
_SILENT_AFTER: Final = datetime.timedelta(hours=25)
_RUNS: Final = ("RUNNING", "FINISHED")
_FAILS: Final = ("ERRORED", "BROKEN")


def devices(fleet: GreengrassFleet, session: Any) -> list[DeviceStatus]:
    """Every device of the fleet, by ring and name. session: of boto3, in the fleet's region."""
    iot, greengrass = session.client("iot"), session.client("greengrassv2")
    ring_by_thing = {thing: ring for ring, group in fleet.groups.items() for thing in _members(iot, group)}
    sites = _sites(iot, fleet.thing_type)
    cores = {each["coreDeviceThingName"]: each for each in _cores(greengrass)}
    found = []
    for thing in sorted(sites.keys() | ring_by_thing.keys()):
        core = cores.get(thing)
        runs = _component(greengrass, thing, fleet.prefix) if core else None
        found.append(_device(fleet, thing, ring_by_thing.get(thing, ""), sites.get(thing, ""), core, runs))
    return in_order(found, fleet)


def rings(fleet: GreengrassFleet, session: Any) -> list[RingStatus]:
    """The rings' deployments."""
    iot, greengrass = session.client("iot"), session.client("greengrassv2")
    found = []
    for ring, group in fleet.groups.items():
        arn = iot.describe_thing_group(thingGroupName=group)["thingGroupArn"]
        newest = greengrass.list_deployments(targetArn=arn, historyFilter="LATEST_ONLY", maxResults=1)["deployments"]
        wanted = sum(1 for _ in _members(iot, group))
        if newest:
            job = greengrass.get_deployment(deploymentId=newest[0]["deploymentId"])["iotJobId"]
            counted = iot.describe_job(jobId=job)["job"].get("jobProcessDetails", {})
            found.append(_ring(fleet, ring, newest[0]["deploymentStatus"], counted, wanted))
        else:
            found.append(RingStatus(ring, "", "NONE", "", 0, wanted))
    return found


def revoke(fleet: GreengrassFleet, device: DeviceStatus, session: Any) -> None:
    """Take a device out of the fleet: its certificate is worth nothing from now on, and the role's credentials end after 15 minutes at most."""
    iot, greengrass = session.client("iot"), session.client("greengrassv2")
    principals = iot.list_thing_principals(thingName=device.node)["principals"]
    # First what it proves itself with: were only the rest of this to fail, the device could still do nothing.
    for principal in principals:
        iot.update_certificate(certificateId=principal.rpartition("/")[2], newStatus="REVOKED")
    for principal in principals:
        for policy in iot.list_attached_policies(target=principal)["policies"]:
            iot.detach_policy(policyName=policy["policyName"], target=principal)
            # Provisioning made it for this device alone; another's would still be attached somewhere.
            if not iot.list_targets_for_policy(policyName=policy["policyName"])["targets"]:
                iot.delete_policy(policyName=policy["policyName"])
        iot.detach_thing_principal(thingName=device.node, principal=principal)
        _delete(iot, principal.rpartition("/")[2])
    if device.last_seen is not None:
        greengrass.delete_core_device(coreDeviceThingName=device.node)
    iot.delete_thing(thingName=device.node)


def _delete(iot: Any, certificate: str) -> None:
    """But for one that AWS IoT did not make, which could be registered again by whoever holds it, or by an authority that registers by itself."""
    known = iot.describe_certificate(certificateId=certificate)["certificateDescription"]
    # AWS IoT API, CertificateDescription: certificateMode.
    if known.get("certificateMode") != "SNI_ONLY":
        iot.delete_certificate(certificateId=certificate)


def _members(iot: Any, group: str) -> Iterator[str]:
    for page in iot.get_paginator("list_things_in_thing_group").paginate(thingGroupName=group):
        yield from page["things"]


def _sites(iot: Any, thing_type: str) -> dict[str, str]:
    pages = iot.get_paginator("list_things").paginate(thingTypeName=thing_type)
    found = {each["thingName"]: each.get("attributes", {}).get("site", "") for page in pages for each in page["things"]}
    return {thing: "" if site == NO_SITE else site for thing, site in found.items()}


def _cores(greengrass: Any) -> Iterator[Mapping[str, Any]]:
    for page in greengrass.get_paginator("list_core_devices").paginate():
        yield from page["coreDevices"]


def _component(greengrass: Any, thing: str, component: str) -> Mapping[str, Any] | None:
    """What the device says of the fleet's component."""
    pages = greengrass.get_paginator("list_installed_components").paginate(
        coreDeviceThingName=thing, topologyFilter="ROOT"
    )
    for page in pages:
        for each in page["installedComponents"]:
            if each["componentName"] == component:
                return dict(each)
    return None


def _device(
    fleet: GreengrassFleet,
    thing: str,
    ring: str,
    site: str,
    core: Mapping[str, Any] | None,
    runs: Mapping[str, Any] | None,
) -> DeviceStatus:
    name = thing.removeprefix(f"{fleet.prefix}-")
    seen = core["lastStatusUpdateTimestamp"] if core else None
    state = runs["lifecycleState"] if runs else ""
    health = "UNKNOWN"
    if state in _FAILS or (core is not None and core["status"] == "UNHEALTHY"):
        health = "UNHEALTHY"
    elif state in _RUNS:
        health = "HEALTHY"
    return DeviceStatus(
        name=name,
        node=thing,
        ring=ring,
        site=site,
        connected=seen is not None and datetime.datetime.now(datetime.UTC) - seen < _SILENT_AFTER,
        revision=_revision(fleet, ring, runs["componentVersion"]) if runs and state in _RUNS else "",
        health=health,
        last_seen=seen,
        drawn=fleet.ring_of(name),
        instance_arn=thing,
    )


def _revision(fleet: GreengrassFleet, ring: str, version: str) -> str:
    """In the words of the stack file where it is the one that is declared; else the version alone."""
    return f"{fleet.revisions[ring]} {version}" if fleet.versions.get(ring) == version else version


def _ring(fleet: GreengrassFleet, ring: str, status: str, counted: Mapping[str, int], wanted: int) -> RingStatus:
    failures = {
        "failed": counted.get("numberOfFailedThings", 0),
        "took too long": counted.get("numberOfTimedOutThings", 0),
        "refused": counted.get("numberOfRejectedThings", 0),
    }
    said = ", ".join(f"{count} {how}" for how, count in failures.items() if count)
    # Nobody cancels a deployment but AWS IoT by `rollout.abortPercent`, or somebody by hand.
    stopped = status in ("CANCELED", "FAILED")
    return RingStatus(
        name=ring,
        revision=_revision(fleet, ring, fleet.versions[ring]),
        state="FAILED" if stopped else status,
        reason=f"stopped: {said}" if stopped and said else said,
        running=counted.get("numberOfSucceededThings", 0),
        wanted=wanted,
    )
