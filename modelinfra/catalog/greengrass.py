"""The software of AWS IoT Greengrass that devices get, and what it must be.

Versions and checksums: aws4embeddedlinux/meta-aws, recipes-iot/aws-iot-greengrass, greengrass-bin_2.16.0.bb and
greengrass-plugin-fleetprovisioning_1.2.2.bb, read on 2026-11-30.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Download:
    """sha256: of the whole file."""

    version: str
    url: str
    sha256: str


_RELEASES: Final = "https://d2s8p88vqu9w66.cloudfront.net/releases"

NUCLEUS: Final = Download(
    "2.16.0",
    f"{_RELEASES}/greengrass-2.16.0.zip",
    "f07742c76eca868617127b5c6c9028e41c45c2b4ec25dd0db6f3b40ef7638b4e",
)
PLUGIN: Final = Download(
    "1.2.2",
    f"{_RELEASES}/aws-greengrass-FleetProvisioningByClaim/fleetprovisioningbyclaim-1.2.2.jar",
    "1e7fdc625d4e1e7795d63f0e97981feecad526277bf211154505de145009e8c1",
)

ROOT_CA_URL: Final = "https://www.amazontrust.com/repository/AmazonRootCA1.pem"
ROOT_CA_FINGERPRINT: Final = (
    "8E:CD:E6:88:4F:3D:87:B1:12:5B:A3:1A:C3:FC:B1:3D:70:16:DE:7F:57:CC:90:4F:E1:CB:97:C6:AE:98:19:6E"
)
"""SHA-256 of the certificate, as Mozilla's store (Debian's package ca-certificates) has it."""
