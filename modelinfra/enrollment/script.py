"""The script that makes a machine a device of a fleet, and takes it out again."""

from __future__ import annotations

import datetime
import json
import re
import shlex
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from modelinfra.catalog.greengrass import NUCLEUS, PLUGIN, ROOT_CA_FINGERPRINT, ROOT_CA_URL
from modelinfra.enrollment.deployed import NO_SITE, DeployedFleet, FleetError, GreengrassFleet
from modelinfra.enrollment.keys import KEYS_URL, SIGNERS
from modelinfra.options.edge_dates import is_over

RING, DEVICE, SITE = "modelinfra.ring", "modelinfra.device", "modelinfra.site"
"""Attributes of a device in ECS; services are placed by the first."""

# ECS API, Attribute: what its value may be, without spaces, which the agent's configuration would have to quote.
_WORD: Final = r"[A-Za-z0-9][A-Za-z0-9._/@:-]{0,127}"
# AWS IoT API, CreateThing: thingName. The fleet's prefix comes before it.
_THING: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}"
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"


MACHINES: Final = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Architecture -> as `uname -m` says it."""


@dataclass(frozen=True)
class Device:
    """A device that is to be enrolled. name: unique in the fleet. attributes: more words of its own by which services may be placed."""

    name: str
    ring: str
    site: str
    attributes: dict[str, str]


def device(
    fleet: DeployedFleet | GreengrassFleet,
    name: str,
    *,
    ring: str | None = None,
    site: str = "",
    attributes: dict[str, str] | None = None,
) -> Device:
    """A device with its ring: the one that is drawn for its name, unless another is asked for. Raises FleetError."""
    if not re.fullmatch(_NAME, name):
        raise FleetError(
            f"'{name}' is no name of a device. Write letters, digits, dots, - and _, for example till-0042."
        )
    if ring is not None:
        fleet.check_ring(ring)
    own = dict(attributes or {})
    if isinstance(fleet, GreengrassFleet):
        if not re.fullmatch(_THING, name):
            raise FleetError(
                f"'{name}' is no name of a device on Greengrass. Write 63 letters, digits, - and _ at most."
            )
        if own:
            raise FleetError("Devices on Greengrass have a ring and a site, and no other attributes. Leave them out.")
    for key, value in {**own, **({"site": site} if site else {})}.items():
        if not re.fullmatch(_NAME, key) or not re.fullmatch(_WORD, value):
            raise FleetError(
                f"'{key}={value}' is no attribute of a device. Write letters, digits and . _ / @ : - only."
            )
        if key in (RING, DEVICE, SITE):
            raise FleetError(f"'{key}' is written by the script itself. Write another name.")
    return Device(name, ring or fleet.ring_of(name), site, own)


def install_script(fleet: DeployedFleet | GreengrassFleet, of: Device) -> str:
    """The script, as text; what lets the device in is none of it. Raises FleetError where the fleet lets nobody in."""
    if isinstance(fleet, GreengrassFleet):
        _lets_in(fleet, fleet.secret, "claim")
        return _on_greengrass("claim", fleet, of, site=of.site or NO_SITE, plugin=PLUGIN)
    secret = fleet.secrets.get(of.ring)
    _lets_in(fleet, secret, "activation")
    return rendered(
        "ecs_anywhere.sh.j2",
        fleet=fleet,
        device=of,
        secret_arn=secret,
        attributes=json.dumps(
            {
                RING: of.ring,
                DEVICE: of.name,
                **({SITE: of.site} if of.site else {}),
                **dict(sorted(of.attributes.items())),
            }
        ),
        machine=MACHINES[fleet.architecture],
        package={"x86_64": "amd64", "arm64": "arm64"}[fleet.architecture],
        signers=SIGNERS,
        keys_url=KEYS_URL,
    )


def own_certificate_script(fleet: GreengrassFleet, of: Device, fingerprint: str, ends: datetime.date) -> str:
    """The script for a machine that has a certificate of its own, and until when. fingerprint: SHA-256, as openssl writes it."""
    return _on_greengrass("certificate", fleet, of, fingerprint=fingerprint, ends=ends)


def _on_greengrass(way: str, fleet: GreengrassFleet, of: Device, **given: Any) -> str:
    return rendered(
        f"greengrass_{way}.sh.j2",
        fleet=fleet,
        device=of,
        thing=fleet.thing(of.name),
        machine=MACHINES[fleet.architecture],
        nucleus=NUCLEUS,
        root_ca_url=ROOT_CA_URL,
        root_ca_fingerprint=ROOT_CA_FINGERPRINT,
        **given,
    )


def _lets_in(fleet: DeployedFleet | GreengrassFleet, secret: str | None, key: str) -> None:
    if not secret:
        other = " A machine that has a certificate needs no claim: --certificate." if key == "claim" else ""
        raise FleetError(
            f"The fleet '{fleet.name}' lets no device in. Write `{key}: {{expires: ...}}` below it, and deploy.{other}"
        )
    if is_over(fleet.expires):
        raise FleetError(
            f"What lets devices into the fleet '{fleet.name}' has ended on {fleet.expires}. Write a later day as `{key}.expires`, and deploy."
        )


def cloud_config(script: str, secret: str = "activation.json") -> str:
    """The same for a machine that is set up by cloud-init: it runs the script once what lets it in lies where it looks for it.

    secret: the name of that file.
    """
    return rendered("cloud_config.yaml.j2", script=script, secret=secret)


def rendered(template: str, **given: Any) -> str:
    """A file of `templates/`, with `quoted` for words of a shell."""
    environment = Environment(
        loader=PackageLoader("modelinfra.enrollment"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["quoted"] = shlex.quote
    return environment.get_template(template).render(**given)
