"""Which availability zones a network stands in."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from modelinfra.options.problems import InvalidOptionsError, Problem


def zone_names(asked: int | Sequence[str], look_up: pulumi.InvokeOptions) -> Sequence[str]:
    """Zone names. Children are named after them, so they must be known now, not only when something is created.

    Raises InvalidOptionsError when the region has fewer zones than asked.
    """
    if not isinstance(asked, int):
        return asked
    found = aws.get_availability_zones(
        state="available",
        # Local and Wavelength zones have names of another form and lack services.
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=look_up,
    )
    names = sorted(found.names)
    if len(names) < asked:
        problem = Problem("zones", f"this account sees {len(names)} zones in the region", f"Write {len(names)}.", asked)
        raise InvalidOptionsError([problem])
    return names[:asked]
