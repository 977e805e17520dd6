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
from modelinfra.platforms.ecs.private_bucket import private_bucket
from modelinfra.platforms.iam import document, nothing_in_the_clear


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
    days = exposure.access_logs.retention_days or DEFAULT_ACCESS_LOG_DAYS
    bucket, block = private_bucket(children, "access-logs", role="access-log", days=days, production=production)
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
        nothing_in_the_clear("s3", bucket, f"{bucket}/*"),
    )
