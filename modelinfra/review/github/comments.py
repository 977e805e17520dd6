"""Sticky comments on a pull request: https://docs.github.com/rest/issues/comments."""

from __future__ import annotations

from typing import Any, Final

from modelinfra.review.github.client import GitHub, GitHubError, at
from modelinfra.review.render import markdown_text

LONGEST: Final = 65_536
"""Characters that GitHub takes in a comment."""


def marker(project: str, stack: str) -> str:
    """The first line of the comment of a stack, invisible to readers."""
    return f"<!-- modelinfra-comment:{markdown_text.marker(project)[:100]}/{markdown_text.marker(stack)[:100]} -->"


def comment(github: GitHub, pull_request: int, mark: str, text: str) -> str:
    """Post the text below its marker, or write it in the place of the comment that holds the marker; the address of the comment.

    Raises GitHubError.
    """
    body = f"{mark}\n{text}"
    if len(body) > LONGEST:
        raise GitHubError(f"the comment has {len(body):,} characters, and GitHub takes {LONGEST:,}")

    def ours(each: Any) -> bool:
        return str(each.get("body") or "").startswith(mark) and at(each, "user", "login") == github.author

    def once() -> Any:
        # Also after a failure, when nobody knows whether the comment was made: looked for again, it is never made twice.
        known = next(filter(ours, github.pages(f"issues/{pull_request}/comments")), None)
        if known is None:
            return github.call("POST", f"issues/{pull_request}/comments", {"body": body})
        if known.get("body") == body:
            return known
        return github.call("PATCH", f"issues/comments/{int(known['id'])}", {"body": body})

    return str(github.retried(once).get("html_url", ""))
