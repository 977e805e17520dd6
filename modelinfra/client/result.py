"""An answer of an asynchronous endpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """body: as the server answered. content_type: its media type."""

    body: bytes
    content_type: str

    def json(self) -> Any:
        """The body as JSON. Raises ValueError where it is none."""
        return json.loads(self.body)
