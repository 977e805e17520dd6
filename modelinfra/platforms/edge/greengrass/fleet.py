"""A fleet on Greengrass: who its devices are, what lets them in, and for each ring a group with what its devices run."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra import naming
from modelinfra.children import Children
from modelinfra.platforms.edge import router
from modelinfra.platforms.edge.alarms import register_alarms
from modelinfra.platforms.edge.base import FleetOutputs, FleetRequest
from modelinfra.platforms.edge.dashboard import register_dashboard
from modelinfra.platforms.edge.greengrass.claim import CLIENT, register_claim
from modelinfra.platforms.edge.greengrass.identity import register_identity
from modelinfra.platforms.edge.greengrass.recipe import THING
from modelinfra.platforms.edge.greengrass.ring import Ring, register_ring
from modelinfra.platforms.edge.greengrass.watch import register_watch
from modelinfra.platforms.edge.telemetry import register_lines, told


def register_fleet(request: FleetRequest) -> FleetOutputs:
    """Register everything but the images."""
    children, plan = request.children, request.plan
    region = aws.get_region_output(opts=children.invoke).region
    thing_type = aws.iot.ThingType(
        children.named("devices", "thing group"),
        properties={"description": f"Devices of {plan.name}", "searchable_attributes": ["ring", "site"]},
        opts=children.opts("thing-type"),
    )
    # Its name is what things and the component are called, too: Pulumi makes it, so that no other stack has it.
    fleet = aws.iot.ThingGroup(
        _group_name(children),
        properties={"description": f"Devices of {plan.name}"},
        opts=children.opts("fleet-group", protect=request.production or None),
    )
    samples = router.register_samples(children, plan, production=request.production)
    lines = register_lines(children, plan)
    identity = register_identity(children, request.repositories, request.door, samples, lines)
    provider = _provider(children, region)
    rings: dict[str, Ring] = {}
    for ring in plan.rings:
        served = plan.revisions[ring.revision]
        found: dict[str, Input[Any]] = {
            "image": request.images[ring.revision],
            "environment": {**served.served.server.environment, **(served.options.environment or {})},
        }
        if request.door is not None:
            assert request.router_image is not None
            below = f"{router.prefix(ring.name)}device={THING}/"
            found |= router.known_later(request.door.url, region, samples, below)
            found |= {"router": request.router_image, "telemetry": told(children, plan, ring.name, lines)}
        rings[ring.name] = register_ring(
            children, plan, ring, fleet=fleet, provider=provider, found=found, needs=identity.needs
        )
    groups = {name: ring.group.name for name, ring in rings.items()}
    template: Input[str] = ""
    secret: Input[str] = ""
    if plan.options.claim is not None:
        template, secret = register_claim(
            children,
            plan.options.claim,
            prefix=fleet.name,
            groups=groups,
            thing_type=thing_type,
            alias_arn=identity.alias.arn,
            production=request.production,
        )
    if plan.options.alarm_topic_arn is not None:
        register_watch(children, plan.options.alarm_topic_arn, fleet.name)
    alarms = register_alarms(children, plan)
    signals = register_dashboard(children, plan, lines.name, region, alarms) if lines is not None else None
    shown: dict[str, Output[Any]] = {
        "thing_group_names": Output.all(**groups),
        "thing_prefix": fleet.name,
        "device_role_arn": identity.role.arn,
        "claim_secret_arn": Output.from_input(secret),
        **({"log_group": lines.name} if lines is not None else {}),
    }
    return FleetOutputs(
        shown,
        {
            "region": region,
            "prefix": fleet.name,
            "thing_type": thing_type.name,
            "groups": shown["thing_group_names"],
            "versions": Output.all(**{name: ring.version for name, ring in rings.items()}),
            "revisions": {ring.name: ring.revision for ring in plan.rings},
            "alias": identity.alias.alias,
            "template": template,
            "secret": secret,
            "expires": plan.options.claim.expires if plan.options.claim else "",
            "data_endpoint": _endpoint(children, "iot:Data-ATS"),
            "credentials_endpoint": _endpoint(children, "iot:CredentialProvider"),
        },
        signals,
    )


def _group_name(children: Children) -> str:
    """The logical name of the fleet's group: as short as it goes, since names of devices begin with it."""
    # AWS IoT quotas: names of things and of connections have 128 characters, of which a device's own has 63, and `claim:` 6.
    return naming.shortened(children.name, naming.LIMITS["thing group"] - 63 - len("-1234567") - 1 - len(CLIENT))


def _endpoint(children: Children, kind: str) -> Output[str]:
    return aws.iot.get_endpoint_output(endpoint_type=kind, opts=children.invoke).endpoint_address


def _provider(children: Children, region: Output[str]) -> pulumi.ProviderResource:
    """AWS's native provider, since the other has nothing of Greengrass: in the same region, and refused by any other account."""
    import pulumi_aws_native as native

    account = aws.get_caller_identity_output(opts=children.invoke).account_id
    return native.Provider(
        children.named("greengrass"),
        region=region,
        allowed_account_ids=[account],
        profile=pulumi.Config("aws").get("profile"),
        opts=children.opts("greengrass-provider"),
    )
