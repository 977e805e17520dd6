"""What drops sooner what it holds."""

from __future__ import annotations

from typing import Any

from modelinfra.graph.model import Node
from modelinfra.review.findings import retention
from tests.review.making import node, told


def test_what_is_kept_for_a_shorter_time_is_told() -> None:
    def queue(**inputs: Any) -> list[Node]:
        return [node("aws:sqs/queue:Queue", "jobs", **inputs)]

    def bucket(days: int | None) -> list[Node]:
        rule = {"id": "expire", "status": "Enabled", **({} if days is None else {"expiration": {"days": days}})}
        return [node("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "results", rules=[rule])]

    assert told(retention.findings, queue(messageRetentionSeconds=345600), queue(messageRetentionSeconds=7200)) == [
        ("high", "the queue jobs keeps messages for 2 hours, and not 4 days")
    ]
    assert told(retention.findings, queue(), queue(messageRetentionSeconds=86400))[0][0] == "high"
    assert told(retention.findings, queue(messageRetentionSeconds=3600), queue()) == []
    assert told(retention.findings, bucket(365), bucket(1))[0][0] == "high"
    assert told(retention.findings, bucket(None), bucket(30))[0][1].endswith("and not for ever")
    assert told(retention.findings, bucket(1), bucket(365)) == []
