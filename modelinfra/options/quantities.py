"""Quantities as people write them (`4Gi`, `512MiB`, `"0.5"`, `30s`), read into one unit; what could mean two things is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

_BYTES = {"Ki": 2**10, "KiB": 2**10, "Mi": 2**20, "MiB": 2**20, "Gi": 2**30, "GiB": 2**30, "Ti": 2**40, "TiB": 2**40}
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_DECIMAL_OR_BINARY = {"K", "KB", "M", "MB", "G", "GB", "T", "TB"}

# AWS counts Fargate CPU in units of 1/1024 vCPU, from 256 for the smallest task: such a number was meant in those units.
_ECS_UNITS = range(256, 16 * 1024 + 1)


class QuantityError(ValueError):
    """What was written is no quantity, or could mean two; the message has the reason, `remedy` what to write."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


@dataclass(frozen=True)
class Quantity:
    """Marks an option as a quantity: how it is read, and how the JSON Schema describes it."""

    read: Callable[[Any], float | int]
    schema: dict[str, Any]
    unit: str


def read_bytes(given: Any) -> int:
    """`512MiB`, `4Gi`, `1.5GiB` -> bytes.

    Raises QuantityError for a bare number (of what?) and for decimal-looking units, which half the world reads as binary.
    """
    text = str(given).strip()
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)", text)
    if isinstance(given, bool) or match is None:
        raise QuantityError("this is not a size", "Write a number and a unit, for example 4GiB or 512MiB.")
    number, unit = match.groups()
    if unit in _BYTES:
        return _whole(float(number) * _BYTES[unit])
    if not unit:
        raise QuantityError("a size needs a unit", f"Write {number}GiB or {number}MiB.")
    if unit.upper() in _DECIMAL_OR_BINARY:
        raise QuantityError(
            f"'{unit}' is read as powers of 1000 by some tools and of 1024 by others",
            f"Write {number}{unit[0].upper()}iB.",
        )
    raise QuantityError(f"'{unit}' is no unit of size", "Write KiB, MiB, GiB or TiB.")


def read_seconds(given: Any) -> int:
    """`30s`, `5m`, `1h`, `1m30s` -> seconds. Raises QuantityError for a bare number and for anything else."""
    text = str(given).strip()
    if not isinstance(given, bool) and re.fullmatch(r"[0-9]+", text):
        raise QuantityError("a duration needs a unit", f"Write {text}s for seconds or {text}m for minutes.")
    if not re.fullmatch(r"([0-9]+[smh])+", text):
        raise QuantityError("this is not a duration", "Write for example 30s, 5m, 1h or 1m30s.")
    return _whole(sum(float(number) * _SECONDS[unit] for number, unit in re.findall(r"([0-9]+)([smh])", text)))


def read_vcpu(given: Any) -> float:
    """`2`, `0.5`, `"0.5"`, `500m` -> vCPU. Raises QuantityError for anything else and for numbers that look like ECS units."""
    text = str(given).strip()
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(m?)", text)
    if isinstance(given, bool) or match is None:
        raise QuantityError("this is not a number of vCPU", "Write for example 2, 0.5 or 500m.")
    number = float(match[1]) / (1000 if match[2] else 1)
    if number in _ECS_UNITS and not match[2]:
        raise QuantityError(
            f"cpu is counted in vCPU and {text} looks like ECS units",
            f"Write {number / 1024:g} if you meant {text} units.",
        )
    if number <= 0:
        raise QuantityError("cpu must be more than 0", "Write for example 0.5.")
    return number


Bytes = Annotated[str, Quantity(read_bytes, {"type": "string", "examples": ["512MiB", "4Gi"]}, "bytes")]
"""A size. Write a number with a binary unit: `512MiB`, `4Gi`."""

Duration = Annotated[str, Quantity(read_seconds, {"type": "string", "examples": ["30s", "5m"]}, "seconds")]
"""A duration. Write a number with a unit: `30s`, `5m`, `1h`."""

VCpu = Annotated[
    float | int | str, Quantity(read_vcpu, {"type": ["number", "string"], "examples": [2, "500m"]}, "vCPU")
]
"""An amount of processor, in vCPU: `2`, `0.5`, `500m`."""


def _whole(number: float) -> int:
    if math.isinf(number):
        raise QuantityError("this number is too large", "Write a smaller one.")
    return math.ceil(number)


def shown_bytes(number: float) -> str:
    """Bytes as a person reads them: `1.5 GiB`, `12 MiB`."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{number:.0f} bytes"


def shown_seconds(number: int) -> str:
    """Seconds as a person writes them: `90` -> `1m30s`."""
    hours, rest = divmod(number, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if count]
    return "".join(parts) or "0s"
