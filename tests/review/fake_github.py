"""A local server that answers as GitHub's REST API does where comments are concerned."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Failure = tuple[int, dict[str, str], str]


@dataclass
class Repository:
    """What the server holds and was asked. failures: what it answers first instead. lost: failures after the work is done."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    lost: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    address: str = ""

    def add(self, body: str, login: str = "github-actions[bot]") -> dict[str, Any]:
        """A comment."""
        number = len(self.comments) + 1
        made = {"id": number, "body": body, "user": {"login": login}, "html_url": f"https://example.com/{number}"}
        self.comments.append(made)
        return made


@contextmanager
def serving() -> Iterator[Repository]:
    """The server of one repository `acme/shop`, with pull request 7."""
    repository = Repository()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            data = json.loads(self.rfile.read(size)) if size else {}
            repository.asked.append((self.command, self.path))
            repository.tokens.add(self.headers.get("Authorization", ""))
            if repository.failures:
                code, headers, message = repository.failures.pop(0)
                self._send(code, {"message": message}, headers)
                return
            address = urlsplit(self.path)
            found = self._done(address.path, parse_qs(address.query), data)
            if repository.lost and self.command == "POST":
                repository.lost -= 1
                self._send(502, {"message": "Bad gateway"}, {})
                return
            self._send(404 if found is None else 200, {"message": "Not Found"} if found is None else found, {})

        def _done(self, path: str, query: dict[str, list[str]], data: dict[str, Any]) -> Any:
            if path == "/repos/acme/shop/issues/7/comments":
                if self.command == "POST":
                    return repository.add(data["body"])
                start = (int(query["page"][0]) - 1) * 100
                return repository.comments[start : start + 100]
            if path.startswith("/repos/acme/shop/issues/7/labels"):
                if self.command == "POST":
                    repository.labels += data["labels"]
                elif self.command == "DELETE":
                    repository.labels.remove(unquote(path.rpartition("/")[2]))
                return [{"name": name} for name in repository.labels]
            if path == "/repos/acme/shop/pulls":
                return repository.pulls
            if self.command == "PATCH" and path.startswith("/repos/acme/shop/issues/comments/"):
                comment = repository.comments[int(path.rpartition("/")[2]) - 1]
                comment["body"] = data["body"]
                return comment
            return None

        def _send(self, code: int, data: Any, headers: dict[str, str]) -> None:
            self.send_response(code)
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(json.dumps(data).encode())

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names are http.server's

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    repository.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield repository
    finally:
        server.shutdown()
        server.server_close()
