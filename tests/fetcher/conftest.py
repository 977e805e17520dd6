"""Real servers for the fetcher: S3 by moto, HTTPS with a certificate of an authority that is made here."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
import trustme

from modelinfra.fetcher import web
from modelinfra.fetcher.__main__ import fetch
from tests.moto_server import ENVIRONMENT, empty_buckets, moto_server

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Host:
    """An HTTPS server. routes: path (with its query) -> answers, of which the last stays; seen: what was asked."""

    url: str = ""
    routes: dict[str, list[Answer]] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def serve(self, path: str, body: bytes | Any, status: int = 200, **headers: str) -> None:
        """Add an answer; data becomes JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.routes.setdefault(path, []).append((status, given, content))

    @property
    def address(self) -> str:
        """Host and port."""
        return self.url.removeprefix("https://")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return authority, path


@pytest.fixture
def new_host(authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Host]]:
    issuer, path = authority
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setattr(web, "PAUSE_SECONDS", 0.01)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("localhost").configure_cert(context)
    servers = []

    def start() -> Host:
        host = Host()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                answers = host.routes.get(self.path, [(404, {}, b"")])
                status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing: what matters is in `seen`."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        host.url = f"https://localhost:{server.server_port}"
        return host

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def host(new_host: Callable[[], Host]) -> Host:
    return new_host()


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture
def s3(moto: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of an S3 with an empty bucket `models`."""
    for name, value in {"AWS_ENDPOINT_URL_S3": moto, **ENVIRONMENT}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    empty_buckets(client)
    client.create_bucket(Bucket="models")
    return client


@dataclass
class Fetched:
    """What a fetch left, and said."""

    to: Path
    lines: list[str]

    @property
    def files(self) -> dict[str, bytes]:
        """Path -> content of everything but the fetcher's own mark."""
        return {
            path.relative_to(self.to).as_posix(): path.read_bytes()
            for path in sorted(self.to.rglob("*"))
            if path.is_file() and path.name != ".model-fetched"
        }


@pytest.fixture
def fetched(tmp_path: Path) -> Callable[..., Fetched]:
    """Fetch a model into a folder of the test's."""
    to = tmp_path / "model"
    to.mkdir()

    def run(uri: str, token: str = "", **work: str) -> Fetched:
        lines: list[str] = []
        fetch({"uri": uri, "to": str(to), **work}, token, lines.append)
        return Fetched(to, lines)

    return run
