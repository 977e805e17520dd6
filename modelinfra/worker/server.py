"""The model server in the same task."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import urllib3

from modelinfra.worker.settings import Settings

_HEALTH_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 1.0

# The server may answer the same request otherwise later; of the others a client must hear, and nobody else.
_LATER: Final = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    content_type: str
    body: bytes

    @property
    def good(self) -> bool:
        """Whether it is a prediction."""
        return 200 <= self.status < 300

    @property
    def final(self) -> bool:
        """Whether another attempt would end the same way."""
        return self.good or (300 <= self.status < 500 and self.status not in _LATER)


class ServerError(Exception):
    """The server did not answer."""


class Server:
    """Asks it. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = urllib3.PoolManager(maxsize=settings.concurrency + 1, retries=False)

    def ask(self, body: bytes, content_type: str) -> Answer:
        """One prediction. Raises ServerError when there is no answer within the longest request."""
        limit = self._settings.longest_request_seconds
        try:
            answer = self._pool.request(
                "POST",
                self._settings.server + self._settings.predict_path,
                body=body,
                headers={
                    "Content-Type": content_type,
                    "Accept-Encoding": "identity",
                    "User-Agent": "modelinfra-worker",
                },
                timeout=urllib3.Timeout(total=limit),
                redirect=False,
            )
        except urllib3.exceptions.TimeoutError:
            raise ServerError(f"the server did not answer within {limit} s") from None
        except urllib3.exceptions.HTTPError as error:
            raise ServerError(f"the server did not answer ({type(error).__name__})") from None
        return Answer(answer.status, answer.headers.get("Content-Type", "application/octet-stream"), answer.data)

    def ready(self) -> bool:
        """Whether it says that its model is loaded."""
        try:
            answer = self._pool.request(
                "GET", self._settings.server + self._settings.health_path, timeout=_HEALTH_SECONDS, redirect=False
            )
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200

    def wait(self, say: Callable[[str], None]) -> bool:
        """Whether it became ready within its start-up budget."""
        began = time.monotonic()
        while not self.ready():
            if time.monotonic() - began > self._settings.startup_seconds:
                say(f"the server is not ready after {self._settings.startup_seconds} s")
                return False
            time.sleep(_PAUSE_SECONDS)
        say(f"the server is ready after {time.monotonic() - began:.1f} s")
        return True
