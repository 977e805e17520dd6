"""What an address of a model says about where it lies."""

from __future__ import annotations

import pytest

from modelinfra.options.sources import repository_arn_of

_DIGEST = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("registry", "arn"),
    [
        ("123456789012.dkr.ecr.us-west-2.amazonaws.com", "arn:aws:ecr:us-west-2:123456789012"),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "arn:aws:ecr:us-east-1:123456789012"),
        ("123456789012.dkr.ecr.us-gov-west-1.amazonaws.com", "arn:aws-us-gov:ecr:us-gov-west-1:123456789012"),
        ("123456789012.dkr.ecr-fips.us-gov-east-1.amazonaws.com", "arn:aws-us-gov:ecr:us-gov-east-1:123456789012"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "arn:aws-cn:ecr:cn-north-1:123456789012"),
    ],
)
def test_a_repository_of_ecr_is_in_the_partition_of_its_region(registry: str, arn: str) -> None:
    assert repository_arn_of(f"{registry}/models/digits{_DIGEST}") == f"{arn}:repository/models/digits"


def test_a_repository_elsewhere_has_no_arn() -> None:
    assert repository_arn_of(f"ghcr.io/acme/digits{_DIGEST}") is None
