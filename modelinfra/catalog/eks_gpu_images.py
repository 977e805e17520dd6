"""Machine images of EKS for accelerated nodes, and which device plugin must be installed beside each; EFA interfaces of instance types.

EKS API, AMITypes; EKS best practices, "Compute and Autoscaling"; EKS user guide, "Install Kubernetes device plugin for GPUs" and "Manage
Neuron devices" (facts serving.md section 3a).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from modelinfra.catalog.instance_types import Architecture, InstanceType

Plugin = Literal["nvidia", "neuron"]


@dataclass(frozen=True)
class GpuImage:
    """One image. ami_type: what a managed node group calls it; alias: what Karpenter does; disk: device of the disk that holds images.
    plugin: the device plugin that its nodes need from outside, None where it is built in."""

    ami_type: str
    alias: str
    disk: str
    plugin: Plugin | None


def gpu_image(family: str, vendor: str, architecture: Architecture) -> GpuImage | None:
    """The image of a family (`bottlerocket` or `al2023`) for an accelerator's vendor; None where EKS publishes none."""
    arm = architecture == "arm64"
    if vendor != "NVIDIA":
        return (
            None
            if arm or family != "al2023"
            else GpuImage("AL2023_x86_64_NEURON", "al2023@latest", "/dev/xvda", "neuron")
        )
    kind = "ARM_64" if arm else "x86_64"
    if family == "al2023":
        return GpuImage(f"AL2023_{kind}_NVIDIA", "al2023@latest", "/dev/xvda", "nvidia")
    return GpuImage(f"BOTTLEROCKET_{kind}_NVIDIA", "bottlerocket@latest", "/dev/xvdb", None)


# EC2's DescribeInstanceTypes as moto 5.2.5 holds it: NetworkInfo.EfaInfo.MaximumEfaInterfaces. All that are not here have none.
_ONE: Final = (
    "g4dn.8xlarge", "g4dn.12xlarge", "g4dn.16xlarge", "g5.8xlarge", "g5.12xlarge", "g5.16xlarge", "g5.24xlarge", "g5.48xlarge", "g6.8xlarge",
    "g6.12xlarge", "g6.16xlarge", "g6.24xlarge", "g6.48xlarge", "g6e.8xlarge", "g6e.12xlarge", "g6e.16xlarge", "gr6.8xlarge", "g7e.8xlarge",
    "g7e.12xlarge", "p3dn.24xlarge", "p5.4xlarge", "trn2.3xlarge",
)  # fmt: skip
_EFA: Final = dict.fromkeys(_ONE, 1) | {
    "g6e.24xlarge": 2, "g6e.48xlarge": 4, "g7e.24xlarge": 2, "g7e.48xlarge": 4, "p4d.24xlarge": 4, "p4de.24xlarge": 4, "p5.48xlarge": 32,
    "p5e.48xlarge": 32, "p5en.48xlarge": 16, "p6-b200.48xlarge": 8, "p6-b300.48xlarge": 16, "trn1.32xlarge": 8, "trn1n.32xlarge": 16,
    "trn2.48xlarge": 16,
}  # fmt: skip

# The same source, InstanceStorageSupported: accelerated types without disks of their own.
_DISKLESS: Final = ("g5g", "inf2")


def efa_interfaces(type_: InstanceType) -> int:
    """How many EFA interfaces an instance of the type can have; 0 where it has no EFA."""
    return _EFA.get(type_.name, 0)


def has_instance_store(type_: InstanceType) -> bool:
    """Whether it has NVMe disks of its own."""
    return type_.name.partition(".")[0] not in _DISKLESS
