"""Plain HTTP to a port of this machine: no proxy, no redirect, no retry, so that one sees what the server did."""

from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Reply:
    """status: HTTP status code; body: raw bytes."""

    status: int
    body: bytes

    def text(self, limit: int = 300) -> str:
        """The body's beginning, for people."""
        text = self.body.decode(errors="replace").strip()
        return text if len(text) <= limit else text[:limit] + "..."


def call(
    port: int, path: str, *, body: bytes | None = None, content_type: str = "application/json", seconds: float
) -> Reply:
    """GET, or POST when there is a body. Raises OSError or http.client.HTTPException when there is no HTTP answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=seconds)
    try:
        headers = {"Content-Type": content_type} if body is not None else {}
        connection.request("GET" if body is None else "POST", path, body=body, headers=headers)
        response = connection.getresponse()
        return Reply(response.status, response.read())
    finally:
        connection.close()


def accepts(port: int, seconds: float) -> bool:
    """Whether something takes TCP connections on the port."""
    try:
        socket.create_connection((HOST, port), timeout=seconds).close()
    except OSError:
        return False
    return True


def free_ports(count: int) -> list[int]:
    """That many different free TCP ports. Another program may take one before it is used; then the server says so."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for item in sockets:
            item.bind((HOST, 0))
        return [item.getsockname()[1] for item in sockets]
    finally:
        for item in sockets:
            item.close()
