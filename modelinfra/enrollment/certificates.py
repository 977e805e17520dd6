"""A device on Greengrass that brings a certificate of its own, of its maker or of the company's authority: who it is in AWS IoT.

AWS IoT takes a certificate without knowing who signed it (AWS IoT API, RegisterCertificateWithoutCA). It can do nothing until all else is
there, and whatever ended in between goes on where it was when it is asked again.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelinfra.enrollment.deployed import NO_SITE, FleetError, GreengrassFleet
from modelinfra.enrollment.script import Device
from modelinfra.platforms.edge.greengrass.device_policy import device_policy


@dataclass(frozen=True)
class OwnCertificate:
    """pem: of the device's alone, without those of who signed it. sha256: of its DER, in hexadecimal digits."""

    pem: str
    sha256: str
    ends: datetime.datetime

    @property
    def fingerprint(self) -> str:
        """As openssl writes it."""
        return bytes.fromhex(self.sha256).hex(":").upper()


def read(path: Path) -> OwnCertificate:
    """The first certificate of a file in PEM. Raises FleetError where there is none that holds today, and ImportError without `cryptography`."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError) as error:
        raise FleetError(f"{path} is no certificate in PEM ({error}).") from error
    begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
    if not begins <= datetime.datetime.now(datetime.UTC) < ends:
        raise FleetError(f"{path} is valid from {begins:%Y-%m-%d} until {ends:%Y-%m-%d}, which is not now.")
    pem = found.public_bytes(serialization.Encoding.PEM).decode()
    return OwnCertificate(pem, found.fingerprint(hashes.SHA256()).hex(), ends)


def register(fleet: GreengrassFleet, of: Device, certificate: OwnCertificate, session: Any) -> None:
    """Make what has this certificate the device. session: of boto3, in the fleet's region.

    Raises FleetError where the device has another certificate, or the certificate is another device's, before anything is made.
    """
    iot = session.client("iot")
    thing, group = fleet.thing(of.name), fleet.groups[of.ring]
    known = _found(iot, "describe_certificate", certificateId=certificate.sha256)
    arn = known["certificateDescription"]["certificateArn"] if known else None
    if known:
        _check_certificate(iot, known["certificateDescription"], thing)
    there = _found(iot, "describe_thing", thingName=thing)
    if there:
        _check_thing(iot, fleet, of, there, arn)
    if arn is None:
        arn = iot.register_certificate_without_ca(certificatePem=certificate.pem, status="INACTIVE")["certificateArn"]
    said = {"attributes": {"ring": of.ring, "site": of.site or NO_SITE}}
    if there:
        iot.update_thing(thingName=thing, attributePayload={**said, "merge": True})
    else:
        iot.create_thing(thingName=thing, thingTypeName=fleet.thing_type, attributePayload=said)
    iot.add_thing_to_thing_group(thingName=thing, thingGroupName=group)
    _write_policy(iot, fleet, thing)
    iot.attach_policy(policyName=thing, target=arn)
    iot.attach_thing_principal(thingName=thing, principal=arn, thingPrincipalType="EXCLUSIVE_THING")
    # Last: were anything above to fail, nobody could connect with it.
    iot.update_certificate(certificateId=arn.rpartition("/")[2], newStatus="ACTIVE")


def _check_certificate(iot: Any, known: Mapping[str, Any], thing: str) -> None:
    if known["status"] == "REVOKED":
        raise FleetError("This certificate was revoked. Give the device another one, with another key.")
    others = iot.list_principal_things(principal=known["certificateArn"])["things"]
    if set(others) - {thing}:
        raise FleetError(f"This certificate is that of {', '.join(sorted(set(others) - {thing}))} already.")


def _check_thing(iot: Any, fleet: GreengrassFleet, of: Device, there: Mapping[str, Any], arn: str | None) -> None:
    name = f"--device {of.name}"
    if set(iot.list_thing_principals(thingName=there["thingName"])["principals"]) - {arn}:
        raise FleetError(
            f"{of.name} is a device of {fleet.name} with another certificate. Take it out first: modelinfra fleet revoke {fleet.name} {name}"
        )
    rings = {group: ring for ring, group in fleet.groups.items()}
    groups = iot.list_thing_groups_for_thing(thingName=there["thingName"])["thingGroups"]
    elsewhere = [rings[each["groupName"]] for each in groups if rings.get(each["groupName"], of.ring) != of.ring]
    if elsewhere:
        raise FleetError(
            f"{of.name} is in the ring {elsewhere[0]}. Write --ring {elsewhere[0]}, or move it: modelinfra fleet move {fleet.name} {name} --ring {of.ring}"
        )


def _write_policy(iot: Any, fleet: GreengrassFleet, thing: str) -> None:
    """The policy that the library has today: an older one of the device is replaced."""
    alias = iot.describe_role_alias(roleAlias=fleet.alias)["roleAliasDescription"]["roleAliasArn"]
    document = device_policy(alias.removesuffix(f"rolealias/{fleet.alias}"), thing, alias)
    there = _found(iot, "get_policy", policyName=thing)
    if there is None:
        iot.create_policy(policyName=thing, policyDocument=json.dumps(document))
    elif json.loads(there["policyDocument"]) != document:
        iot.create_policy_version(policyName=thing, policyDocument=json.dumps(document), setAsDefault=True)
        # AWS IoT keeps five at most.
        iot.delete_policy_version(policyName=thing, policyVersionId=there["defaultVersionId"])


def _found(iot: Any, operation: str, **asked: str) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = getattr(iot, operation)(**asked)
    except iot.exceptions.ResourceNotFoundException:
        return None
    return found
