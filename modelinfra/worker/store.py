"""Inputs and results in S3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import botocore.exceptions

from modelinfra.worker.messages import ANSWER, ERROR, MessageError, address, result_key, result_prefix
from modelinfra.worker.server import Answer
from modelinfra.worker.settings import Settings


class Store:
    """s3: boto3's client. Safe to use from several threads."""

    def __init__(self, s3: Any, settings: Settings) -> None:
        self._s3, self._bucket, self._prefix = s3, settings.bucket, settings.prefix

    def read(self, uri: str) -> tuple[bytes, str]:
        """An input, and its media type. Raises MessageError for one that is not there."""
        bucket, key = address(uri)
        try:
            found = self._s3.get_object(Bucket=bucket, Key=key)
        except botocore.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket", "404"):
                raise MessageError(f"there is no {uri}") from None
            raise
        return found["Body"].read(), found.get("ContentType", "")

    def answered(self, id_: str) -> bool:
        """Whether an answer was written already. Listed: a look at what is not there takes other rights."""
        wanted = result_key(self._prefix, id_, ANSWER)
        found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=result_prefix(self._prefix, id_), MaxKeys=2)
        return any(each["Key"] == wanted for each in found.get("Contents", ()))

    def write_answer(self, id_: str, answer: Answer) -> bool:
        """Write the answer, once. False where another worker was faster; its answer stays."""
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=result_key(self._prefix, id_, ANSWER),
                Body=answer.body,
                ContentType=answer.content_type,
                IfNoneMatch="*",
            )
        except botocore.exceptions.ClientError as error:
            # 409: another one is being written at this moment (S3 user guide, "Conditional writes").
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
                return False
            raise
        return True

    def write_error(self, id_: str, error: Mapping[str, Any]) -> None:
        """Write why there is no answer."""
        self._s3.put_object(
            Bucket=self._bucket,
            Key=result_key(self._prefix, id_, ERROR),
            Body=json.dumps(error, ensure_ascii=False).encode(),
            ContentType="application/json",
        )
