"""One sticky comment on a pull request, by GitHub's REST API: https://docs.github.com/rest/issues/comments."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Final

LONGEST: Final = 65_536
"""Characters that GitHub takes in a comment."""

_ATTEMPTS, _LONGEST_WAIT, _PAGES = 5, 120.0, 50
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_LOCAL: Final = ("127.0.0.1", "localhost")


class GitHubError(Exception):
    """GitHub did not do what was asked. The message is one line, without the token."""


class _Again(Exception):  # noqa: N818 - it is no error yet
    def __init__(self, wait: float | None, why: str) -> None:
        super().__init__(why)
        self.wait = wait


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to wherever it points."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def marker(project: str, stack: str) -> str:
    """The first line of the comment of a stack, invisible to readers."""

    def word(text: str) -> str:
        # Two dashes would end an HTML comment.
        return re.sub("-{2,}", "-", re.sub(r"[^A-Za-z0-9._-]", "-", text)).strip("-")[:100]

    return f"<!-- modelinfra-comment:{word(project)}/{word(stack)} -->"


@dataclass(frozen=True)
class GitHub:
    """A repository at GitHub. author: login whose comments are ours; others that hold the marker are left alone."""

    repository: str
    token: str = field(repr=False)
    api: str = "https://api.github.com"
    author: str = "github-actions[bot]"
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        if not _REPOSITORY.fullmatch(self.repository):
            raise GitHubError(f"{self.repository!r} is no repository. Write OWNER/NAME")
        address = urllib.parse.urlsplit(self.api)
        if address.scheme != "https" and address.hostname not in _LOCAL:
            raise GitHubError(f"{self.api} is not encrypted, and the token would be readable")
        if not self.token:
            raise GitHubError("GITHUB_TOKEN is not set")

    def pull_request(self, head: str, commit: str) -> int | None:
        """The open pull request of a branch `OWNER:BRANCH` that stands at the commit; None when it has moved on or is closed."""
        query = urllib.parse.urlencode({"head": head, "state": "open", "per_page": 100})
        found = self._retried(lambda: self._call("GET", f"pulls?{query}"))
        numbers = [each["number"] for each in found if _at(each, "head", "sha") == commit]
        return int(numbers[0]) if numbers else None

    def comment(self, pull_request: int, mark: str, text: str) -> str:
        """Post the text below its marker, or write it in the place of the comment that holds the marker; the address of the comment.

        Raises GitHubError.
        """
        body = f"{mark}\n{text}"
        if len(body) > LONGEST:
            raise GitHubError(f"the comment has {len(body):,} characters, and GitHub takes {LONGEST:,}")

        def once() -> Any:
            # Also after a failure, when nobody knows whether the comment was made: looked for again, it is never made twice.
            known = next(self._ours(pull_request, mark), None)
            if known is None:
                return self._call("POST", f"issues/{pull_request}/comments", {"body": body})
            if known.get("body") == body:
                return known
            return self._call("PATCH", f"issues/comments/{int(known['id'])}", {"body": body})

        return str(self._retried(once).get("html_url", ""))

    def label(self, pull_request: int, wanted: Collection[str], ours: Collection[str]) -> None:
        """Put the wanted labels on, take those of ours off that are not wanted, leave others alone. Raises GitHubError."""
        path = f"issues/{pull_request}/labels"
        there = {str(each.get("name")) for each in self._retried(lambda: self._call("GET", f"{path}?per_page=100"))}
        fresh = sorted(set(wanted) - there)
        if fresh:
            self._retried(lambda: self._call("POST", path, {"labels": fresh}))
        for name in sorted((there & set(ours)) - set(wanted)):
            self._retried(lambda name=name: self._call("DELETE", f"{path}/{urllib.parse.quote(name, safe='')}"))  # type: ignore[misc]

    def _ours(self, pull_request: int, mark: str) -> Iterator[Mapping[str, Any]]:
        for page in range(1, _PAGES + 1):
            found = self._call("GET", f"issues/{pull_request}/comments?per_page=100&page={page}")
            for each in found:
                if str(each.get("body") or "").startswith(mark) and _at(each, "user", "login") == self.author:
                    yield each
            if len(found) < 100:
                return

    def _retried(self, once: Callable[[], Any]) -> Any:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return once()
            except _Again as again:
                wait = 2.0 ** (attempt - 1) if again.wait is None else again.wait
                if attempt == _ATTEMPTS or wait > _LONGEST_WAIT:
                    raise GitHubError(f"GitHub gives no answer: {again} (asked {attempt} times)") from None
                self.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _call(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.api.rstrip('/')}/repos/{self.repository}/{path}",
            method=method,
            data=None if data is None else json.dumps(data).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "modelinfra",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.build_opener(_NoRedirects).open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise self._failure(method, path, error) from None
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            reason = getattr(error, "reason", error)
            raise _Again(None, f"{method} {path.partition('?')[0]}: {reason}") from None
        except ValueError:
            raise _Again(None, f"{method} {path.partition('?')[0]}: the answer is not JSON") from None

    def _failure(self, method: str, path: str, error: urllib.error.HTTPError) -> Exception:
        try:
            said = str(json.loads(error.read(10_000)).get("message", ""))
        except (ValueError, AttributeError, OSError):
            said = ""
        shown = f"{method} {path.partition('?')[0]}: {error.code} {said}".replace(self.token, "[token]").strip()
        limited = error.code == 429 or (
            error.code == 403
            and (
                "rate limit" in said.lower()
                or "retry-after" in error.headers
                or error.headers.get("x-ratelimit-remaining") == "0"
            )
        )
        if limited or error.code >= 500:
            return _Again(_wait(error.headers), shown)
        return GitHubError(f"{shown.splitlines()[0]}")


def _wait(headers: Message) -> float | None:
    """Seconds that GitHub asks to wait: `retry-after`, or until the limit is set anew; None when it does not say."""
    after, reset = headers.get("retry-after"), headers.get("x-ratelimit-reset")
    if after is not None and after.isdigit():
        return float(after)
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None and reset.isdigit():
        return max(float(reset) - time.time(), 1.0)
    return None


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
