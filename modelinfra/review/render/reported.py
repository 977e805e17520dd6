"""What renderers read of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from modelinfra.graph.cost import Estimate
    from modelinfra.review.changes import Changes
    from modelinfra.review.finding import Finding
    from modelinfra.review.places import Place
    from modelinfra.review.table import Table


class Report(Protocol):
    """`modelinfra.review.report.Report`, or anything that says the same."""

    @property
    def stack(self) -> str:
        """Name of the stack."""

    @property
    def project(self) -> str:
        """Name of the project."""

    @property
    def verdict(self) -> str:
        """One line, the most important first."""

    @property
    def findings(self) -> Sequence[Finding]:
        """Worst first."""

    @property
    def changes(self) -> Changes:
        """What changes, and both states."""

    @property
    def cost_before(self) -> Estimate | None:
        """What the state before costs a month, where that is known."""

    @property
    def cost_after(self) -> Estimate | None:
        """What the state after costs a month, where that is known."""

    @property
    def places(self) -> Mapping[str, Place]:
        """URN of a finding -> where it was written, where that is known."""

    @property
    def tables(self) -> Sequence[Table]:
        """Figures beside the findings."""

    @property
    def unknowns(self) -> Sequence[str]:
        """What cannot be known before the deployment."""

    @property
    def notes(self) -> Sequence[str]:
        """What else a reader should know."""

    @property
    def roll_back(self) -> str:
        """How to undo it, and what does not come back."""

    @property
    def quiet(self) -> Sequence[str]:
        """URNs of what changes in nothing but tags and hashes."""

    @property
    def touched(self) -> Sequence[str]:
        """Names of the endpoints that the change concerns."""

    @property
    def blast_radius(self) -> int:
        """How many other resources stand on what changes."""
