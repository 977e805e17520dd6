"""Changes that are counted, not told: nothing but tags, or another hash of the same thing."""

from __future__ import annotations

import re
from typing import Any

from modelinfra.review.changes import Changes, PropertyChange, ResourceChange, without_indices

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|\b[0-9a-f]{40}\b|\b[0-9a-f]{64}\b")
_TAGS = ("tags", "tagsAll", "defaultTags")


def quiet(changes: Changes) -> tuple[ResourceChange, ...]:
    """The updates (and new task revisions) of which nobody needs to read the properties."""
    return tuple(each for each in changes.resources if is_quiet(each))


def is_quiet(change: ResourceChange) -> bool:
    """Whether nothing but tags and hashes changes. Creations, deletions and replacements that somebody feels are never quiet."""
    revision = change.type == "aws:ecs/taskDefinition:TaskDefinition"
    if change.operation != "update" and not (revision and change.operation == "replace"):
        return False
    return bool(change.properties) and all(only_tags(each) or only_hash(each) for each in change.properties)


def only_tags(change: PropertyChange) -> bool:
    """Whether it is a tag."""
    return without_indices(change.path).split(".")[0] in _TAGS


def only_hash(change: PropertyChange) -> bool:
    """Whether before and after differ by a digest alone."""
    before, after = _bare(change.before), _bare(change.after)
    return before is not None and before == after and change.before != change.after


def _bare(value: Any) -> str | None:
    return _DIGEST.sub("#", value) if isinstance(value, str) else None
