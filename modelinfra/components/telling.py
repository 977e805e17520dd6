"""What was chosen, and what may go wrong, told where Pulumi shows it: beside the resource."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pulumi

from modelinfra.options.strict import Style
from modelinfra.options.wording import in_style


class Plan(Protocol):
    """What was planned."""

    @property
    def notes(self) -> Sequence[str]:
        """What was chosen, and why."""

    @property
    def warnings(self) -> Sequence[str]:
        """What was assumed, or may go wrong."""


def tell(resource: pulumi.Resource, subject: str, plan: Plan, style: Style) -> None:
    """subject: what is planned, with its name. style: how whoever reads it writes keys."""
    for note in plan.notes:
        pulumi.log.info(f"{subject}: {in_style(note, style)}", resource=resource)
    for warning in plan.warnings:
        pulumi.log.warn(f"{subject}: {in_style(warning, style)}", resource=resource)
