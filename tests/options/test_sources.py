"""What an address of a model says about where it lies."""

from __future__ import annotations

import pytest

from modelinfra.options.sources import problem_of_uri, repository_arn_of

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


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s3://models-ab12-s3alias/net/7", "this is the alias of an access point"),
        ("s3://models--use1-az4--x-s3/net/7", "this is a directory bucket"),
        ("s3://models--ol-s3/net/7", "this is the alias of an Object Lambda access point"),
        ("s3://my..bucket/net/7", "S3 has no bucket of this name"),
        ("s3://192.168.0.1/net/7", "S3 has no bucket of this name"),
        ("s3://xn--models/net/7", "S3 has no bucket of this name"),
        ("hf://acme/net@main/sub/net.gguf", "behind the @ stands a revision, and no file"),
        ("hf://acme/n\u00e9t@main", "this is no hf:// address of a model"),
        ("hf://acme/net@m\u00e4in", "this is no hf:// address of a model"),
        ("oci://ghcr.io/acme/net:v\u00e9", "this is no oci:// address of a model"),
        ("https://h:\u0664\u0664\u0663/net.zip", "this is no https:// address of a model"),
        ("oci://docker.io/acme/net:v1", "no registry answers at docker.io"),
        ("https://acme.ai/net.tar.bz2", "this kind of archive is not unpacked"),
        ("https://acme.ai/net.txz", "this kind of archive is not unpacked"),
        ("https://acme.ai/net.TAR.GZ", "this kind of archive is not unpacked"),
        (" s3://acme/net/7", "a space stands before it or behind it"),
        ("model ", "a space stands before it or behind it"),
        ("\uff533://acme/net/7", "this is neither a path nor an address"),
        ("s3 ://acme/net/7", "this is neither a path nor an address"),
    ],
)
def test_an_address_that_cannot_work_is_refused(uri: str, said: str) -> None:
    problem = problem_of_uri(uri)
    assert problem is not None
    assert problem.reason.startswith(said)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://my.bucket-1/net/7",
        "s3://s3alias/net",
        "hf://acme/net@refs/pr/1",
        "hf://acme/net@v1.0",
        "oci://registry-1.docker.io/acme/net:v1",
        "https://acme.ai/net.gguf",
        "https://acme.ai/net.json.gz",
        "https://acme.ai/net.tar.gz",
        "models/net 7",
    ],
)
def test_an_address_that_works_is_taken(uri: str) -> None:
    assert problem_of_uri(uri) is None
