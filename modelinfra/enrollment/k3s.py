"""The script that makes a machine a node of a K3s cluster, for a fleet whose devices are nodes."""

from __future__ import annotations

import re
from typing import Final

from modelinfra.enrollment.deployed import FleetError, FleetInCluster
from modelinfra.enrollment.script import MACHINES, rendered
from modelinfra.platforms.edge.kubernetes.labels import SITE_LABEL

_RELEASES: Final = "https://github.com/k3s-io/k3s/releases/download"
_BINARIES: Final = {"x86_64": "k3s", "arm64": "k3s-arm64"}

# Kubernetes documentation, "Object Names and IDs": RFC 1123; a label's value has 63 characters.
_NODE: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"


def node_problem(fleet: FleetInCluster, name: str, ring: str | None, site: str) -> None:
    """Raises FleetError where these are no names of a node, a ring and a site."""
    if not re.fullmatch(_NODE, name) or len(name) > 253:
        raise FleetError(
            f"'{name}' is no name of a node. Write small letters, digits and - only, for example till-0042."
        )
    if ring is not None:
        fleet.check_ring(ring)
    if site and not re.fullmatch(_LABEL, site):
        raise FleetError(f"'{site}' is no value of a label. Write letters, digits and . _ - only, 63 at most.")


def k3s_script(
    fleet: FleetInCluster, device: str, *, site: str, server: str, version: str, sha256: str, label_command: str
) -> str:
    """The script, as text; the token that lets the machine in is none of it. server: address of the cluster's API. version: of K3s, that of the
    servers. sha256: of its binary. label_command: what takes the node into its ring. Raises FleetError."""
    if not re.fullmatch(r"https://[A-Za-z0-9.:\[\]-]+", server):
        raise FleetError(f"'{server}' is no address of a K3s server. Write for example https://k3s.example.com:6443.")
    if not re.fullmatch(r"v\d+\.\d+\.\d+(-[a-z0-9]+)?\+k3s\d+", version):
        raise FleetError(
            f"'{version}' is no version of K3s. Write that of the servers (`k3s --version`), as v1.34.2+k3s1."
        )
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        binary, architecture = _BINARIES[fleet.architecture], fleet.architecture.replace("x86_64", "amd64")
        raise FleetError(
            f"'{sha256}' is no SHA-256. Write that of the binary {binary}: it stands in sha256sum-{architecture}.txt of the release, and "
            "`sha256sum /usr/local/bin/k3s` says it on a server of the same architecture."
        )
    return rendered(
        "k3s.sh.j2",
        fleet=fleet,
        device={"name": device, "site": site},
        server=server,
        version=version,
        sha256=sha256,
        machine=MACHINES[fleet.architecture],
        url=f"{_RELEASES}/{version.replace('+', '%2B')}/{_BINARIES[fleet.architecture]}",
        store=f"/var/lib/modelinfra/{fleet.label}",
        site_label=SITE_LABEL,
        label_command=label_command,
    )
