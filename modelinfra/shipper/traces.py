"""What the proxy copies: a request with its answer, as Envoy's tap filter writes it (envoy.data.tap.v3.HttpBufferedTrace, as JSON)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

# Traces are printed over several lines, and texts in JSON have none: a brace alone on its line closes a trace.
_END: Final = b"\n}\n"


class TraceError(ValueError):
    """This is no trace."""


@dataclass(frozen=True)
class Body:
    """truncated: whether there was more of it."""

    data: bytes
    content_type: str
    encoding: str
    truncated: bool


@dataclass(frozen=True)
class Exchange:
    """A request and its answer. milliseconds: until the answer began. request_id, trace_id: what whoever asked calls it, where they do."""

    time: datetime
    milliseconds: float
    path: str
    status: int
    request_id: str
    trace_id: str
    request: Body
    response: Body


def split(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """The traces in a stream, one by one. Raises TraceError when one is larger than `most`, which no trace can be."""
    held = bytearray()
    for chunk in chunks:
        # The end may lie across two chunks.
        searched = max(len(held) - len(_END), 0)
        held += chunk
        while (end := held.find(_END, searched)) >= 0:
            yield bytes(held[: end + len(_END)])
            del held[: end + len(_END)]
            searched = 0
        if len(held) > most:
            raise TraceError(f"a trace has more than {most} bytes")


def exchange(trace: bytes) -> Exchange:
    """What a trace tells. Raises TraceError."""
    try:
        found = json.loads(trace)["http_buffered_trace"]
        request, response = found["request"], found["response"]
        asked, answered = _headers(request), _headers(response)
        began, ended = _time(request), _time(response)
        return Exchange(
            time=began,
            milliseconds=round((ended - began).total_seconds() * 1000, 3),
            path=asked.get(":path", "").partition("?")[0],
            status=int(answered[":status"]),
            request_id=asked.get("x-request-id", "")[:200],
            trace_id=asked.get("x-amzn-trace-id", "")[:200],
            request=_body(request, asked),
            response=_body(response, answered),
        )
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise TraceError(type(error).__name__) from None


def _headers(message: Mapping[str, Any]) -> dict[str, str]:
    return {each["key"].lower(): each["value"] for each in message.get("headers", ())}


def _time(message: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(message["headers_received_time"]).astimezone(UTC)


def _body(message: Mapping[str, Any], headers: Mapping[str, str]) -> Body:
    body = message.get("body") or {}
    return Body(
        base64.b64decode(body.get("as_bytes", ""), validate=True),
        headers.get("content-type", ""),
        headers.get("content-encoding", "").strip().lower(),
        bool(body.get("truncated")),
    )
