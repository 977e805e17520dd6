"""Who signs the packages that a device installs.

Fingerprints of the keys in aws/amazon-ecs-agent, scripts/amazon-ecs-agent.gpg and scripts/amazon-ssm-agent.gpg, read on 2026-11-30. AWS replaces
the key of Systems Manager about every 18 months; a package that is signed with a newer one is refused until it stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SIGNERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "amazon-ecs-agent": ("F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F",),
        "amazon-ssm-agent": ("1C5B395CBE5E74E2F1CA21592784DBF388D19D46",),  # expires on 2027-11-25
    }
)
"""Name of the key's file -> fingerprints."""

KEYS_URL: Final = "https://raw.githubusercontent.com/aws/amazon-ecs-agent/master/scripts"
"""Where the keys lie. Wherever they come from, only those with these fingerprints count."""
