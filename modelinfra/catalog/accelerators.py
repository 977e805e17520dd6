"""GPUs and Neuron devices that EC2 offers.

Names and memory: EC2's DescribeInstanceTypes, as moto 5.2.5 holds it (`ec2/resources/instance_types.json.gz`), but for what a comment says;
two models of A100 and V100 are told apart by their memory. Architectures and compute capabilities: developer.nvidia.com/cuda-gpus and
cuda-legacy-gpus; A10G and T4g are not in that list and stand with the chips that they are made of (A10, T4). Neuron generations: the core
versions that EC2 answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_GIB = 1024

Vendor = Literal["NVIDIA", "AWS"]


@dataclass(frozen=True)
class Accelerator:
    """One accelerator, as one device of an instance."""

    name: str
    """As EC2 calls it, such as A10G or Inferentia2."""
    vendor: Vendor
    memory_mib: int
    """Memory of one device in MiB."""
    architecture: str
    """NVIDIA's architecture (Ampere), or the version of AWS's Neuron cores (NeuronCore-v2): an image is built for one of them."""
    compute_capability: tuple[int, int] | None = None
    """NVIDIA's compute capability, such as (8, 6). None for Neuron devices."""

    @property
    def memory_gib(self) -> float:
        """Memory of one device in GiB."""
        return self.memory_mib / _GIB


ACCELERATORS: tuple[Accelerator, ...] = (
    Accelerator("T4", "NVIDIA", 16384, "Turing", (7, 5)),
    Accelerator("T4g", "NVIDIA", 16384, "Turing", (7, 5)),
    Accelerator("V100-32GB", "NVIDIA", 32768, "Volta", (7, 0)),
    Accelerator("A10G", "NVIDIA", 22888, "Ampere", (8, 6)),
    Accelerator("L4", "NVIDIA", 22888, "Ada Lovelace", (8, 9)),
    Accelerator("L40S", "NVIDIA", 45776, "Ada Lovelace", (8, 9)),
    Accelerator("RTX PRO Server 6000", "NVIDIA", 98304, "Blackwell", (12, 0)),
    Accelerator("A100-40GB", "NVIDIA", 40960, "Ampere", (8, 0)),
    Accelerator("A100-80GB", "NVIDIA", 81920, "Ampere", (8, 0)),
    Accelerator("H100", "NVIDIA", 81920, "Hopper", (9, 0)),
    Accelerator("H200", "NVIDIA", 144384, "Hopper", (9, 0)),
    Accelerator("B200", "NVIDIA", 183359, "Blackwell", (10, 0)),
    Accelerator("B300", "NVIDIA", 275040, "Blackwell", (10, 3)),
    Accelerator("Inferentia2", "AWS", 32768, "NeuronCore-v2"),
    Accelerator("Trainium", "AWS", 32768, "NeuronCore-v2"),
    # EC2 answers 524288 MiB, which AWS's own architecture guide contradicts: 96 GiB (awsdocs-neuron nki/arch/trainium2_arch).
    Accelerator("Trainium2", "AWS", 98304, "NeuronCore-v3"),
)
"""From small to large within a vendor's generation of serving hardware."""

_BY_NAME = {each.name.casefold(): each for each in ACCELERATORS}


def accelerator(name: str) -> Accelerator | None:
    """The accelerator of that name, in any spelling of upper and lower case; None where EC2 offers none that the catalogue knows."""
    return _BY_NAME.get(name.casefold())
