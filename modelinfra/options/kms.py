"""Keys of KMS, wherever one may be named."""

from __future__ import annotations

from modelinfra.options.declare import Option

KMS_KEY = Option(
    pattern=r"arn:[^:]+:kms:[^:]*:\d{12}:key/.+",
    pattern_text="the ARN of a KMS key",
    pattern_example="arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
)
