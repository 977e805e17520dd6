"""Where a load balancer records who asked for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Input, Output

from modelinfra.children import Children
from modelinfra.options.exposure import logged
from modelinfra.options.firewall import DEFAULT_ACCESS_LOG_DAYS
from modelinfra.platforms.iam import document


@dataclass(frozen=True)
class AccessLogs:
    """bucket: its name. needs: what must be there before the load balancer may write."""

    bucket: Input[str]
    needs: Sequence[pulumi.Resource]


def access_logs(children: Children, exposure: Any, production: bool) -> AccessLogs | None:
    """The bucket that is handed in, or one that is made, private and emptied in time; None where nothing is recorded.

    S3 encrypts it with keys of its own: Elastic Load Balancing writes to no bucket that has another kind of key.
    """
    if not logged(exposure):
        return None
    if exposure.access_logs.bucket is not None:
        return AccessLogs(exposure.access_logs.bucket, ())
    # In production, records of who asked for what outlive the load balancer, private and for as long as was said.
    kept = production or None
    bucket = aws.s3.Bucket(
        children.named("access-logs", "bucket"),
        force_destroy=not production,
        opts=children.opts("access-log-bucket", retain_on_delete=kept),
    )
    block = aws.s3.BucketPublicAccessBlock(
        children.named("access-logs"),
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=children.opts("access-log-block", retain_on_delete=kept),
    )
    aws.s3.BucketLifecycleConfiguration(
        children.named("access-logs"),
        bucket=bucket.bucket,
        rules=[
            {
                "id": "expire",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"days": exposure.access_logs.retention_days or DEFAULT_ACCESS_LOG_DAYS},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            }
        ],
        opts=children.opts("access-log-lifecycle", retain_on_delete=kept),
    )
    account = aws.get_caller_identity_output(opts=children.invoke).account_id
    policy = aws.s3.BucketPolicy(
        children.named("access-logs"),
        bucket=bucket.bucket,
        policy=Output.all(bucket.arn, account).apply(lambda found: _may_write(*found)),
        opts=children.opts("access-log-policy", depends_on=[block]),
    )
    return AccessLogs(bucket.bucket, (policy,))


def _may_write(bucket: str, account: str) -> str:
    """Elastic Load Balancing, for this account alone, and nobody without encryption on the way (ELB user guide, "Access logs")."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{bucket}/AWSLogs/{account}/*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        },
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, f"{bucket}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )
