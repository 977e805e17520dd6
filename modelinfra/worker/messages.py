"""The format of messages and of results: what clients write and workers read, and the other way round. docs/async.md says it in words."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

ANSWER: Final = "answer"
ERROR: Final = "error.json"

_KEYS = {"id", "contentType", "json", "base64", "s3"}
_BODIES = ("json", "base64", "s3")

# S3 user guide, "Object key names": 1,024 bytes at most. The rest is for the prefix, `results/` and the last part of the key.
_LONGEST_ID = 800

_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.+)", re.DOTALL)


class MessageError(ValueError):
    """A message that nobody can work on, however often it is tried."""


@dataclass(frozen=True)
class Job:
    """One request. id: names its result. Exactly one of `body` and `address`, an object in S3, is set."""

    id: str
    content_type: str
    body: bytes | None = None
    address: str | None = None


def parse(text: str, message_id: str) -> Job:
    """A message's text as a request. message_id: SQS's own, for a message that has no `id`. Raises MessageError."""
    try:
        found = json.loads(text)
    except ValueError:
        raise MessageError("the message is no JSON") from None
    if not isinstance(found, dict):
        raise MessageError("the message is JSON, but no object")
    unknown = sorted(set(found) - _KEYS)
    if unknown:
        raise MessageError(f"the message has keys that nobody knows: {', '.join(unknown)}")
    given = [key for key in _BODIES if key in found]
    if len(given) != 1:
        raise MessageError(f"the message needs one of {', '.join(_BODIES)}, and has {' and '.join(given) or 'none'}")
    id_ = found.get("id", message_id)
    problem = problem_of_id(id_)
    if problem:
        raise MessageError(f"`id` {problem}")
    content_type = found.get("contentType", "application/json" if "json" in found else "application/octet-stream")
    if not isinstance(content_type, str) or not re.fullmatch(r"[\x20-\x7e]+", content_type):
        raise MessageError("`contentType` is no media type")
    if "s3" in found:
        address(found["s3"])
        return Job(id_, content_type, address=found["s3"])
    return Job(id_, content_type, body=_body(found))


def _body(found: Mapping[str, Any]) -> bytes:
    if "json" in found:
        return json.dumps(found["json"], ensure_ascii=False).encode()
    try:
        return base64.b64decode(found["base64"], validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise MessageError("`base64` is not base64") from None


def write(job: Job) -> str:
    """The text of a message. JSON stays readable in it where it is ASCII or UTF-8, everything else is in base64."""
    message: dict[str, Any] = {"id": job.id, "contentType": job.content_type}
    if job.address is not None:
        return json.dumps({**message, "s3": job.address})
    body = job.body or b""
    if job.content_type == "application/json":
        try:
            return json.dumps({**message, "json": json.loads(body)}, allow_nan=False)
        except ValueError:
            pass  # not what it says that it is, or more than JSON can say: the server decides
    return json.dumps({**message, "base64": base64.b64encode(body).decode()})


def problem_of_id(id_: Any) -> str:
    """Why a text cannot be the name of a result, as the end of a sentence; empty where it can."""
    if not isinstance(id_, str) or not id_:
        return "is no text"
    if len(id_.encode("utf-8", "replace")) > _LONGEST_ID:
        return f"has more than {_LONGEST_ID} bytes"
    if any(ord(each) < 32 or 0x7F <= ord(each) < 0xA0 or 0xD800 <= ord(each) < 0xE000 for each in id_):
        return "has characters that cannot be written"
    if {"", ".", ".."} & set(id_.split("/")):
        return "has a slash at an end, two in a row, or a part that is a dot or two"
    return ""


def address(uri: Any) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`. Raises MessageError."""
    found = _ADDRESS.fullmatch(uri) if isinstance(uri, str) else None
    if found is None:
        raise MessageError("`s3` is no address of an object: s3://bucket/key")
    return found[1], found[2]


def input_key(prefix: str, id_: str) -> str:
    """Where a client puts an input that is too large for a message. prefix: of the endpoint's objects."""
    return f"{prefix}inputs/{id_}"


def result_prefix(prefix: str, id_: str) -> str:
    """What the objects of one result begin with."""
    return f"{prefix}results/{id_}/"


def result_key(prefix: str, id_: str, name: str) -> str:
    """Where a result lies. name: ANSWER or ERROR."""
    return result_prefix(prefix, id_) + name
