"""What is usual for a stack, by its earlier reviews."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from modelinfra.review.changes import Changes
from modelinfra.review.context import Context
from modelinfra.review.finding import Finding
from modelinfra.review.findings.words import called, listing, noun, plural

if TYPE_CHECKING:
    from modelinfra.review.render.outline import Outline

ENOUGH = 5
"""Fewer earlier reviews say nothing of what is usual."""

_GRAVE = {"replace": "replaced", "delete": "deleted"}


class NotReviews(Exception):  # noqa: N818 - it states what is wrong with a file
    """A file of the history is no review. The message is one line."""


def earlier_reviews(places: Iterable[Path]) -> list[Outline]:
    """The reviews in files, and in the `.json` files of folders, by path. Raises NotReviews."""
    from modelinfra.review.render import json as reading

    found = []
    for file in _files(places):
        try:
            found.append(reading.read_file(file))
        except OSError as error:
            raise NotReviews(f"{file} cannot be read: {error.strerror}") from None
        except reading.NotAnOutline as error:
            raise NotReviews(f"{file} is no review: {error}") from None
    return found


def usual(changes: Changes, project: str, stack: str, earlier: Iterable[Outline]) -> Context:
    """What this change does that no earlier review of the stack did; or that all of it is routine.

    An operation is of a kind: what is done to a type of resource, tags and hashes aside. Unusual is a replacement or deletion of a type to
    which no earlier review did it. Routine is a change of which every kind occurred in at least half of them.
    """
    given = list(earlier)
    own = [each for each in given if each.kind == "change" and (each.project, each.stack) == (project, stack)]
    others = f" {plural(len(given) - len(own), 'review')} of other stacks left aside." if len(own) < len(given) else ""
    if len(own) < ENOUGH:
        return Context(notes=(f"History: {plural(len(own), 'earlier review')}, too few to say what is usual.{others}",))
    occurred: Counter[tuple[str, str]] = Counter(
        kind for each in own for kind in {(one.mark, one.type) for one in each.told}
    )
    kinds = {(each.operation, each.type) for each in changes.resources}
    found = tuple(_unusual(changes, occurred, len(own)))
    routine = bool(kinds) and all(occurred[kind] * 2 >= len(own) for kind in kinds)
    verdict = "all of it is routine" if routine else "not all of it is routine" if kinds else "nothing changes"
    return Context(found, notes=(f"History: {plural(len(own), 'earlier review')}; {verdict}.{others}",))


def _unusual(changes: Changes, occurred: Counter[tuple[str, str]], count: int) -> Iterator[Finding]:
    for operation, word in _GRAVE.items():
        types = {each.type for each in changes.resources if each.operation == operation}
        for token in sorted(kind for kind in types if not occurred[operation, kind]):
            these = [each for each in changes.resources if (each.operation, each.type) == (operation, token)]
            graph = changes.after if these[0].after is not None else changes.before
            yield Finding(
                "history", "low", these[0].urn, f"unusual: none of the last {count} reviews {word} {_a(noun(token))}",
                f"This one does: {listing([called(graph, each.node) for each in these])}.", "Ask whether it is meant.",
            )  # fmt: skip


def _a(what: str) -> str:
    return f"{'an' if what[:1].lower() in 'aeiou' else 'a'} {what}"


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from sorted(each for each in place.glob("*.json") if each.is_file())
        else:
            yield place
