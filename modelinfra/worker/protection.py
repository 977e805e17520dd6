"""Task scale-in protection: while this task works, ECS takes others away first, and lets it finish.

ECS developer guide, "Amazon ECS task scale-in protection endpoint": the agent sets ECS_AGENT_URI in every container. Without it (on a
machine of a developer) there is nothing to protect from.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Final

import urllib3

# Beside the request: the agent is asked again long before this is over.
_MARGIN_MINUTES: Final = 20


class Protection:
    """on: what ECS was told last."""

    def __init__(self, agent: str, longest_request_seconds: int, say: Callable[[str], None]) -> None:
        self._agent, self._say = agent, say
        self._minutes = math.ceil(longest_request_seconds / 60) + _MARGIN_MINUTES
        self._pool = urllib3.PoolManager(
            retries=urllib3.Retry(2, redirect=0), timeout=urllib3.Timeout(connect=2, read=5)
        )
        self.on = False

    def set(self, on: bool) -> None:
        """Tell ECS, unless it knows. A refusal is said and no more: at worst a message is worked on twice."""
        if on == self.on or not self._agent:
            return
        state = {"ProtectionEnabled": on, **({"ExpiresInMinutes": self._minutes} if on else {})}
        try:
            answer = self._pool.request(
                "PUT",
                f"{self._agent}/task-protection/v1/state",
                body=json.dumps(state),
                headers={"Content-Type": "application/json"},
            )
        except urllib3.exceptions.HTTPError as error:
            self._say(f"the agent did not take the task's protection ({type(error).__name__})")
            return
        if answer.status != 200:
            self._say(f"the agent did not take the task's protection: {answer.status} {answer.data[:300]!r}")
            return
        self.on = on
