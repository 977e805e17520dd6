"""Service quotas that capacity counts against: their codes, and which instance types count against which.

Names and codes as `aws service-quotas list-service-quotas` prints them, read in public listings of it (2026-07 to 2026-10). What an account
may use is its own, and differs by region: only what AWS grants by default everywhere, or what new accounts are known to lack, stands here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Quota:
    """One quota. default: what an account has until AWS raises it, in the quota's unit; None where that differs between accounts.

    often_zero: whether new accounts often may use nothing of it, and must ask first.
    """

    code: str
    name: str
    unit: str
    default: int | None = None
    often_zero: bool = False


_STANDARD: Final = ("a", "c", "d", "h", "i", "m", "r", "t", "z")

# Letters before the first digit of an instance type -> on demand, spot. All are counted in vCPU, whatever the size.
_FAMILIES: Final[dict[str, tuple[Quota, Quota]]] = {
    **dict.fromkeys(
        _STANDARD,
        (
            Quota("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", "vCPU"),
            Quota("L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", "vCPU"),
        ),
    ),
    **dict.fromkeys(
        ("g", "gr", "vt"),
        (
            Quota("L-DB2E81BA", "Running On-Demand G and VT instances", "vCPU", often_zero=True),
            Quota("L-3819A6DF", "All G and VT Spot Instance Requests", "vCPU", often_zero=True),
        ),
    ),
    "p": (
        Quota("L-417A185B", "Running On-Demand P instances", "vCPU", often_zero=True),
        Quota("L-7212CCBC", "All P Spot Instance Requests", "vCPU", often_zero=True),
    ),
    "inf": (
        Quota("L-1945791B", "Running On-Demand Inf instances", "vCPU"),
        Quota("L-B5D1601B", "All Inf Spot Instance Requests", "vCPU"),
    ),
    "trn": (
        Quota("L-2C3B7624", "Running On-Demand Trn instances", "vCPU"),
        Quota("L-6B0D517C", "All Trn Spot Instance Requests", "vCPU"),
    ),
}

FARGATE: Final = (
    Quota("L-3032A538", "Fargate On-Demand vCPU resource count", "vCPU"),
    Quota("L-36FBB829", "Fargate Spot vCPU resource count", "vCPU"),
)
"""On demand, spot."""

# Amazon VPC and Elastic Load Balancing user guides, quotas: 5 addresses, 5 VPCs and 50 application load balancers in a region.
COUNTED: Final[dict[str, Quota]] = {
    "aws:ec2/eip:Eip": Quota("L-0263D0A3", "EC2-VPC Elastic IPs", "addresses", default=5),
    "aws:ec2/vpc:Vpc": Quota("L-F678F1CE", "VPCs per Region", "VPCs", default=5),
    "aws:lb/loadBalancer:LoadBalancer": Quota("L-53DA6B97", "Application Load Balancers per Region", "load balancers", default=50),
}  # fmt: skip
"""Type of resource -> the quota against which each counts as one."""


def quota_of_instance(name: str, *, spot: bool) -> Quota | None:
    """The quota of an instance type, such as g5.xlarge; None for a family that is not in the table."""
    family = re.match(r"[a-z]+", name)
    pair = _FAMILIES.get(family[0]) if family else None
    # im4gn, x2gd, hpc7a and the like have letters of their own, and i, m, t the standard ones.
    if pair is None and family and family[0] in ("im", "is"):
        pair = _FAMILIES["i"]
    return pair[int(spot)] if pair else None
