"""The function: says whether a device that holds the claim may become a thing, and in which group.

Without it whoever holds the claim could ask for the name of a device that there is, and with it for its place; or for a name that is a
pattern of other names. The environment says:

    ADMIT_PREFIX    what names of things begin with
    ADMIT_GROUPS    JSON: ring -> name of its thing group
    ADMIT_EXPIRES   the day at whose beginning (UTC) nobody is let in any more
    ADMIT_DEVICES   how many things a group may have

What AWS IoT asks and is answered: AWS IoT developer guide, "Pre-provisioning hooks". It waits for 5 seconds.
"""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Mapping
from typing import Any

# AWS IoT API, CreateThing: thingName, and attribute values. No `*`, no `?`, no `$`: the name becomes part of a policy.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_SITE = re.compile(r"[A-Za-z0-9_.,@/:#=\-]{1,128}")


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """What Lambda calls."""
    import boto3

    return answer(event, os.environ, boto3.client("iot"), datetime.datetime.now(datetime.UTC).date())


def answer(event: Mapping[str, Any], told: Mapping[str, str], iot: Any, today: datetime.date) -> dict[str, Any]:
    """What AWS IoT is answered. iot: a client of boto3."""
    asked = dict(event.get("parameters") or {})
    thing, groups = str(asked.get("ThingName", "")), json.loads(told["ADMIT_GROUPS"])
    group = groups.get(asked.get("Ring"))
    reason = _refusal(thing, str(asked.get("Site", "")), group, told, iot, today)
    # In the log of the function; the device is told no more than that it was refused.
    print(json.dumps({"thing": thing, "ring": asked.get("Ring"), "refused": reason}))
    if reason is not None:
        return {"allowProvisioning": False}
    return {"allowProvisioning": True, "parameterOverrides": {"RingGroup": group}}


def _refusal(
    thing: str, site: str, group: str | None, told: Mapping[str, str], iot: Any, today: datetime.date
) -> str | None:
    prefix, most = f"{told['ADMIT_PREFIX']}-", int(told["ADMIT_DEVICES"])
    if today >= datetime.date.fromisoformat(told["ADMIT_EXPIRES"]):
        return f"the claim has ended on {told['ADMIT_EXPIRES']}"
    if not thing.startswith(prefix) or not _NAME.fullmatch(thing.removeprefix(prefix)):
        return "this is no name of a device of the fleet"
    if not _SITE.fullmatch(site):
        return "this is no site"
    if group is None:
        return "the fleet has no such ring"
    if _exists(thing, iot):
        return "there is such a device; take it out of the fleet before another one is it"
    if _full(group, most, iot):
        return f"the ring has {most} devices"
    return None


def _exists(thing: str, iot: Any) -> bool:
    try:
        iot.describe_thing(thingName=thing)
    except iot.exceptions.ResourceNotFoundException:
        return False
    return True


def _full(group: str, most: int, iot: Any) -> bool:
    found = 0
    more: dict[str, str] = {}
    while found < most:
        # AWS IoT API, ListThingsInThingGroup: 250 at once.
        page = iot.list_things_in_thing_group(thingGroupName=group, maxResults=250, **more)
        found += len(page["things"])
        if not page.get("nextToken"):
            break
        more = {"nextToken": page["nextToken"]}
    return found >= most
