"""A shipper's world for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.moto_server import ENVIRONMENT, empty_buckets, moto_server
from tests.shipper.world import BUCKET, Model, World, proxied, proxy, serving, settings


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture
def world(aws: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes one. Arguments: what is said to the proxy."""
    for name, value in {"AWS_ENDPOINT_URL": aws, **ENVIRONMENT}.items():
        monkeypatch.setenv(name, value)
    s3 = boto3.client("s3")
    empty_buckets(s3)
    s3.create_bucket(Bucket=BUCKET)
    with ExitStack() as open_:

        def make(**said: Any) -> World:
            model = open_.enter_context(serving(Model()))
            told = proxied(model, **said)
            return World(s3, model, told, open_.enter_context(proxy(told)), settings(told, tmp_path))

        yield make
