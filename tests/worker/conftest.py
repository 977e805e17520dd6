"""A worker's world for each test."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from modelinfra.worker import loop, queue
from modelinfra.worker.settings import Settings
from tests.moto_server import ENVIRONMENT, empty_buckets, moto_server
from tests.worker.world import HEALTH, PREDICT, Http, World, clients, serving


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture
def world(aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in {"AWS_ENDPOINT_URL": aws, **ENVIRONMENT}.items():
        monkeypatch.setenv(name, value)
    # moto answers a long poll late.
    monkeypatch.setattr(queue, "_LONG_POLL_SECONDS", 1)
    monkeypatch.setattr(queue, "_FIRST_PAUSE", 0)
    monkeypatch.setattr(loop, "_LAST_SECONDS", 0.5)
    sqs, s3 = clients()
    for url in sqs.list_queues().get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=url)
    empty_buckets(s3)
    for name in ("results", "photos"):
        s3.create_bucket(Bucket=name)
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    url = sqs.create_queue(QueueName="requests", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    with serving(Http()) as server, serving(Http(reply=lambda body: (200, "application/json", b"{}"))) as agent:
        settings = Settings(
            queue=url,
            store="s3://results/digits/",
            server=server.url,
            predict_path=PREDICT,
            health_path=HEALTH,
            status_port=free_port(),
            concurrency=1,
            max_receive_count=3,
            visibility_seconds=60,
            longest_request_seconds=10,
            startup_seconds=5,
            stop_seconds=5,
        )
        yield World(sqs, s3, server, agent, url, dead, settings)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
