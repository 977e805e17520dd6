"""A stand-in cloud that the real Pulumi engine deploys to: state, names, replacement, drift and failures like AWS's."""

from __future__ import annotations

from modelinfra.testing.cloud.cloud import StandInCloud
from modelinfra.testing.cloud.provider import serve
from modelinfra.testing.cloud.store import Thing

__all__ = ["StandInCloud", "Thing", "serve"]
