"""Labels by which nodes belong to rings, and pods to fleets."""

from __future__ import annotations

from typing import Final

# Kubernetes documentation, "NodeRestriction": labels with this prefix no node gives to itself, or takes from itself.
_RESTRICTED: Final = "modelinfra.dev.node-restriction.kubernetes.io"

FLEET_LABEL, RING_LABEL = f"{_RESTRICTED}/fleet", f"{_RESTRICTED}/ring"
"""Of nodes: which fleet and ring a device belongs to; whoever keeps the cluster writes them, and never the device."""

SITE_LABEL: Final = "modelinfra.dev/site"
"""Of nodes: where a device stands."""

FLEET_OF_POD, RING_OF_POD = "modelinfra.dev/fleet", "modelinfra.dev/ring"
REVISION_OF_POD: Final = "modelinfra.dev/revision"
"""Of pods."""


def of_pods(fleet: str, ring: str) -> dict[str, str]:
    """Of the pods of a ring. They never change: the selector of a DaemonSet cannot."""
    return {FLEET_OF_POD: fleet, RING_OF_POD: ring}


def of_nodes(fleet: str, ring: str) -> dict[str, str]:
    """Of the nodes of a ring."""
    return {FLEET_LABEL: fleet, RING_LABEL: ring}
