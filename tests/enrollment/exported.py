"""What `pulumi stack export` writes of a stack with a deployed fleet, as far as `modelinfra fleet` reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_TYPE = "modelinfra:index:EdgeFleet"


def write_state(file: Path, enrollment: Mapping[str, Any]) -> Path:
    """The file. enrollment: the output of the fleet."""
    urn = f"urn:pulumi:prod::edge::{_TYPE}::prod-stores"
    resource = {"urn": urn, "type": _TYPE, "custom": False, "outputs": {"enrollment": dict(enrollment)}}
    file.write_text(json.dumps({"version": 3, "deployment": {"resources": [resource]}}))
    return file
