"""HTTPS with retries, redirects and a token that never leaves its host."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import urllib3

from modelinfra.fetcher.checks import FetchError

ATTEMPTS = 5
PAUSE_SECONDS = 1.0
"""Before the second attempt; it doubles with each further one."""

_LONGEST_PAUSE_SECONDS = 30.0
_REDIRECTS = 8
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
_CHUNK = 2**20


def shown(url: str) -> str:
    """An address without its query and user, which may hold a signature or a password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def json_object(body: bytes, url: str) -> dict[str, Any]:
    """What a body says. url: where it comes from, for the message. Raises FetchError for anything but a JSON object."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise FetchError(
            f"the answer of {shown(url)} is not a JSON object", "something else answers there", "Check the address"
        )
    return found


class StatusError(Exception):
    """An answer that is none of success. `headers` are the answer's."""

    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        self.status, self.headers = status, headers
        super().__init__(f"the answer was {status}")


def _location(url: str, given: str) -> tuple[str, str]:
    """Where a redirect leads, and how it is shown."""
    try:
        following = urljoin(url, given)
        return following, shown(following)
    except ValueError:
        raise FetchError(
            f"{shown(url)} leads to what is no address",
            "the host in its redirect cannot be read",
            "Write the address that it should be",
        ) from None


class Web:
    """A pool of connections. Raises StatusError for an answer that is final, FetchError when nothing came in all attempts."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(
            num_pools=8, maxsize=8, retries=False, timeout=urllib3.Timeout(connect=15, read=60)
        )

    def read(self, url: str, headers: Mapping[str, str] | None = None) -> tuple[bytes, Mapping[str, str]]:
        """A small body, and the answer's headers."""
        return self._retried(url, lambda: self._read(url, headers or {}))  # type: ignore[no-any-return]

    def data(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """A body that is a JSON object."""
        body, _ = self.read(url, headers)
        return json_object(body, url)

    def download(self, url: str, target: Path, headers: Mapping[str, str] | None = None) -> None:
        """A body of any size, into a file. A body shorter than announced is fetched again."""
        self._retried(url, lambda: self._download(url, target, headers or {}))

    def _read(self, url: str, headers: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
        answer = self._answer(url, headers)
        try:
            return answer.read(), answer.headers
        finally:
            answer.release_conn()

    def _download(self, url: str, target: Path, headers: Mapping[str, str]) -> None:
        answer = self._answer(url, headers)
        try:
            with target.open("wb") as out:
                for chunk in answer.stream(_CHUNK):
                    out.write(chunk)
        finally:
            answer.release_conn()

    def _answer(self, url: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """The answer at the end of all redirects; only to HTTPS, and the token stays with the host that it is for."""
        sent = {"Accept-Encoding": "identity", "User-Agent": "modelinfra-fetcher", **headers}
        for _ in range(_REDIRECTS):
            answer = self._pool.request("GET", url, headers=sent, redirect=False, preload_content=False)
            if answer.status not in (301, 302, 303, 307, 308):
                break
            answer.drain_conn()
            following, place = _location(url, answer.headers.get("Location", ""))
            if urlsplit(following).scheme != "https":
                raise FetchError(
                    f"{shown(url)} leads to {place}",
                    "only HTTPS is followed",
                    "Write the address that it should be",
                )
            if urlsplit(following).netloc != urlsplit(url).netloc:
                sent.pop("Authorization", None)
            url = following
        # Nor 206, a part that nobody asked for, nor 204: neither is the whole file.
        if answer.status != 200:
            answer.drain_conn()
            raise StatusError(answer.status, answer.headers)
        return answer

    def _retried(self, url: str, once: Any) -> Any:
        why, pause = "", 0.0
        for attempt in range(ATTEMPTS):
            time.sleep(pause)
            pause = min(PAUSE_SECONDS * 2**attempt, _LONGEST_PAUSE_SECONDS)
            try:
                return once()
            except StatusError as error:
                if error.status not in _WORTH_ANOTHER_TRY:
                    raise
                why = str(error)
                asked = error.headers.get("Retry-After", "")
                pause = max(pause, min(float(asked), _LONGEST_PAUSE_SECONDS)) if asked.isdecimal() else pause
            except urllib3.exceptions.HTTPError as error:
                why = re.sub(r"\?\S+", "", str(error)) or type(error).__name__
        raise FetchError(
            f"{shown(url)} cannot be fetched",
            f"{why}, {ATTEMPTS} times",
            "See whether the host is up, and whether the tasks' subnets reach it",
        )
