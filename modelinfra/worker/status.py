"""Whether all is well, for the health check of this container: a server that computes may not answer anything else meanwhile."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable
from http import HTTPStatus

import urllib3

from modelinfra.worker.settings import Settings

_SECONDS = 10.0


def serve(settings: Settings, well: Callable[[], bool]) -> http.server.ThreadingHTTPServer:
    """Answer on the loopback address, from a thread: 200 when all is well, else 503."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(HTTPStatus.OK if well() else HTTPStatus.SERVICE_UNAVAILABLE)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    found = http.server.ThreadingHTTPServer(("127.0.0.1", settings.status_port), Handler)
    threading.Thread(target=found.serve_forever, daemon=True, name="status").start()
    return found


def well(settings: Settings) -> bool:
    """What the worker in this container says."""
    try:
        answer = urllib3.PoolManager(retries=False).request(
            "GET", f"http://127.0.0.1:{settings.status_port}/", timeout=_SECONDS
        )
    except urllib3.exceptions.HTTPError:
        return False
    return answer.status == HTTPStatus.OK
