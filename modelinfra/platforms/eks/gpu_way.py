"""How a pod gets onto the nodes of a pool: labels, taint and resource, written once for both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from modelinfra.catalog.accelerators import Accelerator, accelerator
from modelinfra.catalog.gpu_sharing import GPU, MIG, NEURON, SHARED, sliced_mib, slices

POOL_LABEL: Final = "modelinfra.dev/node-pool"


@dataclass(frozen=True)
class EksGpuNodes:
    """How a pod gets onto the nodes of a pool, and what it gets there. Both sides of the taint are written from here."""

    name: str

    resource: str = GPU
    """What the pod asks for in `resources.limits`: a GPU, a share or slice of one, or a Neuron device."""

    per_node: int = 1
    """How many of it a node has."""

    memory_mib: int = 0
    """Memory that one of it comes with."""

    is_part: bool = False
    """Whether it is a part of a GPU."""

    @property
    def node_selector(self) -> dict[str, str]:
        """The pod's `nodeSelector`."""
        return {POOL_LABEL: self.name}

    @property
    def tolerations(self) -> list[dict[str, str]]:
        """The pod's `tolerations`."""
        return [{"key": self.resource, "operator": "Exists", "effect": "NoSchedule"}]

    @property
    def accelerator(self) -> dict[str, Any]:
        """The pool below `accelerators` of a KubernetesPlatform."""
        memory = {"memory": f"{self.memory_mib}MiB"} if self.is_part else {}
        return {"node_selector": self.node_selector, "resource": self.resource, **memory}


def way_of(name: str, pool: Any) -> EksGpuNodes:
    """The way to a pool of these validated options."""
    device = device_of(pool)
    count, sharing = pool.accelerator.count, pool.sharing
    if device.vendor != "NVIDIA":
        return EksGpuNodes(name, NEURON, count, device.memory_mib)
    if sharing is None:
        return EksGpuNodes(name, GPU, count, device.memory_mib)
    if sharing.way == MIG:
        # With slices all alike the plugin calls each a GPU (Bottlerocket 1.34, "NVIDIA Multi-Instance GPU": MIG's strategy `single`).
        return EksGpuNodes(
            name, GPU, count * slices(device, sharing.profile), sliced_mib(device, sharing.profile), True
        )
    return EksGpuNodes(name, SHARED, count * sharing.replicas, device.memory_mib // sharing.replicas, True)


def device_of(pool: Any) -> Accelerator:
    """What each node of a validated pool has."""
    found = accelerator(pool.accelerator.name)
    assert found is not None, "the options' rules know the names"
    return found
