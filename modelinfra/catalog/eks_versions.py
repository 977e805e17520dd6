"""How long EKS supports a Kubernetes version. The data is eks_versions.tsv, whose day is `AS_OF`: a newer version is not known here."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date
from typing import Final

from modelinfra.catalog.table import note, rows

_TABLE: Final = "eks_versions.tsv"


@dataclass(frozen=True)
class EksVersion:
    """The days on which EKS's support of a version ends."""

    name: str
    """Such as 1.33."""
    standard: date
    """The end of standard support; from this day on a cluster costs more by the hour."""
    extended: date
    """The end of extended support; after it AWS upgrades the control plane by itself."""


@functools.cache
def eks_versions() -> dict[str, EksVersion]:
    """Name -> version, from old to new."""
    return {
        name: EksVersion(name, date.fromisoformat(standard), date.fromisoformat(extended))
        for name, standard, extended in rows(_TABLE)
    }


def eks_version(name: str) -> EksVersion | None:
    """The version of that name; None when the table does not know it, which does not mean that EKS has none."""
    return eks_versions().get(name)


AS_OF: Final = date.fromisoformat(note(_TABLE, "as of"))
"""The day for which the table was read."""
