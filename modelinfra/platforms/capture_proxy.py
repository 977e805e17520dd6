"""The configuration of the proxy (Envoy) before a server whose requests are captured: pure data, the same on every platform.

Every request passes through it as it comes: nothing is held back, changed or tried again. Of the predictions, a share goes by another route
on which two filters stand: one that counts against a limit, and the tap, which copies request and answer when they are complete, and only
while somebody listens at the admin address. Versions and fields are those of Envoy 1.40.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final

VERSION: Final = "1.40.0"

LISTENER: Final = "capture"
"""What the tap is called at the admin address."""

NOT_CAPTURED: Final = "x-modelinfra-not-captured"
"""The limit marks requests with this header; the tap leaves them out, and the server never sees it."""

_LOCAL: Final = "127.0.0.1"
_TYPES: Final = "type.googleapis.com"

# Bytes that are held of a connection on either side, while the other one is slower.
_BUFFER_BYTES: Final = 64 * 1024

# Longer than a load balancer keeps a connection that is idle (4000 s at most): else it would use one that was closed at the same moment.
_IDLE_SECONDS: Final = 24 * 3600

# Shorter than servers do (uvicorn: 5 s, gunicorn: 2 s), for the same reason.
_SERVER_IDLE_SECONDS: Final = 1

_MILLION: Final = 1_000_000
_MOST: Final = 65_535

STALLED_SECONDS: Final = 5
"""How long whoever listens may take nothing before it is let go of, and what waited for it is forgotten."""

# Linux: IPPROTO_TCP, TCP_USER_TIMEOUT. Without it Envoy holds without limit what a listener does not take.
_TCP, _USER_TIMEOUT = 6, 18

# A trace that waits is JSON with bodies in base64.
_AS_TEXT: Final = 1.4


@dataclass(frozen=True)
class Proxied:
    """What stands behind the proxy. port: on which it listens, for clients. admin: for whoever listens. percent: share of requests to
    predict_path that is copied; per_second: at most. workers: threads."""

    port: int
    admin: int
    server_port: int
    predict_path: str
    percent: float
    per_second: float
    workers: int


def most_per_second(budget_bytes: int, max_body: int, longest_request_seconds: int) -> float:
    """How many requests a second may be copied so that the proxy never holds more than the budget: each holds both bodies for as long as it
    takes, and then until they are read, or whoever should read them is let go of."""
    each = 2 * max_body * (longest_request_seconds + _AS_TEXT * 2 * STALLED_SECONDS)
    return float(f"{min(budget_bytes / each, 1000.0):.2g}")


def command(proxied: Proxied) -> list[str]:
    """The command of its container."""
    config = json.dumps(proxy_config(proxied), sort_keys=True)
    options = ["--disable-hot-restart", "--log-level", "warning", "--concurrency", str(proxied.workers)]
    return ["envoy", *options, "--config-yaml", config]


def proxy_config(proxied: Proxied) -> dict[str, Any]:
    """Envoy's bootstrap."""
    return {
        "admin": {
            "address": _address(_LOCAL, proxied.admin),
            "socket_options": [
                {
                    "description": "TCP_USER_TIMEOUT",
                    "level": _TCP,
                    "name": _USER_TIMEOUT,
                    "int_value": STALLED_SECONDS * 1000,
                    "state": "STATE_PREBIND",
                }
            ],
            "allow_paths": [{"exact": "/tap"}, {"exact": "/stats"}],
        },
        "static_resources": {
            "listeners": [
                {
                    "name": "clients",
                    "address": _address("0.0.0.0", proxied.port),
                    "per_connection_buffer_limit_bytes": _BUFFER_BYTES,
                    "filter_chains": [{"filters": [_named("http", _http(proxied))]}],
                }
            ],
            "clusters": [_server(proxied.server_port)],
        },
    }


def _http(proxied: Proxied) -> dict[str, Any]:
    return _typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="clients",
        # The server sees what the load balancer sent, and the client what the server answered.
        server_header_transformation="PASS_THROUGH",
        generate_request_id=False,
        skip_xff_append=True,
        max_request_headers_kb=96,
        http_protocol_options={"accept_http_10": True},
        # How long a request may take is the load balancer's to say, and the server's.
        stream_idle_timeout="0s",
        common_http_protocol_options={"idle_timeout": f"{_IDLE_SECONDS}s", "max_headers_count": 200},
        upgrade_configs=[{"upgrade_type": "websocket"}],
        http_filters=[
            {**_named("limit", _limit(proxied.per_second)), "disabled": True},
            {**_named("tap", _tap()), "disabled": True},
            _named("router", _typed("envoy.extensions.filters.http.router.v3.Router", suppress_envoy_headers=True)),
        ],
        route_config={
            "name": "server",
            "virtual_hosts": [{"name": "server", "domains": ["*"], "routes": [_sampled(proxied), _all()]}],
        },
    )


def _sampled(proxied: Proxied) -> dict[str, Any]:
    """The share of predictions that is copied."""
    share = {"numerator": round(proxied.percent * _MILLION / 100), "denominator": "MILLION"}
    on = _typed("envoy.config.route.v3.FilterConfig", config={})
    return {
        "match": {
            "path": proxied.predict_path,
            "headers": [{"name": ":method", "string_match": {"exact": "POST"}}],
            "runtime_fraction": {"default_value": share},
        },
        "route": _forward(),
        "request_headers_to_remove": [NOT_CAPTURED],
        "typed_per_filter_config": {"limit": on, "tap": on},
    }


def _all() -> dict[str, Any]:
    return {"match": {"prefix": "/"}, "route": _forward()}


def _forward() -> dict[str, Any]:
    return {"cluster": "server", "timeout": "0s"}


def _limit(per_second: float) -> dict[str, Any]:
    """Nothing is refused: what is above the limit is marked."""
    return _typed(
        "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="capture",
        token_bucket={
            "max_tokens": max(1, math.floor(per_second)),
            "tokens_per_fill": max(1, round(per_second / 10)) if per_second > 10 else 1,
            "fill_interval": f"{_interval(per_second):.3f}s",
        },
        filter_enabled={"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
        filter_enforced={"default_value": {"numerator": 0, "denominator": "HUNDRED"}},
        request_headers_to_add_when_not_enforced=[
            {"header": {"key": NOT_CAPTURED, "value": "1"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        ],
    )


def _interval(per_second: float) -> float:
    """Between two fills; Envoy takes 50 ms at least."""
    return max(1, round(per_second / 10)) / per_second if per_second > 10 else 1 / per_second


def _tap() -> dict[str, Any]:
    return _typed(
        "envoy.extensions.filters.http.tap.v3.Tap",
        common_config={"admin_config": {"config_id": LISTENER}},
        record_headers_received_time=True,
    )


def _server(port: int) -> dict[str, Any]:
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "name": "server",
        "type": "STATIC",
        "connect_timeout": "5s",
        "per_connection_buffer_limit_bytes": _BUFFER_BYTES,
        # How many requests at once are too many is the server's to say.
        "circuit_breakers": {
            "thresholds": [{"max_connections": _MOST, "max_pending_requests": _MOST, "max_requests": _MOST}]
        },
        "typed_extension_protocol_options": {
            options: _typed(
                options,
                common_http_protocol_options={"idle_timeout": f"{_SERVER_IDLE_SECONDS}s"},
                explicit_http_config={"http_protocol_options": {}},
            )
        },
        "load_assignment": {
            "cluster_name": "server",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(_LOCAL, port)}}]}],
        },
    }


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


def _typed(name: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"{_TYPES}/{name}", **fields}


def _named(name: str, typed: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "typed_config": typed}
