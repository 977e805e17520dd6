"""Address ranges that a VPC cannot have. Source: Amazon VPC user guide, "VPC CIDR blocks", IPv4 CIDR block association restrictions."""

from __future__ import annotations

import ipaddress

_Range = ipaddress.IPv4Network

_TEN, _SEVENTEEN_TWO, _NINETEEN_TWO = _Range("10.0.0.0/8"), _Range("172.16.0.0/12"), _Range("192.168.0.0/16")
_BENCHMARK = _Range("198.19.0.0/16")
PRIVATE = (_TEN, _SEVENTEEN_TWO, _NINETEEN_TWO)
"""Ranges that the internet does not route (RFC 1918)."""


SPECIAL = (_Range("0.0.0.0/8"), _Range("127.0.0.0/8"), _Range("169.254.0.0/16"), _Range("224.0.0.0/4"))
"""Ranges that mean something else: this host, loopback, link-local, multicast."""

_REFUSED_BESIDE: tuple[tuple[_Range, tuple[_Range, ...]], ...] = (
    (_Range("10.0.0.0/15"), (_Range("10.0.0.0/16"), _SEVENTEEN_TWO, _NINETEEN_TWO, _BENCHMARK)),
    (_TEN, (_SEVENTEEN_TWO, _NINETEEN_TWO, _BENCHMARK)),
    (_SEVENTEEN_TWO, (_TEN, _NINETEEN_TWO, _Range("172.31.0.0/16"), _BENCHMARK)),
    (_NINETEEN_TWO, (_TEN, _SEVENTEEN_TWO, _BENCHMARK)),
    (_BENCHMARK, PRIVATE),
)
_REFUSED_BESIDE_OTHERS = (*PRIVATE, _BENCHMARK)


def special(given: _Range) -> _Range | None:
    """The special range that a range touches, if any."""
    return next((each for each in SPECIAL if each.overlaps(given)), None)


def refused_beside(main: _Range, second: _Range) -> _Range | None:
    """The range from which AWS adds none to a VPC with the main range, when the second one is of it."""
    refused = next((row for of, row in _REFUSED_BESIDE if main.subnet_of(of)), _REFUSED_BESIDE_OTHERS)
    return next((each for each in refused if each.overlaps(second)), None)
