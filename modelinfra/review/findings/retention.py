"""What is kept for a shorter time from now on: what is older already goes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelinfra.graph.values import listed, mapping, plain
from modelinfra.review.changes import Changes
from modelinfra.review.finding import Finding
from modelinfra.review.findings.words import called, plural

_DAY: Final = 24 * 3600

# Amazon SQS API, SetQueueAttributes.
_SQS_DEFAULT: Final = 4 * _DAY


def findings(changes: Changes) -> Iterator[Finding]:
    """Queues and buckets that drop sooner what they hold."""
    for change in changes.of("update"):
        old, new, kept = change.before, change.after, _KEPT.get(change.type)
        if kept is None or old is None or new is None:
            continue
        before, after = kept.seconds(plain(old.inputs)), kept.seconds(plain(new.inputs))
        if after is not None and (before is None or after < before):
            was = "for ever" if before is None else _shown(before)
            yield Finding(
                "data loss", "high", change.urn, f"{called(changes.after, new)} keeps {kept.what} for {_shown(after)}, and not {was}",
                "What is older than that goes as soon as the change is deployed, and nobody can bring it back.",
                "Take out first what is still needed.",
            )  # fmt: skip


@dataclass(frozen=True)
class _Kept:
    """what: it is that expires. seconds: after how long, by inputs; None for never, or where it is not known."""

    what: str
    seconds: Callable[[Mapping[str, Any]], int | None]


def _of_queue(inputs: Mapping[str, Any]) -> int | None:
    given = inputs.get("messageRetentionSeconds", _SQS_DEFAULT)
    return int(given) if isinstance(given, (int, float)) else None


def _of_bucket(inputs: Mapping[str, Any]) -> int | None:
    """The soonest of its rules."""
    rules = [mapping(rule) for rule in listed(inputs.get("rules")) if mapping(rule).get("status") == "Enabled"]
    days = [mapping(rule.get("expiration")).get("days") for rule in rules]
    return min((int(each) * _DAY for each in days if isinstance(each, (int, float)) and each), default=None)


def _shown(seconds: int) -> str:
    return plural(seconds // _DAY, "day") if seconds % _DAY == 0 else f"{seconds / 3600:g} hours"


_KEPT: Final = {
    "aws:sqs/queue:Queue": _Kept("messages", _of_queue),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _Kept("objects", _of_bucket),
}
