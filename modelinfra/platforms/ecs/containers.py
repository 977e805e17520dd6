"""What containers of tasks have in common, in the cloud and on devices. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

RESTARTED: Final = {"enabled": True, "restartAttemptPeriod": 60}
"""By the agent beside it, so that it happens while ECS is out of reach, too."""


def logged(group: str, region: str, prefix: str) -> dict[str, Any]:
    """A `logConfiguration`. A log service that does not answer, or a device whose link is down, must not stop the container."""
    options = {
        "awslogs-group": group,
        "awslogs-region": region,
        "awslogs-stream-prefix": prefix,
        "mode": "non-blocking",
        "max-buffer-size": "25m",
    }
    return {"logDriver": "awslogs", "options": options}


def logged_beside(logs: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The `logConfiguration` of another container of the same task. logs: of the first."""
    return {**logs, "options": {**logs["options"], "awslogs-stream-prefix": prefix}}
