"""`AsyncEndpoint`: sends messages to an endpoint's queue, and reads results from its bucket."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any, Final

from modelinfra.client.batch import Batch
from modelinfra.client.errors import ClientError, RequestFailedError, ResultTimeoutError
from modelinfra.client.result import Result
from modelinfra.worker.messages import (
    ANSWER,
    ERROR,
    Job,
    MessageError,
    address,
    input_key,
    problem_of_id,
    result_prefix,
    write,
)  # fmt: skip

# SQS API, SendMessage: 1,048,576 bytes. Some are left for what services between may add.
LARGEST_MESSAGE: Final = 1_000_000

# SQS API, SendMessageBatch.
_MOST_AT_ONCE: Final = 10

_ATTEMPTS: Final = 3

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0


class AsyncEndpoint:
    """An asynchronous endpoint. Safe to use from several threads.

    queue_url, store: the endpoint's outputs `queue_url` and `store_uri`. session: of boto3, with credentials that the endpoint's
    `client_policy` is attached to; the default one where it is left out. Raises ClientError for what cannot be used.
    """

    def __init__(self, queue_url: str, store: str, *, session: Any = None) -> None:
        found = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/((?:.+/)?)", store)
        if found is None:
            raise ClientError(f"{store!r} is no place in S3: write s3://bucket/name/, the endpoint's output store_uri")
        self._bucket, self._prefix = found.groups()
        self._url = queue_url
        session = session or _session(queue_url)
        self._sqs, self._s3 = session.client("sqs"), session.client("s3")

    def submit(self, body: Any, *, request_id: str | None = None, content_type: str | None = None) -> str:
        """Send one request, and return its id.

        body: bytes, or anything that JSON can say. request_id: names the result; the same one twice is answered once. A random one by
        default. content_type: application/json by default, application/octet-stream for bytes. What is too large for a message goes
        through S3. Raises ClientError.
        """
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = content_type or ("application/octet-stream" if isinstance(body, bytes) else "application/json")
        id_ = _checked(request_id or uuid.uuid4().hex)
        text = write(Job(id_, kind, body=raw))
        if len(text.encode()) > LARGEST_MESSAGE:
            key = input_key(self._prefix, id_)
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=raw, ContentType=kind)
            text = write(Job(id_, kind, address=f"s3://{self._bucket}/{key}"))
        self._send(text)
        return id_

    def submit_object(
        self, uri: str, *, request_id: str | None = None, content_type: str = "application/octet-stream"
    ) -> str:
        """Send a request whose body is an object in S3, `s3://bucket/key`, which the endpoint's `queue.inputs` must name.

        content_type: that of the object where it is left out. Raises ClientError.
        """
        try:
            address(uri)
        except MessageError as error:
            raise ClientError(f"{uri!r}: {error}") from None
        id_ = _checked(request_id or uuid.uuid4().hex)
        self._send(write(Job(id_, content_type, address=uri)))
        return id_

    def result(self, request_id: str, timeout: float = 300) -> Result:
        """Wait for a result. timeout: in seconds; 0 looks once.

        Raises RequestFailedError when the endpoint gave the request up, and ResultTimeoutError when there is no result yet.
        """
        until, pause = time.monotonic() + timeout, _FIRST_PAUSE
        while True:
            found = self.finished(request_id)
            if found is not None:
                return found
            left = until - time.monotonic()
            if left <= 0:
                raise ResultTimeoutError(repr(request_id), timeout)
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def finished(self, request_id: str) -> Result | None:
        """The result, where there is one by now. Raises RequestFailedError."""
        where = result_prefix(self._prefix, _checked(request_id))
        there = {name for name in (ANSWER, ERROR) if where + name in self._names(where)}
        if ANSWER in there:
            found = self._s3.get_object(Bucket=self._bucket, Key=where + ANSWER)
            return Result(found["Body"].read(), found["ContentType"])
        if ERROR in there:
            found = self._s3.get_object(Bucket=self._bucket, Key=where + ERROR)
            raise RequestFailedError(request_id, json.loads(found["Body"].read()))
        return None

    def batch(
        self, prefix: str, *, name: str | None = None, content_type: str = "application/octet-stream", suffix: str = ""
    ) -> Batch:
        """Send a request for every object below `s3://bucket/prefix/`, which the endpoint's `queue.inputs` must name.

        name: of the batch; its results have the ids `name/object`. The same name again sends only what has no answer yet. The
        prefix by default. content_type: that of each object where it is left out. suffix: only objects that end so. Folders, which
        are objects that end with a slash, are left out. Raises ClientError.
        """
        try:
            bucket, key = address(prefix)
        except MessageError:
            raise ClientError(f"{prefix!r} is no place in S3: write s3://bucket/prefix/") from None
        name = _checked(name or f"{bucket}/{key}".rstrip("/"))
        done = self._answered(name)
        ids: list[str] = []
        waiting: list[str] = []
        for found in self._list(bucket, key):
            if found.endswith("/") or not found.endswith(suffix):
                continue
            id_ = _checked(f"{name}/{found.removeprefix(key).lstrip('/') or found.rpartition('/')[2]}")
            ids.append(id_)
            if id_ not in done:
                waiting.append(write(Job(id_, content_type, address=f"s3://{bucket}/{found}")))
            if len(waiting) == _MOST_AT_ONCE:
                self._send_all(waiting)
                waiting = []
        self._send_all(waiting)
        if not ids:
            raise ClientError(f"there is no object below {prefix}" + (f" that ends with {suffix}" if suffix else ""))
        return Batch(self, name, tuple(ids), len([id_ for id_ in ids if id_ not in done]))

    def _answered(self, name: str) -> set[str]:
        """Ids below a name that have an answer."""
        return {id_ for id_, what in self._written(name) if what == ANSWER}

    def ended(self, name: str) -> set[str]:
        """Ids below a name that have an answer or an error."""
        return {id_ for id_, _ in self._written(name)}

    def _written(self, name: str) -> Iterator[tuple[str, str]]:
        """Ids below a name, and what is written of each."""
        above = f"{self._prefix}results/"
        for key in self._list(self._bucket, result_prefix(self._prefix, name)):
            id_, _, what = key.removeprefix(above).rpartition("/")
            yield id_, what

    def _names(self, where: str) -> set[str]:
        """Listed: a look at what is not there takes other rights."""
        found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=where, MaxKeys=10)
        return {each["Key"] for each in found.get("Contents", ())}

    def _list(self, bucket: str, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return (each["Key"] for page in pages for each in page.get("Contents", ()))

    def _send(self, text: str) -> None:
        self._sqs.send_message(QueueUrl=self._url, MessageBody=text)

    def _send_all(self, texts: list[str]) -> None:
        """Ten at the most. What SQS did not take is sent again. Raises ClientError when it does not take it then, either."""
        left = {str(index): text for index, text in enumerate(texts)}
        refused = ""
        for _ in range(_ATTEMPTS if left else 0):
            entries = [{"Id": index, "MessageBody": text} for index, text in left.items()]
            failed = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries).get("Failed", ())
            left = {each["Id"]: left[each["Id"]] for each in failed}
            if not left:
                return
            refused = failed[0].get("Message") or failed[0]["Code"]
        if left:
            raise ClientError(
                f"SQS did not take {len(left)} messages: {refused}. Send the same batch again: what was sent is answered once"
            )


def _session(queue_url: str) -> Any:
    try:
        import boto3
    except ModuleNotFoundError:
        raise ClientError("the client needs boto3: pip install modelinfra[client]") from None
    # https://sqs.REGION.amazonaws.com/ACCOUNT/NAME
    region = re.match(r"https://sqs\.([a-z0-9-]+)\.", queue_url)
    return boto3.Session(region_name=region[1] if region else None)


def _checked(id_: str) -> str:
    problem = problem_of_id(id_)
    if problem:
        raise ClientError(f"the id {id_!r} {problem}")
    return id_
