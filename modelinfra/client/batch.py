"""A batch: one request for each object below a prefix."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelinfra.client.errors import RequestFailedError, ResultTimeoutError
from modelinfra.client.result import Result

if TYPE_CHECKING:
    from modelinfra.client.endpoint import AsyncEndpoint

_PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class Batch:
    """endpoint: whom it asks. name: what the ids of its results begin with. ids: of all its requests. sent: how many of them were sent
    this time; the others had an answer."""

    endpoint: AsyncEndpoint
    name: str
    ids: tuple[str, ...]
    sent: int

    def ended(self) -> int:
        """How many have an answer or an error by now."""
        return len(self.endpoint.ended(self.name) & set(self.ids))

    def results(
        self, timeout: float = 3600, pause: float = _PAUSE_SECONDS
    ) -> Iterator[tuple[str, Result | RequestFailedError]]:
        """Each id with its answer, or with what went wrong, as they come.

        timeout: seconds for all of them together. pause: seconds between two looks. Raises ResultTimeoutError when some are missing.
        """
        left, until = set(self.ids), time.monotonic() + timeout
        while left:
            for id_ in sorted(left & self.endpoint.ended(self.name)):
                found = self._one(id_)
                if found is not None:
                    left.discard(id_)
                    yield id_, found
            if not left:
                return
            if time.monotonic() >= until:
                raise ResultTimeoutError(f"{len(left)} of {len(self.ids)} requests of batch {self.name!r}", timeout)
            time.sleep(min(pause, max(until - time.monotonic(), 0)))

    def _one(self, id_: str) -> Result | RequestFailedError | None:
        try:
            return self.endpoint.finished(id_)
        except RequestFailedError as error:
            return error
