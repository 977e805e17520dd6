"""Labels of a pull request: https://docs.github.com/rest/issues/labels."""

from __future__ import annotations

import urllib.parse
from collections.abc import Collection

from modelinfra.review.github.client import GitHub


def label(github: GitHub, pull_request: int, wanted: Collection[str], ours: Collection[str]) -> None:
    """Put the wanted labels on, take those of ours off that are not wanted, leave others alone. Raises GitHubError."""
    path = f"issues/{pull_request}/labels"
    there = {str(each.get("name")) for each in github.retried(lambda: list(github.pages(path)))}
    fresh = sorted(set(wanted) - there)
    if fresh:
        github.retried(lambda: github.call("POST", path, {"labels": fresh}))
    for name in sorted((there & set(ours)) - set(wanted)):
        address = f"{path}/{urllib.parse.quote(name, safe='')}"
        github.retried(lambda address=address: github.call("DELETE", address))  # type: ignore[misc]
