"""The worker's world is the client's, too."""

from __future__ import annotations

from tests.worker.conftest import aws, world

__all__ = ["aws", "world"]
