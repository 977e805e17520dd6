"""A bucket that nobody can make public, and that is emptied in time."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from pulumi import Input

from modelinfra.children import Children
from modelinfra.platforms.iam import document, nothing_in_the_clear


def private_bucket(
    children: Children, suffix: str, *, role: str, days: int, production: bool
) -> tuple[aws.s3.Bucket, pulumi.Resource]:
    """The bucket, and the block without which its policy must not be written. role: what the roles of its parts begin with.

    days: how long objects are kept. In production what it holds outlives whatever it was made for, private and for as long as was said.
    """
    kept = production or None
    bucket = aws.s3.Bucket(
        children.named(suffix, "bucket"),
        force_destroy=not production,
        opts=children.opts(f"{role}-bucket", retain_on_delete=kept),
    )
    block = aws.s3.BucketPublicAccessBlock(
        children.named(suffix),
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=children.opts(f"{role}-block", retain_on_delete=kept),
    )
    aws.s3.BucketLifecycleConfiguration(
        children.named(suffix),
        bucket=bucket.bucket,
        rules=[
            {
                "id": "expire",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"days": days},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            }
        ],
        opts=children.opts(f"{role}-lifecycle", retain_on_delete=kept),
    )
    return bucket, block


def encrypted(
    children: Children, suffix: str, bucket: aws.s3.Bucket, key: Input[str], *, role: str, kept: bool | None
) -> None:
    """With a key of the user's. kept: whether it stays when what it was made for goes."""
    aws.s3.BucketServerSideEncryptionConfiguration(
        children.named(suffix),
        bucket=bucket.bucket,
        rules=[
            {
                "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key},
                "bucket_key_enabled": True,
            }
        ],
        opts=children.opts(role, retain_on_delete=kept),
    )


def closed_to_plain_http(
    children: Children, suffix: str, bucket: aws.s3.Bucket, block: pulumi.Resource, *, role: str, kept: bool | None
) -> None:
    """Nobody reads or writes it unencrypted on the way."""
    aws.s3.BucketPolicy(
        children.named(suffix),
        bucket=bucket.bucket,
        policy=bucket.arn.apply(lambda arn: document(nothing_in_the_clear("s3", arn, f"{arn}/*"))),
        opts=children.opts(role, depends_on=[block], retain_on_delete=kept),
    )
