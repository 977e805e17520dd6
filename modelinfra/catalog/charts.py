"""The Helm charts that are installed, each with its version, the day of it, and the versions of Kubernetes that it is for.

A version is written here when somebody read at that version what the chart's values mean; `source` says where.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Chart:
    """One chart."""

    name: str
    chart: str
    """What Helm is asked for: the address of an OCI artifact, or a name within `repository`."""
    version: str
    released: str
    """The day of the source at that version."""
    kubernetes: tuple[str, str]
    """The oldest and the newest minor version of Kubernetes that its makers name for it."""
    source: str
    """What was read: values, and versions of Kubernetes."""
    repository: str = ""
    """Address of the Helm repository; empty for an OCI artifact."""

    def supports(self, version: str) -> bool:
        """Whether its makers name this minor version of Kubernetes."""
        oldest, newest = map(_minor, self.kubernetes)
        return oldest <= _minor(version) <= newest

    @property
    def kubernetes_text(self) -> str:
        """The versions of Kubernetes, for a message."""
        return f"Kubernetes {self.kubernetes[0]} to {self.kubernetes[1]}"


def _minor(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


_KARPENTER = "aws/karpenter-provider-aws@1d92708: charts/karpenter, website/content/en/docs/upgrading/compatibility.md"

CHARTS: Final = MappingProxyType(
    {
        each.name: each
        for each in (
            Chart(
                "karpenter-crd",
                "oci://public.ecr.aws/karpenter/karpenter-crd",
                "1.14.1",
                "2026-08-21",
                ("1.30", "1.36"),
                _KARPENTER.replace("charts/karpenter,", "charts/karpenter-crd,"),
            ),
            Chart(
                "karpenter",
                "oci://public.ecr.aws/karpenter/karpenter",
                "1.14.1",
                "2026-08-21",
                ("1.30", "1.36"),
                _KARPENTER,
            ),
        )
    }
)
"""Name -> chart."""
