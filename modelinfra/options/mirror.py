"""Copies of requests for a revision that answers nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from modelinfra.options.declare import Option
from modelinfra.options.landing import ROUTE_OF_GATEWAY
from modelinfra.options.problems import Problem, did_you_mean
from modelinfra.options.revisions import STABLE


class MirrorOptions(TypedDict):
    """Which revision gets copies of requests. Its answers are thrown away."""

    revision: Annotated[str, Option()]
    """Its name, one of `revisions`."""

    percent: NotRequired[
        Annotated[
            int, Option(default=100, at_least=1, at_most=100, lands=(f"{ROUTE_OF_GATEWAY}.spec.rules",), example=20)
        ]
    ]
    """Share of the requests that are copied, of those that `traffic` divides."""


def a_mirror_is_a_revision(endpoint: Mapping[str, Any]) -> Iterable[Problem]:
    """Rule over `mirror` and `revisions`."""
    mirror, revisions = endpoint["mirror"], endpoint["revisions"]
    if mirror is None:
        return
    if not revisions:
        reason = "there is one revision, and it answers"
        yield Problem("mirror", reason, "Add the one that shall get the copies to `revisions`.")
    elif mirror.revision == STABLE:
        yield Problem("mirror.revision", "this one answers", "Write one of `revisions`.", STABLE)
    elif mirror.revision not in revisions:
        remedy = did_you_mean(mirror.revision, list(revisions))
        yield Problem("mirror.revision", "there is no such revision", remedy, mirror.revision)
