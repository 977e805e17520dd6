"""Plain HTTP to a port of this machine: no proxy, no redirect, no retry, so that one sees what the server did."""

from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass

HOST = "127.0.0.1"
# RFC 9113 section 6.5: a frame is length (3 bytes), type, flags, stream (4 bytes); both sides begin with SETTINGS.
_SETTINGS = 4
_EMPTY_SETTINGS = bytes([0, 0, 0, _SETTINGS, 0, 0, 0, 0, 0])


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


def speaks_http2(port: int, seconds: float) -> bool:
    """Whether an HTTP/2 server, as every gRPC server is, answers on the port.

    A connection alone proves nothing: Docker's port forwarder accepts it before anything listens in the container.
    """
    try:
        with socket.create_connection((HOST, port), timeout=seconds) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _EMPTY_SETTINGS)
            header = connection.recv(9)
    except OSError:
        return False
    return len(header) == 9 and header[3] == _SETTINGS


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
