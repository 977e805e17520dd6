"""How several pods share one GPU of NVIDIA's on Kubernetes: what the device plugin then calls a share, and into which slices MIG divides a GPU."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from modelinfra.catalog.accelerators import Accelerator

TIME_SLICING: Final = "time-slicing"
MPS: Final = "mps"
MIG: Final = "mig"

GPU: Final = "nvidia.com/gpu"
SHARED: Final = "nvidia.com/gpu.shared"
"""What NVIDIA's device plugin calls a GPU that is shared by time slicing or MPS, where it renames it (k8s-device-plugin 0.20, README)."""

NEURON: Final = "aws.amazon.com/neuron"
"""One device with all its cores (awsdocs-neuron, deploy/eks/setup)."""

ACCELERATOR: Final = "modelinfra.dev/accelerator"
MEMORY: Final = "modelinfra.dev/accelerator-memory"
"""Annotations of pods: the accelerator's name, and what of its memory comes with what the pod asks for, such as `5120Mi`."""

EFA: Final = "vpc.amazonaws.com/efa"

REPLICAS: Final = (2, 48)
"""Fewest and most pods on one GPU: what Bottlerocket takes for MPS (1.54, settings.kubelet-device-plugins.nvidia.mps.replicas); NVIDIA's
MPS has 48 clients since Volta."""

# NVIDIA MIG user guide, "Supported MIG Profiles": profile -> slices on one GPU, and the eighths of its memory that each has. Profiles with media extensions (`+me`) fit once and are left out.
_A100_40: Final = {"1g.5gb": (7, 1), "1g.10gb": (4, 2), "2g.10gb": (3, 2), "3g.20gb": (2, 4), "4g.20gb": (1, 4), "7g.40gb": (1, 8)}  # fmt: skip
_80: Final = {"1g.10gb": (7, 1), "1g.20gb": (4, 2), "2g.20gb": (3, 2), "3g.40gb": (2, 4), "4g.40gb": (1, 4), "7g.80gb": (1, 8)}  # fmt: skip
_H200: Final = {"1g.18gb": (7, 1), "1g.35gb": (4, 2), "2g.35gb": (3, 2), "3g.71gb": (2, 4), "4g.71gb": (1, 4), "7g.141gb": (1, 8)}  # fmt: skip

MIG_PROFILES: Final = MappingProxyType({"A100-40GB": _A100_40, "A100-80GB": _80, "H100": _80, "H200": _H200})
"""Accelerator -> its profiles. Smaller GPUs of EC2's (T4, A10G, L4, L40S) have no MIG (the same guide, "Supported GPUs"); Blackwell's have,
but what Bottlerocket's settings call these is documented nowhere."""

BOTTLEROCKET_MODELS: Final = MappingProxyType(
    {
        "A100-40GB": "a100.40gb",
        "A100-80GB": "a100.80gb",
        "H100": "h100.80gb",
        "H200": "h200.141gb",
    }
)
"""What Bottlerocket's settings call a GPU: model and memory (documentation of 1.34, nvidia.mig.profile: `^([a-z])(\\d+)\\.(\\d+)gb$`)."""


def slices(device: Accelerator, profile: str) -> int:
    """How many slices of a profile one GPU has.

    >>> from modelinfra.catalog.accelerators import accelerator
    >>> slices(accelerator("H100"), "1g.10gb")
    7
    """
    return MIG_PROFILES[device.name][profile][0]


def sliced_mib(device: Accelerator, profile: str) -> int:
    """Memory of one slice."""
    return device.memory_mib * MIG_PROFILES[device.name][profile][1] // 8


def part_of(device: Accelerator, memory_mib: int) -> Accelerator:
    """A part of a GPU as an accelerator of its own, for the arithmetic of memory; the GPU itself where that is all of it."""
    if memory_mib >= device.memory_mib:
        return device
    return replace(device, name=f"{memory_mib / 1024:.1f} GiB of {device.name}", memory_mib=memory_mib)
