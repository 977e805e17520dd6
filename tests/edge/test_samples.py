"""A share of what is answered goes to S3 for retraining, masked before it touches the disk."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.edge.world import UNSURE, World, ask, metric, prediction, until
from tests.moto_server import ENVIRONMENT, moto_server

BODY = json.dumps({"inputs": [{"name": "image", "data": [1, 2]}], "parameters": {"customer": "Ada"}}).encode()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with moto_server() as address:
        for name, value in {"AWS_ENDPOINT_URL": address, **ENVIRONMENT}.items():
            monkeypatch.setenv(name, value)
        yield boto3.client("s3")


def told(world: World, share: float = 1.0) -> dict[str, Any]:
    return {
        "share": share,
        "mask": ["customer"],
        "store": "s3://samples/stores/",
        "spool": str(world.folder / "spool"),
        "spoolBytes": 1_000_000,
        "everySeconds": 0.1,
    }


def test_samples_are_masked_and_shipped_once_s3_is_there_also_those_that_the_cloud_answered_later(
    world: World, s3: Any
) -> None:
    world.light.reply = lambda _: prediction(UNSURE)
    world.cloud.stop()
    with world.routing(samples=told(world)) as client:
        ask(client, BODY)
        # The bucket is not there: they wait on disk, masked.
        parcel = until(lambda: list((world.folder / "spool").glob("*.gz")))[0]
        assert b"Ada" not in gzip.decompress(parcel.read_bytes())
        s3.create_bucket(Bucket="samples")
        world.cloud.start()
        until(lambda: metric(client, 'samples_total{result="shipped"}') == 2)
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="samples")["Contents"]]
    assert all(each.startswith("stores/date=") for each in keys)
    lines = [
        json.loads(row)
        for key in sorted(keys)
        for row in gzip.decompress(s3.get_object(Bucket="samples", Key=key)["Body"].read()).splitlines()
    ]
    light, heavy = sorted(lines, key=lambda each: each["answeredBy"], reverse=True)
    assert (light["answeredBy"], light["reason"], light["confidence"]) == ("device", "low confidence", 0.6)
    assert (heavy["answeredBy"], heavy["reason"]) == ("cloud", "sent later")
    assert light["key"] == heavy["key"]
    assert light["request"]["json"]["parameters"] == {"customer": "[masked]"}
    assert (light["device"], light["endpoint"], light["revision"]) == ("store-7", "digits", "3")


def test_what_is_no_json_cannot_be_masked_and_is_not_kept(world: World, s3: Any) -> None:
    s3.create_bucket(Bucket="samples")
    with world.routing(samples=told(world)) as client:
        ask(client, b"\x89PNG Ada")
        until(lambda: metric(client, 'samples_total{result="not kept: not JSON"}') == 1)
    assert not list((world.folder / "spool").iterdir())


def test_a_share_of_them_is_kept(world: World, s3: Any) -> None:
    s3.create_bucket(Bucket="samples")
    with world.routing(samples=told(world, 0.3)) as client:
        for _ in range(200):
            ask(client, BODY)
        # 200 times 0.3, and six standard deviations. The last of them may still be on their way to the spool.
        until(lambda: metric(client, 'samples_total{result="kept"}') > 20)
        until(lambda: not list((world.folder / "spool").iterdir()))
        assert metric(client, 'samples_total{result="kept"}') < 100
