"""What the router can tell CloudWatch. Pure: whoever writes its settings chooses from these, since each is paid for once a ring."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

FIGURES: Final = MappingProxyType(
    {
        "Devices": "Count",  # one a line: the sum of a minute is how many told
        "Answers": "Count",
        "HandedOver": "Count",
        "Refused": "Count",
        "AnswerSeconds": "Seconds",
        "Waiting": "Count",
        "Stored": "Count",
        "StoredPercent": "Percent",
        "Lost": "Count",
        "CloudAway": "Count",
        "NotReady": "Count",
        "Temperature": "None",
        "GpuUse": "Percent",
    }
)
"""Name -> unit, as CloudWatch knows units (CloudWatch API reference, MetricDatum); degrees are none of them."""

COUNTED: Final = ("Answers", "HandedOver", "Refused", "Lost")
"""Of these a line says how many there were since the last one."""

BY_HOST: Final = ("Temperature", "GpuUse")
"""Those that not every device has."""

OF_WHOLE_MODELS: Final = ("HandedOver", "Lost", "Stored", "StoredPercent")
"""Those that mean nothing where devices have the first half of a model: every request is handed over, and none waits on disk."""
