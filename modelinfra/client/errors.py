"""What can go wrong for a client of an asynchronous endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Something given to the client cannot be used, or boto3 is missing; the message says what to do."""


class RequestFailedError(ClientError):
    """The endpoint gave the request up. request_id: the request's. reason: in words. status, answer: what the server answered, where it did."""

    def __init__(self, request_id: str, error: Mapping[str, Any]) -> None:
        self.request_id = request_id
        self.reason: str = error.get("reason", "no reason was written")
        self.status: int | None = error.get("status")
        self.answer: str = error.get("answer", "")
        super().__init__(f"request {request_id!r} failed: {self.reason}" + (f": {self.answer}" if self.answer else ""))


class ResultTimeoutError(ClientError, TimeoutError):
    """There is no result yet. The request is still in the queue, or worked on; asking again later is right."""

    def __init__(self, waiting: str, seconds: float) -> None:
        super().__init__(
            f"no result of {waiting} after {seconds:g} s: it is still in the queue or worked on, ask again later"
        )


def of_aws() -> tuple[type[Exception], ...]:
    """What boto3 raises when AWS refuses, or cannot be reached; nothing where boto3 is missing."""
    try:
        from botocore.exceptions import BotoCoreError
        from botocore.exceptions import ClientError as Refused
    except ImportError:
        return ()
    return (BotoCoreError, Refused)
