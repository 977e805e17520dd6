"""Which pull request a review belongs to: https://docs.github.com/rest/pulls/pulls."""

from __future__ import annotations

import urllib.parse
from typing import Any

from modelinfra.review.github.client import GitHub, at


def pull_request_of(github: GitHub, head: str, commit: str) -> int | None:
    """The open pull request of a branch `OWNER:BRANCH` that stands at the commit; None when it has moved on or is closed."""
    query = urllib.parse.urlencode({"head": head, "state": "open", "per_page": 100})
    found = github.retried(lambda: github.call("GET", f"pulls?{query}"))
    numbers = [each["number"] for each in found if _is(at(each, "head", "sha"), commit)]
    return int(numbers[0]) if numbers else None


def stands_at(github: GitHub, number: int, commit: str) -> bool:
    """Whether a pull request is open and at the commit."""
    found = github.retried(lambda: github.call("GET", f"pulls/{number}"))
    return at(found, "state") == "open" and _is(at(found, "head", "sha"), commit)


def _is(sha: Any, commit: str) -> bool:
    return isinstance(sha, str) and sha.startswith(commit.lower())
