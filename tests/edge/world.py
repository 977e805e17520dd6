"""A device's world on this machine: a light model server and a cloud that a test puts words into, and the router between them."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import trustme

from modelinfra.router.app import application
from modelinfra.router.settings import read
from tests.local_http import Answering

PATH = "/v2/models/digits/infer"
READY = "/v2/models/digits/ready"

Reply = tuple[int, Mapping[str, str], bytes]


def prediction(*rows: list[float], by: str = "light") -> Reply:
    """An answer of the Open Inference Protocol, with probabilities."""
    data = [each for row in rows for each in row]
    output = {"name": "predict_proba", "datatype": "FP64", "shape": [len(rows), len(rows[0])], "data": data}
    body = json.dumps({"model_name": by, "outputs": [output]}).encode()
    return 200, {"Content-Type": "application/json"}, body


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Host:
    """A server at one port, which can go away and come back. reply: to a prediction. tls: wraps its socket."""

    reply: Callable[[Seen], Reply]
    ready: bool = True
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    tls: Any = None
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://localhost:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"

    @property
    def asked(self) -> list[Seen]:
        """Predictions."""
        return [each for each in self.seen if each.method == "POST"]

    def start(self) -> None:
        host = self

        class Handler(Answering, BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                host.seen.append(Seen("GET", self.path, dict(self.headers.items()), b""))
                self.answer((200 if host.ready else 503, {}, b"{}"))

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # whoever asked was killed meanwhile
                    self.close_connection = True
                    return
                seen = Seen("POST", self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                host.seen.append(seen)
                self.answer(host.reply(seen))

            def answer(self, reply: Reply) -> None:
                self.send_response(reply[0])
                for name, value in {**reply[1], "Content-Length": str(len(reply[2]))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply[2])

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                self.open: set[socket.socket] = set()

            def process_request(self, request: Any, address: Any) -> None:
                self.open.add(request)
                super().process_request(request, address)

            def handle_error(self, request: Any, address: Any) -> None:
                """Who asked is gone, or this server is."""

        server = self._server = Server(("127.0.0.1", self.port), Handler)
        if self.tls:
            server.socket = self.tls.wrap_socket(server.socket, server_side=True)
        self.port = server.server_port
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Connections that are open end, too."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            for each in self._server.open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            self._server = None


@dataclass
class World:
    """settings: as JSON has them."""

    light: Host
    cloud: Host
    settings: dict[str, Any]
    folder: Path
    lines: list[str] = field(default_factory=list)
    told_cloudwatch: list[str] = field(default_factory=list)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings['port']}"

    def told(self, **more: Any) -> dict[str, Any]:
        """Nested names are written with two underscores."""
        told = json.loads(json.dumps(self.settings))
        for name, value in more.items():
            at = told
            *above, last = name.split("__")
            for each in above:
                at = at[each]
            at[last] = value
        return told

    @contextmanager
    def routing(self, **more: Any) -> Iterator[httpx.Client]:
        """The router in this process, and a client that asks it."""
        import uvicorn

        app = application(read(json.dumps(self.told(**more))), self.lines.append, self.told_cloudwatch.append)
        config = uvicorn.Config(app, host="127.0.0.1", port=self.settings["port"], log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        with httpx.Client(base_url=self.url, timeout=30, trust_env=False) as client:
            try:
                until(lambda: server.started)
                if self.light._server is not None and self.light.ready:
                    until(lambda: "modelinfra_router_model_ready 1.0" in client.get("/metrics").text)
                yield client
            finally:
                server.should_exit = True
                thread.join(15)
                assert not thread.is_alive()

    def process(
        self, *arguments: str, python: str = sys.executable, path: str | None = None, **more: Any
    ) -> subprocess.Popen[str]:
        """The router as in its container."""
        environment = {**os.environ, "MODELINFRA_ROUTER": json.dumps(self.told(**more))}
        if path is not None:
            environment["PYTHONPATH"] = path
        running = subprocess.Popen(
            [python, "-m", "modelinfra.router", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
        )
        self.started.append(running)
        return running


def ask(client: httpx.Client, body: bytes = b'{"inputs": []}', **headers: str) -> httpx.Response:
    told = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.post(PATH, content=body, headers=told)


def metric(client: httpx.Client, name: str) -> float:
    """The sum of a metric's series whose names begin so."""
    lines = client.get("/metrics").text.splitlines()
    return sum(float(each.rpartition(" ")[2]) for each in lines if each.startswith(f"modelinfra_router_{name}"))


def until(true: Callable[[], Any], seconds: float = 15) -> Any:
    """Wait until something is true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not so after {seconds} s")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def settings(light: str, cloud: str, folder: Path) -> dict[str, Any]:
    """What most tests tell the router."""
    (folder / "token").write_text("first\n")
    return {
        "host": "127.0.0.1",
        "port": free_port(),
        "device": "store-7",
        "deviceFile": "",
        "model": "digits",
        "version": "3",
        "path": PATH,
        "readyPath": READY,
        "maxBody": 65536,
        "requestSeconds": 5.0,
        "stopSeconds": 10,
        "thermal": str(folder / "thermal"),
        "local": {"url": light, "concurrency": 2, "queue": 4, "waiting": 64, "timeoutSeconds": 1.0},
        "confidence": {"output": "predict_proba", "path": "", "rule": "max", "least": 0.8},
        "split": None,
        "cloud": {
            "url": cloud,
            "path": f"/prod{PATH}",
            "probePath": f"/prod{READY}",
            "concurrency": 8,
            "timeoutSeconds": 1.0,
            "auth": {"sigv4": None, "bearer": {"file": str(folder / "token")}, "mtls": None},
        },
        "store": {
            "file": str(folder / "store.sqlite"),
            "maxBytes": 8 * 1024 * 1024,
            "drop": "least-valuable",
            "sendPerSecond": 500.0,
        },
        "samples": None,
        "telemetry": None,
        "sendBetween": None,
    }


SURE, UNSURE = [0.9, 0.1], [0.6, 0.4]


@contextmanager
def world(folder: Path) -> Iterator[World]:
    light = Host(lambda _: prediction(SURE))
    cloud = Host(lambda _: prediction([0.99, 0.01], by="heavy"))
    light.start()
    cloud.start()
    found = World(light, cloud, settings(light.url, cloud.url, folder), folder)
    try:
        yield found
    finally:
        for each in found.started:
            each.kill()
            each.wait()
        light.stop()
        cloud.stop()


def certified(ours: trustme.CA, theirs: trustme.CA, seen: Callable[[str], None]) -> Host:
    """A heavy model that lets in whoever has a certificate of ours. seen: is told whose name is in it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.issue_cert("localhost").configure_cert(context)
    ours.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    cloud = Host(lambda _: prediction(UNSURE, by="heavy"), tls=context)
    cloud.start()
    server = cloud._server
    assert server is not None
    before = server.process_request

    def process(request: ssl.SSLSocket, address: object) -> None:
        seen(str((request.getpeercert() or {}).get("subjectAltName")))
        before(request, address)

    server.process_request = process  # type: ignore[method-assign]
    return cloud
