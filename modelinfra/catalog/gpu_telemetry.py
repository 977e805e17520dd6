"""What tells how busy, warm and healthy NVIDIA's GPUs are: DCGM, run by the pool itself or by ECS Managed Instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

EXPORTER_IMAGE: Final = "nvcr.io/nvidia/k8s/dcgm-exporter:4.5.3-4.8.2-distroless"
"""NVIDIA's exporter, as the chart of its GPU operator 26.3 pins it. Nobody here has pulled it, so that no digest is known."""

EXPORTER_PORT: Final = 9400
"""NVIDIA/dcgm-exporter, README."""

EXPORTER_MEMORY_MIB: Final = 512
"""An assumption: NVIDIA's chart asks for nothing. It may use more, where there is more."""

EXPORTER_CPU: Final = 64
"""CPU units. An assumption."""


@dataclass(frozen=True)
class GpuMetrics:
    """What a source calls them. graphs: title -> metric. errors: what counts or names XID errors. said: what such an error means there."""

    graphs: dict[str, str]
    errors: str
    said: str


# NVIDIA/dcgm-exporter, etc/default-counters.csv.
DCGM: Final = GpuMetrics(
    graphs={
        "GPU use, percent": "DCGM_FI_DEV_GPU_UTIL",
        "GPU memory used, MiB": "DCGM_FI_DEV_FB_USED",
        "GPU temperature, degrees Celsius": "DCGM_FI_DEV_GPU_TEMP",
        "GPU power, watts": "DCGM_FI_DEV_POWER_USAGE",
    },
    errors="DCGM_FI_DEV_XID_ERRORS",
    said="a GPU of the pool reported an XID error; its number is the metric's value, which stays until the node goes",
)

# CloudWatch user guide, "Container Insights with enhanced observability metrics for Amazon ECS"; ECS developer guide, "GPU application
# restart metrics".
MANAGED: Final = GpuMetrics(
    graphs={
        "GPU use, percent": "TaskGPUUtilization",
        "GPU memory used, percent": "TaskGPUMemoryUtilization",
        "GPU temperature, degrees Celsius": "TaskGPUTemperature",
        "GPU power, watts": "TaskGPUPowerDraw",
    },
    errors="TaskGPURestartAppXidCount",
    said="a replica's GPU reported an XID error after which NVIDIA advises to restart what runs on it",
)

NAMES: Final = (*DCGM.graphs.values(), DCGM.errors)
"""What the pool's own exporter sends to CloudWatch."""
