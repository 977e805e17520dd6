"""A shipper's world, for real: Envoy with the configuration of an endpoint, a model server that speaks HTTP, S3 by moto."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from modelinfra.platforms.capture_proxy import LISTENER, NOT_CAPTURED, Proxied, command
from modelinfra.shipper.settings import Settings
from tests.local_http import Answering, listening

PREDICT = "/v2/models/digits/infer"
HEALTH = "/v2/models/digits/ready"
BUCKET = "captured"

JSON = {"Content-Type": "application/json"}


@dataclass
class Model:
    """A model server. seen: headers of what it was asked. events: of an answer that is streamed, `pause` seconds apart."""

    ready: bool = True
    kind: str = "application/json"
    reply: Callable[[bytes], tuple[int, bytes]] = lambda body: (200, body)
    events: int = 0
    pause: float = 0.2
    seen: list[dict[str, str]] = field(default_factory=list)
    port: int = 0


@contextmanager
def serving(model: Model) -> Iterator[Model]:
    class Handler(Answering, BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave together, so that nothing waits for an acknowledgement.
        wbufsize = -1

        def do_GET(self) -> None:
            self.say(200 if model.ready and self.path == HEALTH else 503, "text/plain", b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            model.seen.append({name.lower(): value for name, value in self.headers.items()})
            if model.events:
                self._stream()
            else:
                status, answer = model.reply(body)
                self.say(status, model.kind, answer)

        def _stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            rows = [json.dumps({"token": index, "email": "ada@example.com"}) for index in range(model.events)]
            for row in (*rows, "[DONE]"):
                data = f"data: {row}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()
                time.sleep(model.pause)
            self.wfile.write(b"0\r\n\r\n")

    with listening(Handler) as port:
        model.port = port
        yield model


@dataclass
class World:
    """model: behind the proxy. settings: what a shipper is told."""

    s3: Any
    model: Model
    proxied: Proxied
    proxy: subprocess.Popen[bytes]
    settings: Settings

    def post(self, body: bytes, path: str = PREDICT, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.proxied.port, timeout=30)
        try:
            connection.request("POST", path, body, {**JSON, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def posts(self, bodies: list[bytes]) -> list[int]:
        """The statuses of many, on one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.proxied.port, timeout=30)
        statuses = []
        for body in bodies:
            connection.request("POST", PREDICT, body, JSON)
            answer = connection.getresponse()
            statuses.append(answer.status if answer.read() == body else 0)
        connection.close()
        return statuses

    def get(self, path: str = HEALTH) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.proxied.port, timeout=30)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    @contextmanager
    def shipping(self, **settings: Any) -> Iterator[Process]:
        """A shipper as in its container, until the block ends; it listens."""
        process = Process(replace(self.settings, **settings))
        try:
            process.wait_for("listens to the proxy")
            yield process
        finally:
            process.end()

    def objects(self) -> dict[str, bytes]:
        """Key -> content, unpacked."""
        found = self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {
            each["Key"]: gzip.decompress(self.s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read())
            for each in found
        }

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for content in self.objects().values() for line in content.splitlines()]

    def memory_mib(self) -> float:
        """Of the proxy."""
        rows = Path(f"/proc/{self.proxy.pid}/status").read_text().splitlines()
        return next(int(row.split()[1]) / 1024 for row in rows if row.startswith("VmRSS"))


class Process:
    """A shipper. lines: what it said."""

    def __init__(self, settings: Settings) -> None:
        camel = {
            "".join([name.split("_")[0], *(part.capitalize() for part in name.split("_")[1:])]): value
            for name, value in vars(settings).items()
        }
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "modelinfra.shipper"],
            env={**os.environ, "MODELINFRA_SHIPPER": json.dumps(camel)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        self.lines += []
        for row in self._process.stdout:
            self.lines.append(row.rstrip())

    def wait_for(self, text: str, times: int = 1, seconds: float = 20) -> None:
        eventually(lambda: sum(text in row for row in self.lines) >= times, seconds, self)

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """As ECS ends it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
        code = self._process.wait(30)
        self._reading.join(5)
        return code

    def __repr__(self) -> str:
        return "\n".join(self.lines)


@contextmanager
def proxy(proxied: Proxied) -> Iterator[subprocess.Popen[bytes]]:
    """Envoy as in its container; it takes connections."""
    arguments = [str(Path(sys.executable).with_name("envoy")), *command(proxied)[1:]]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        eventually(lambda: process.poll() is not None or _open(proxied.port), 30, "Envoy does not start")
        if process.poll() is not None:
            assert process.stderr is not None
            raise AssertionError(process.stderr.read().decode()[-2000:])
        yield process
    finally:
        process.terminate()
        process.wait(20)
        assert process.stderr is not None
        process.stderr.close()


def proxied(model: Model, **others: Any) -> Proxied:
    given: dict[str, Any] = {"percent": 100.0, "per_second": 1000.0, "workers": 1, **others}
    return Proxied(free_port(), free_port(), model.port, PREDICT, **given)


def settings(of: Proxied, spool: Path, **others: Any) -> Settings:
    given: dict[str, Any] = {
        "store": f"s3://{BUCKET}/digits/",
        "admin": f"http://127.0.0.1:{of.admin}",
        "listener": LISTENER,
        "unless": NOT_CAPTURED,
        "endpoint": "digits",
        "revision": "stable",
        "image": "r.example/digits@sha256:0",
        "mask": ["email"],
        "unparsed": "drop",
        "max_body": 256 * 1024,
        "every_seconds": 60,
        "spool": str(spool),
        "spool_bytes": 2**20,
        "stop_seconds": 10,
        **others,
    }
    return Settings(**given)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def eventually(condition: Callable[[], bool], seconds: float, why: object) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not within {seconds} s: {why!r}"
        time.sleep(0.02)


def _open(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
