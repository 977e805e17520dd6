"""What is known of a Helm chart that is installed. The charts themselves are rows: those of a cluster of EKS, and those of KServe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Chart:
    """One chart. repository: an OCI registry with its path, or an HTTP index; git: repository, commit of the release and folder of the chart.

    day: of the release, or of the source at that commit. kubernetes: oldest and newest minor version that its project tests or
    supports; None where it names none.
    """

    name: str
    repository: str
    version: str
    day: str
    kubernetes: tuple[str | None, str | None]
    kubernetes_source: str
    git: tuple[str, str, str]
    end_of_life: str = ""

    @property
    def where(self) -> dict[str, Any]:
        """The arguments by which a release of Pulumi finds it."""
        if self.repository.startswith("oci://"):
            return {"chart": f"{self.repository}/{self.name}"}
        return {"chart": self.name, "repository_opts": {"repo": self.repository}}

    def supports(self, version: str) -> bool:
        """Whether its project tests or supports this minor version of Kubernetes."""
        oldest, newest = self.kubernetes
        asked = minor(version)
        return (oldest is None or minor(oldest) <= asked) and (newest is None or asked <= minor(newest))

    @property
    def kubernetes_text(self) -> str:
        """The versions of Kubernetes, for a message."""
        oldest, newest = self.kubernetes
        return f"Kubernetes {oldest} to {newest}" if newest is not None else f"Kubernetes {oldest} or newer"


def minor(version: str) -> tuple[int, int]:
    """A minor version of Kubernetes as numbers, which compare."""
    major, _, rest = version.partition(".")
    return int(major), int(rest)
