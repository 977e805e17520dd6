"""GitHub's REST API for one repository: who asks, what is tried again, and what is told of a failure."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Final

_ATTEMPTS, _LONGEST_WAIT, _PAGES, _PER_PAGE = 5, 120.0, 50, 100
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


@dataclass(frozen=True)
class GitHub:
    """A repository at GitHub. author: login under which the token writes; what others wrote is left alone."""

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

    def pages(self, path: str, within: str = "") -> Iterator[Mapping[str, Any]]:
        """Everything that a list holds, page by page, at most 5,000. within: the key that holds it where the answer is no list."""
        joint = "&" if "?" in path else "?"
        for page in range(1, _PAGES + 1):
            answer = self.call("GET", f"{path}{joint}per_page={_PER_PAGE}&page={page}")
            found = answer[within] if within else answer
            yield from found
            if len(found) < _PER_PAGE:
                return

    def retried(self, once: Callable[[], Any]) -> Any:
        """What `once` gives, which is done again as a whole after what passes. Raises GitHubError."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return once()
            except _Again as again:
                wait = 2.0 ** (attempt - 1) if again.wait is None else again.wait
                if attempt == _ATTEMPTS or wait > _LONGEST_WAIT:
                    raise GitHubError(f"GitHub gives no answer: {again} (asked {attempt} times)") from None
                self.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def call(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Any:
        """One request below the repository, within `retried`: the answer as data."""
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
        # GitHub says which permission would do: `checks=write`.
        needed = re.fullmatch(r"[a-z_=,; ]{1,200}", error.headers.get("x-accepted-github-permissions") or "")
        hint = f". The job's `permissions` must hold {needed[0]}" if error.code == 403 and needed else ""
        return GitHubError(f"{shown.splitlines()[0]}{hint}")


def _wait(headers: Message) -> float | None:
    """Seconds that GitHub asks to wait: `retry-after`, or until the limit is set anew; None when it does not say."""
    after, reset = headers.get("retry-after"), headers.get("x-ratelimit-reset")
    if after is not None and after.isdigit():
        return float(after)
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None and reset.isdigit():
        return max(float(reset) - time.time(), 1.0)
    return None


def at(value: Any, *keys: str) -> Any:
    """What lies below keys of an answer; None where one is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
