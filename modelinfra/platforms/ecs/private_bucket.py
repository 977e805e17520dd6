"""A bucket that nobody can make public, and that is emptied in time."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from modelinfra.children import Children


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
