"""A worker's world, for real: SQS and S3 by moto, a model server and an agent of ECS that speak HTTP on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import boto3

from modelinfra.worker.job import Work
from modelinfra.worker.loop import Loop
from modelinfra.worker.protection import Protection
from modelinfra.worker.queue import Queue
from modelinfra.worker.server import Server
from modelinfra.worker.settings import Settings
from modelinfra.worker.store import Store
from tests.local_http import Answering, listening

Reply = tuple[int, str, bytes]
PREDICT = "/v2/models/digits/infer"
HEALTH = "/v2/models/digits/ready"


@dataclass
class Http:
    """A server. seen: method, path, media type and body of what it was asked."""

    reply: Callable[[bytes], Reply] = lambda body: (200, "application/json", b'{"echo": ' + body + b"}")
    ready: bool = True
    seen: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def asked(self) -> list[bytes]:
        """Bodies of predictions."""
        return [body for method, path, _, body in self.seen if (method, path) == ("POST", PREDICT)]


@contextmanager
def serving(host: Http) -> Iterator[Http]:
    class Handler(Answering, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.say(200 if host.ready and self.path == HEALTH else 503, "text/plain", b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            host.seen.append((self.command, self.path, self.headers["Content-Type"], body))
            self.say(*host.reply(body))

        def do_PUT(self) -> None:
            self.do_POST()

    with listening(Handler) as port:
        host.port = port
        yield host


@dataclass
class World:
    """sqs, s3: clients. agent: that of ECS."""

    sqs: Any
    s3: Any
    server: Http
    agent: Http
    queue: str
    dead: str
    settings: Settings
    lines: list[str] = field(default_factory=list)

    def send(self, message: Any) -> str:
        text = message if isinstance(message, str) else json.dumps(message)
        return str(self.sqs.send_message(QueueUrl=self.queue, MessageBody=text)["MessageId"])

    def work(self, **settings: Any) -> Work:
        told = replace(self.settings, **settings)
        return Work(told, Queue(self.sqs, told), Store(self.s3, told), Server(told), self.lines.append)

    @contextmanager
    def working(
        self, *, protected_seconds: float = 900, breath_seconds: float = 0.1, **settings: Any
    ) -> Iterator[Loop]:
        """A worker in this process, until the block ends."""
        work = self.work(**settings)
        protection = Protection(self.agent.url, work.settings.longest_request_seconds, self.lines.append)
        loop = Loop(work, protection, protected_seconds=protected_seconds, breath_seconds=breath_seconds)
        running = threading.Thread(target=loop.run, daemon=True)
        running.start()
        try:
            yield loop
        finally:
            loop.stop()
            running.join(work.settings.stop_seconds + 5)
            assert not running.is_alive()

    def process(self, *arguments: str, **settings: Any) -> subprocess.Popen[str]:
        """A worker as in its container."""
        told = vars(replace(self.settings, **settings))
        camel = {
            "".join([name.split("_")[0], *(part.capitalize() for part in name.split("_")[1:])]): value
            for name, value in told.items()
        }
        return subprocess.Popen(
            [sys.executable, "-m", "modelinfra.worker", *arguments],
            env={**os.environ, "MODELINFRA_WORKER": json.dumps(camel), "ECS_AGENT_URI": self.agent.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def stored(self, key: str) -> bytes | None:
        found = self.s3.list_objects_v2(Bucket="results", Prefix=f"digits/{key}").get("Contents", [])
        if not any(each["Key"] == f"digits/{key}" for each in found):
            return None
        body: bytes = self.s3.get_object(Bucket="results", Key=f"digits/{key}")["Body"].read()
        return body

    def left(self, url: str) -> int:
        """Messages in a queue, hidden ones, too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    @property
    def protection(self) -> list[bool]:
        """What the agent was told, in order."""
        return [json.loads(body)["ProtectionEnabled"] for _, _, _, body in self.agent.seen]


def until(true: Callable[[], Any], seconds: float = 15) -> Any:
    """Wait until something is true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not so after {seconds} s")


def clients() -> tuple[Any, Any]:
    return boto3.client("sqs"), boto3.client("s3")
