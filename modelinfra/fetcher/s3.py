"""Models in Amazon S3: one object, or all below a prefix."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from modelinfra.fetcher.checks import FetchError, of_s3
from modelinfra.fetcher.stores import Listing, RemoteFile

# Each of the files that are fetched at once, in parts: 4 x 4 parts of 8 MiB are 128 MiB of memory at most.
_TRANSFER = TransferConfig(max_concurrency=4, multipart_chunksize=8 * 2**20)
_RETRIES = Config(retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=32)
_KINDS = {"ChecksumSHA256": "sha256", "ChecksumSHA1": "sha1", "ChecksumCRC32": "crc32"}


def bucket_listing(uri: str) -> Listing:
    """The object of that key, or every object below it as a prefix."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    key = key.rstrip("/")
    try:
        client = boto3.client("s3", config=_RETRIES)
        found = _objects(client, bucket, f"{key}/")
        # The key itself sorts first among all that begin with it.
        answer = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
        alone = [each for each in answer.get("Contents", []) if each["Key"] == key]
        one = not found
        remark = "a prefix; the object of the same name is left out" if found and alone else ""
        found = found or alone
    except (ClientError, BotoCoreError) as error:
        raise _failed(uri, error) from None
    if not found:
        raise FetchError(
            f"there is nothing at {uri}", "no object has this key or prefix", "Correct it, or store the model there"
        )

    def file(entry: Mapping[str, Any]) -> RemoteFile:
        name = key.rsplit("/", 1)[-1] if one else entry["Key"].removeprefix(f"{key}/")

        def fetch(target: Path) -> Mapping[str, str]:
            try:
                head = client.head_object(Bucket=bucket, Key=entry["Key"], ChecksumMode="ENABLED")
                client.download_file(bucket, entry["Key"], str(target), Config=_TRANSFER)
            except (ClientError, BotoCoreError, Boto3Error) as error:
                raise _failed(f"s3://{bucket}/{entry['Key']}", error) from None
            return checksums(head)

        return RemoteFile(name, entry["Size"], fetch)

    return Listing(tuple(file(entry) for entry in found), one=one, remark=remark)


def checksums(head: Mapping[str, Any]) -> dict[str, str]:
    """What S3 knows of the whole object's content.

    Checksums over the checksums of parts, CRC-32C and CRC-64 are left out: the parts are not known here, and Python has neither
    of the two. An ETag is the MD5 of the content unless the object has parts or is encrypted with a key of KMS (S3 API, Object).
    """
    if head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT":
        for name, kind in _KINDS.items():
            value = head.get(name, "")
            if value and "-" not in value:
                return of_s3(kind, value)
    etag = head.get("ETag", "").strip('"')
    if (
        len(etag) == 32
        and head.get("ServerSideEncryption", "AES256") == "AES256"
        and "SSECustomerAlgorithm" not in head
    ):
        return {"md5": etag}
    return {}


def _objects(client: Any, bucket: str, prefix: str) -> list[Mapping[str, Any]]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    # Keys that end in a slash are the console's folders.
    return [entry for page in pages for entry in page.get("Contents", []) if not entry["Key"].endswith("/")]


def _failed(where: str, error: ClientError | BotoCoreError | Boto3Error) -> FetchError:
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else type(error).__name__
    # The answer to HEAD has no body, and botocore takes the status for the code.
    code = {"403": "AccessDenied", "404": "NoSuchKey"}.get(code, code)
    remedy = {
        "AccessDenied": "Let the bucket's policy allow the endpoint's task role; name `model.kms_key_arn` if the objects are encrypted with a key of yours",
        "NoSuchKey": "Store it again: it was removed while it was fetched",
        "NoSuchBucket": "Correct the bucket's name",
        "NoCredentialsError": "Give this process credentials of AWS, as the task's role does",
    }.get(code, "Check the bucket's region and policy, and whether the tasks' subnets reach S3")
    return FetchError(f"{where} cannot be read", f"S3 says {code}", remedy)
