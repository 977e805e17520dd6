"""API keys of machine clients, each in a Secret of the endpoint's namespace that the gateway reads."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from typing import Any, Final

import pulumi

from modelinfra import naming
from modelinfra.options.authentication import generations

_RANDOM_BYTES: Final = 32

_LONGEST_NAME: Final = 253
"""Kubernetes: names of Secrets (RFC 1123 subdomains)."""

_NOT_DRAWN: Final = "drawn in the deployment"


def secret_of(endpoint: str, client: str, generation: int) -> str:
    """Of the Secret of one key."""
    return naming.shortened(f"{endpoint}-key-{client}-{generation}", _LONGEST_NAME)


def content(endpoint: str, client: str, generation: int) -> dict[str, Any]:
    """What is in it: whose key it is -> the key.

    Envoy Gateway drops the second of two keys of one name (1.9.0, buildAPIKeyAuth), so the generation is in it.
    Each deployment draws another one, and the caller must ignore that: the first is the key for good. A preview draws none, so
    that two previews of one program say the same.
    """
    drawn = _NOT_DRAWN if pulumi.runtime.is_dry_run() else secrets.token_urlsafe(_RANDOM_BYTES)
    # Who finds a key somewhere can tell whose it is.
    key = base64.b64encode(f"{endpoint}-{client}-{generation}-{drawn}".encode()).decode()
    return {f"{client}-{generation}": pulumi.Output.secret(key)}


def valid(exposure: Any) -> Iterator[tuple[str, int]]:
    """Client and generation of every key that is valid, by validated options."""
    auth = exposure.auth
    for client, key in sorted(((auth.api_keys if auth is not None else None) or {}).items()):
        yield from ((client, generation) for generation in generations(key))
