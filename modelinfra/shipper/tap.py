"""The proxy's admin interface: whoever asks it for a tap gets a copy of requests and answers for as long as the connection lasts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import urllib3

from modelinfra.shipper.settings import Settings
from modelinfra.shipper.traces import TraceError, split

# Headers of both sides, printed (Envoy takes 96 KiB of each at most), beside bodies in base64.
_BESIDE_BODIES: Final = 1024 * 1024
_READ_BYTES: Final = 64 * 1024


class TapError(Exception):
    """There is no tap now."""


def question(settings: Settings) -> dict[str, Any]:
    """What Envoy is asked (envoy.admin.v3.TapRequest)."""
    wanted = {"name": settings.unless, "present_match": True, "invert_match": True}
    return {
        "config_id": settings.listener,
        "tap_config": {
            "match": {"http_request_headers_match": {"headers": [wanted]}},
            "output_config": {
                "max_buffered_rx_bytes": settings.max_body,
                "max_buffered_tx_bytes": settings.max_body,
                "sinks": [{"format": "JSON_BODY_AS_BYTES", "streaming_admin": {}}],
            },
        },
    }


class Tap:
    """One connection to the proxy at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=2, read=None))
        self._most = 3 * settings.max_body + _BESIDE_BODIES

    def traces(self, opened: Callable[[], None]) -> Iterator[bytes]:
        """Until the proxy ends. opened: is called when it listens. Raises TapError."""
        try:
            answer = self._pool.request(
                "POST",
                f"{self._settings.admin}/tap",
                body=json.dumps(question(self._settings)),
                preload_content=False,
            )
            try:
                if answer.status != 200:
                    raise TapError(f"{answer.status} {answer.read(300)!r}")
                opened()
                yield from split(answer.stream(_READ_BYTES), self._most)
            finally:
                # Nothing more is to be copied: the connection is not one to be used again.
                answer.close()
        except urllib3.exceptions.HTTPError as error:
            raise TapError(type(error).__name__) from None
        except TraceError as error:
            raise TapError(str(error)) from None
        raise TapError("the proxy ended it")
