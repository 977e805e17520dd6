"""Which addresses the subnets of a zone get: by the zone's letter, so that adding or removing a zone moves no other."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

# A region's zones end in one letter; no region has more than eight (a to h are kept a place each).
_LETTERS = "abcdefgh"


@dataclass(frozen=True)
class ZoneSubnets:
    """Address ranges of one zone."""

    zone: str
    private: str
    public: str
    secondary: str | None

    @property
    def letter(self) -> str:
        """The zone within its region; children are named after it."""
        return self.zone[-1]


def zone_subnets(cidr: str, zones: Sequence[str], secondary_cidr: str | None) -> list[ZoneSubnets]:
    """Sixteenths of the range: eight for private subnets, and within the ninth eight small ones for public subnets."""
    sixteenths = list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=4))
    small = list(sixteenths[8].subnets(prefixlen_diff=4))
    second = list(ipaddress.IPv4Network(secondary_cidr).subnets(prefixlen_diff=4)) if secondary_cidr else None
    found = []
    for zone in zones:
        place = _LETTERS.index(zone[-1])
        found.append(
            ZoneSubnets(zone, str(sixteenths[place]), str(small[place]), str(second[place]) if second else None)
        )
    return found
