"""A request and an answer, and which of their headers go on."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

# Nothing else goes on: what ends at the next hop (Connection, Upgrade, Transfer-Encoding ...), who asks here (Authorization, Cookie,
# X-Api-Key, X-Forwarded-For ...) and names of this site stay here.
_ASKING: Final = (
    "content-type",
    "content-encoding",
    "inference-header-content-length",
    "traceparent",
    "tracestate",
    "x-request-id",
)
_ANSWERING: Final = (
    "content-type",
    "content-encoding",
    "inference-header-content-length",
    "x-request-id",
    "retry-after",
)
_LONGEST_HEADER: Final = 1024

KEY: Final = "idempotency-key"
"""Whoever answers twice under the same key answers one request."""


@dataclass(frozen=True)
class Asked:
    """key: the client's own idempotency key, or a new one."""

    body: bytes
    headers: Mapping[str, str]
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class Answer:
    """Of the device, or of the cloud."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        """Whether it is a prediction."""
        return 200 <= self.status < 300


def asked(body: bytes, headers: Mapping[str, str]) -> Asked:
    """What goes on of a request."""
    kept = _kept(headers, _ASKING)
    key = headers.get(KEY, "")
    right = 1 <= len(key) <= 200 and key.isascii() and key.isprintable()
    return Asked(body, kept, key) if right else Asked(body, kept)


def answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """What goes back of an answer."""
    return Answer(status, _kept(headers, _ANSWERING), body)


def _kept(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers and len(headers[name]) <= _LONGEST_HEADER}
