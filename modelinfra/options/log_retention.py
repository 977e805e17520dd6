"""How long CloudWatch Logs can keep log lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelinfra.options.problems import Problem

LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""What CloudWatch Logs accepts (API reference, PutRetentionPolicy)."""


def retention_is_one_that_cloudwatch_knows(logs: Mapping[str, Any]) -> Iterable[Problem]:
    """A rule for every declaration with `retention_days`."""
    days = logs["retention_days"]
    if days is not None and days not in LOG_RETENTION_DAYS:
        nearest = min(LOG_RETENTION_DAYS, key=lambda offered: abs(offered - days))
        yield Problem("retention_days", "CloudWatch Logs does not offer this retention", f"Write {nearest}.", days)
