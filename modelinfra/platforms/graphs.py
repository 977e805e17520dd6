"""What the graphs of an endpoint's dashboard are called, whoever draws them."""

from __future__ import annotations

from typing import Final

REQUESTS: Final = "Requests a minute"
ERROR_SHARE: Final = "Answered with 5xx, percent"
TIMES: Final = "Seconds to answer"
REPLICAS: Final = "Replicas"
SATURATION: Final = "Processor and memory, percent"
WRONG: Final = "Answers that went wrong, a minute"

PERCENTILES: Final = ("p50", "p95", "p99")
"""Of the times to answer."""


def promised(slo: object) -> dict[str, float]:
    """Lines across the times to answer, in seconds. slo: validated options, or None."""
    found = {name: getattr(slo, f"{name}_latency_ms", None) for name in ("p95", "p99")}
    return {f"{name} promised": most / 1000 for name, most in found.items() if most is not None}
