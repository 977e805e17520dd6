"""What is kept of a request and its answer: one line of JSON, with what is to be masked masked. docs/capture.md says it in words."""

from __future__ import annotations

import base64
import json
import math
import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from modelinfra.shipper.masks import Path, mask
from modelinfra.shipper.traces import Body, Exchange

# Python reads no longer numbers (sys.int_info.default_max_str_digits).
_LONGEST_NUMBER: Final = 4000

_EVENTS: Final = "text/event-stream"
_LAST_EVENT: Final = "[DONE]"


class NotKept(Exception):  # noqa: N818  nothing went wrong
    """This is not kept; the message is the reason under which it is counted."""


@dataclass(frozen=True)
class Rules:
    """masks: what is masked. keep_unparsed: whether what is no JSON is kept, as it is. max_body: bytes of a request, and of an answer."""

    masks: Sequence[Path]
    keep_unparsed: bool
    max_body: int
    endpoint: str
    revision: str
    image: str


def line(exchange: Exchange, rules: Rules, more: Mapping[str, Any] = MappingProxyType({})) -> str:
    """One line. more: what else it says of the exchange. Raises NotKept."""
    if not 200 <= exchange.status < 300:
        raise NotKept("no prediction")
    if exchange.request.truncated or exchange.response.truncated:
        raise NotKept("too large")
    try:
        request, response = (_side(body, rules) for body in (exchange.request, exchange.response))
        record = {
            "id": uuid.uuid4().hex,
            "time": exchange.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "endpoint": rules.endpoint,
            "revision": rules.revision,
            "image": rules.image,
            "path": exchange.path,
            "status": exchange.status,
            "milliseconds": exchange.milliseconds,
            "requestId": exchange.request_id or None,
            "traceId": exchange.trace_id or None,
            **more,
            "request": request,
            "response": response,
        }
        return json.dumps(record, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        # Nested too deeply to be masked: it is not kept unmasked, either.
        raise NotKept("nested too deeply") from None


def _side(body: Body, rules: Rules) -> dict[str, Any]:
    data, encoding = _decoded(body, rules.max_body)
    kept: dict[str, Any] = {"contentType": body.content_type}
    events = body.content_type.partition(";")[0].strip().lower() == _EVENTS
    try:
        if encoding:
            raise ValueError
        found = [_parsed(each) for each in _events(data)] if events else _parsed(data)
    except ValueError:
        if not rules.keep_unparsed:
            raise NotKept("not JSON") from None
        encoded = {"contentEncoding": encoding} if encoding else {}
        return {**kept, **encoded, "base64": base64.b64encode(data).decode()}
    # A path starts anew in every event.
    masked = [mask(each, rules.masks)[0] for each in found] if events else mask(found, rules.masks)[0]
    return {**kept, "events" if events else "json": masked}


def _decoded(body: Body, most: int) -> tuple[bytes, str]:
    """The body, and what it is still encoded with."""
    if body.encoding in ("", "identity"):
        return body.data, ""
    if body.encoding not in ("gzip", "x-gzip"):
        return body.data, body.encoding
    unpacking = zlib.decompressobj(wbits=31)
    try:
        data = unpacking.decompress(body.data, most + 1)
    except zlib.error:
        return body.data, body.encoding
    if len(data) > most:
        raise NotKept("too large")
    return (data, "") if unpacking.eof and not unpacking.unused_data else (body.data, body.encoding)


def _events(data: bytes) -> list[str]:
    """The data of server-sent events (WHATWG HTML, "Interpreting an event stream"). Raises ValueError."""
    events, held = [], []
    for row in [*data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""]:
        if row.startswith("data:"):
            held.append(row[5:].removeprefix(" "))
        elif not row:
            events.append("\n".join(held))
            held = []
    found = [each for each in events if each and each != _LAST_EVENT]
    if not found:
        raise ValueError("there are no events")
    return found


def _parsed(text: str | bytes) -> Any:
    """Numbers that JSON has not (NaN, Infinity, too large ones) become null: other readers take nothing else. Raises ValueError."""
    return json.loads(text, parse_constant=lambda _: None, parse_float=_finite, parse_int=_whole)


def _finite(digits: str) -> float | None:
    found = float(digits)
    return found if math.isfinite(found) else None


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None
