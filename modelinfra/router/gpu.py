"""How busy the device's NVIDIA GPUs are, as their driver says (NVML API reference; functions and types in nvml.h)."""

from __future__ import annotations

import ctypes
from typing import Any

LIBRARY = "libnvidia-ml.so.1"
"""The driver's own; NVIDIA's container runtime shows it to containers that ask for `utility`."""


class _Utilization(ctypes.Structure):
    """In percent of the time since the driver looked last, a second ago at most."""

    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class Gpus:
    """Those that the driver knows; without it there are none."""

    def __init__(self) -> None:
        self._nvml: Any = None
        try:
            nvml = ctypes.CDLL(LIBRARY)
            if nvml.nvmlInit_v2() == 0:
                self._nvml = nvml
        except (OSError, AttributeError):
            return

    def busiest(self) -> float | None:
        """In percent; None where no GPU says it."""
        if self._nvml is None:
            return None
        count, found = ctypes.c_uint(), []
        self._nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
        for index in range(count.value):
            gpu, use = ctypes.c_void_p(), _Utilization()
            if (
                self._nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(gpu)) == 0
                and self._nvml.nvmlDeviceGetUtilizationRates(gpu, ctypes.byref(use)) == 0
            ):
                found.append(float(use.gpu))
        return max(found, default=None)
