"""Labels of a pull request, from all of its reviews together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from modelinfra.review.finding import Kind
from modelinfra.review.render.outline import Outline

PREFIX: Final = "infra: "
"""How our labels begin; others are never touched."""


def _grave(kind: Kind) -> Callable[[Outline], bool]:
    return lambda outline: any(each.kind == kind and each.severity in ("high", "medium") for each in outline.findings)


def _dearer(outline: Outline) -> bool:
    cost = outline.cost
    return cost is not None and cost.before is not None and cost.after.max > cost.before.max


LABELS: Final[dict[str, Callable[[Outline], bool]]] = {
    "loses data": _grave("data loss"),
    "opens access": _grave("exposure"),
    "replaces": lambda outline: bool(outline.of("replace")),
    "deletes": lambda outline: bool(outline.of("delete")),
    "more rights": _grave("permissions"),
    "secrets": _grave("secrets"),
    "costs more": _dearer,
}
"""What stands behind the prefix -> whether it holds for a review. One review for which it holds is enough."""

_NONE, _FAILED = "no change", "no review"


def labels(outlines: Iterable[Outline], *, failed: bool = False) -> set[str]:
    """The labels that hold. failed: whether a stack has no review; then nothing is called no change."""
    known = list(outlines)
    found = {name for name, holds in LABELS.items() if any(map(holds, known))}
    if failed:
        found.add(_FAILED)
    elif known and not any(outline.resources for outline in known):
        found.add(_NONE)
    return {f"{PREFIX}{name}" for name in found}


OURS: Final = frozenset(f"{PREFIX}{name}" for name in (*LABELS, _NONE, _FAILED))
"""Every label that `labels` can give: what of these does not hold is taken off."""
